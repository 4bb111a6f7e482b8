//! Every number with decimals in the prose of a page is derived from the tables of the pages, or said to be given.
//!
//! After the sentences, before the next heading or table, a comment has a line for each:
//!
//! ```text
//! <!-- numbers
//! 0.87 = paper-tables: Tables 1 | 10 & initial | difference
//! given: 0.45, 0.06
//! -->
//! ```
//!
//! The expressions are those of [`crate::cell`]. Given are settings and words of the paper; code, link targets and the numbers of sections and
//! equations are no prose.

use crate::cell::Tables;

const OPENING: &str = "<!-- numbers";
const CLOSING: &str = "-->";

/// Complaints about the page, each with its line, and how many numbers were derived.
pub(crate) fn check(text: &str, tables: &Tables) -> (Vec<String>, usize) {
    let (mut complaints, mut derived) = (Vec::new(), 0);
    let mut waiting: Vec<(usize, String)> = Vec::new();
    let (mut is_source, mut in_fence, mut in_block) = (false, false, false);
    let (mut table, mut in_code) = (String::new(), false);
    // Numbers that a comment named, to see which of them no sentence has.
    let mut named: Vec<String> = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let trimmed = line.trim();
        if is_source {
            if trimmed == CLOSING {
                is_source = false;
                complaints
                    .extend(waiting.drain(..).filter(|(_, found)| !named.contains(found)).map(|(line, found)| unsourced(line, &found)));
                continue;
            }
            if let Err(problem) = source(trimmed, &waiting, tables, &mut table, &mut named, &mut derived) {
                complaints.push(format!("{number}: {problem}"));
            }
            continue;
        }
        in_fence ^= trimmed.starts_with("```");
        in_code &= !trimmed.is_empty();
        let opens_block = trimmed.starts_with("<!-- results:");
        in_block = (in_block || opens_block) && trimmed != "<!-- /results -->";
        if trimmed == OPENING {
            (is_source, named) = (true, Vec::new());
        } else if opens_block || trimmed.starts_with('#') && !in_fence {
            complaints.extend(waiting.drain(..).map(|(line, found)| unsourced(line, &found)));
        } else if !in_fence && !in_block {
            waiting.extend(decimals(line, &mut in_code).into_iter().map(|found| (number, found)));
        }
    }
    complaints.extend(waiting.into_iter().map(|(line, found)| unsourced(line, &found)));
    if is_source {
        complaints.push(format!("a comment `{OPENING}` is never closed"));
    }
    (complaints, derived)
}

fn unsourced(line: usize, found: &str) -> String {
    format!("{line}: nothing says where {found} comes from, expected it in `{OPENING}` below")
}

/// Reads one line of a comment.
fn source(
    line: &str,
    waiting: &[(usize, String)],
    tables: &Tables,
    table: &mut String,
    named: &mut Vec<String>,
    derived: &mut usize,
) -> Result<(), String> {
    let given = line.strip_prefix("given:").map(|list| list.split(',').map(|one| one.trim().to_owned()).collect::<Vec<_>>());
    let (numbers, expression) = match (given, line.split_once('=')) {
        (Some(numbers), _) => (numbers, None),
        (None, Some((found, expression))) => (vec![found.trim().to_owned()], Some(expression)),
        (None, None) => return Err(format!("`{line}` is neither `NUMBER = EXPRESSION` nor `given: NUMBER, ...`")),
    };
    for found in &numbers {
        if !waiting.iter().any(|(_, waiting)| waiting == found) {
            return Err(format!("{found} stands in no sentence above"));
        }
        named.push(found.clone());
    }
    let Some(expression) = expression else { return Ok(()) };
    let (value, cells) = tables.value(expression, table)?;
    *derived += 1;
    let found = &numbers[0];
    let digits = found.split_once('.').map_or(0, |(_, digits)| digits.len());
    // Half a unit of the last digit; cells are rounded too, which counts where several of them are taken together.
    let slack = 0.5 * 0.1_f64.powi(i32::try_from(digits).unwrap_or(0)) + if cells > 1 { 0.01 } else { 0.0 } + 1e-9;
    match found.parse::<f64>() {
        Ok(said) if (said - value.abs()).abs() <= slack => Ok(()),
        _ => Err(format!("{found} is {:.*} by `{}`", digits + 2, value.abs(), expression.trim())),
    }
}

/// The numbers with decimals in a line of prose; `in_code` is whether it begins, and then ends, inside backticks.
fn decimals(line: &str, in_code: &mut bool) -> Vec<String> {
    let prose = without_code_and_targets(line, in_code);
    let mut found = Vec::new();
    let mut before = String::new();
    for piece in prose.split_inclusive(|sign: char| !(sign.is_ascii_digit() || sign == '.')) {
        let number = piece.trim_end_matches(|sign: char| !sign.is_ascii_digit());
        let is_decimal = number.split_once('.').is_some_and(|(whole, digits)| {
            !whole.is_empty() && !digits.is_empty() && [whole, digits].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
        });
        let is_cited = before.ends_with("Section ") || before.ends_with("Eq. (");
        if is_decimal && !is_cited {
            found.push(number.to_owned());
        }
        before.push_str(piece);
    }
    found
}

/// The line without what stands in backticks and without the targets of links.
fn without_code_and_targets(line: &str, in_code: &mut bool) -> String {
    let words: String = line.split('`').skip(usize::from(*in_code)).step_by(2).collect::<Vec<_>>().join(" ");
    *in_code ^= line.matches('`').count() % 2 == 1;
    let mut prose = String::new();
    for (index, piece) in words.split("](").enumerate() {
        prose.push_str(if index == 0 { piece } else { piece.split_once(')').map_or("", |(_, rest)| rest) });
    }
    prose
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block;

    const BLOCK: &str = "<!-- results: results/all.json -->\n**All**\n\n| method | accuracy % |\n|:--|--:|\n| initial | 92.47 ± 0.48 |\n\
                         | l2 | 93.32 ± 0.09 |\n<!-- /results -->\n";

    fn complaints(prose: &str) -> Vec<String> {
        let text = format!("{BLOCK}{prose}");
        let mut tables = Tables::default();
        block::find(&text).unwrap().iter().for_each(|block| tables.add(block));
        check(&text, &tables).0
    }

    #[test]
    fn a_page_whose_numbers_are_derived_or_given_has_no_complaint() {
        let prose = "L2 has 93.3 %, 0.9 points more,\nwith 0.45.\n<!-- numbers\n93.3 = all | l2 | accuracy %\n0.9 = | l2 | accuracy % - | initial | accuracy %\n\
                     given: 0.45\n-->\n";
        assert_eq!(complaints(prose), [""; 0]);
    }

    #[test]
    fn a_number_without_a_source_is_named_with_its_line() {
        let expected = ["9: nothing says where 93.3 comes from, expected it in `<!-- numbers` below"];
        assert_eq!(complaints("L2 has 93.3 %.\n"), expected);
        assert_eq!(complaints("L2 has 93.3 %.\n# Next\n<!-- numbers\n-->\n"), expected, "a heading ends the sentences");
        assert_eq!(complaints("L2 has 93.3 %.\n<!-- numbers\n-->\n"), expected);
        assert_eq!(complaints(&format!("L2 has 93.3 %.\n{BLOCK}")), expected, "so does a table");
    }

    #[test]
    fn a_number_that_does_not_follow_is_named_with_what_does() {
        let wrong = |line: &str| complaints(&format!("L2 has 93.4 %.\n<!-- numbers\n{line}\n-->\n")).remove(0);
        assert_eq!(wrong("93.4 = all | l2 | accuracy %"), "11: 93.4 is 93.320 by `all | l2 | accuracy %`");
        assert_eq!(wrong("93.4 = all | l3 | accuracy %"), "11: no row `l3` with `accuracy %` in `all`");
        assert_eq!(wrong("93.5 = all | l2 | accuracy %"), "11: 93.5 stands in no sentence above");
        assert_eq!(wrong("given: 93.5"), "11: 93.5 stands in no sentence above");
        assert_eq!(wrong("93.4"), "11: `93.4` is neither `NUMBER = EXPRESSION` nor `given: NUMBER, ...`");
        assert_eq!(complaints("<!-- numbers\n"), ["a comment `<!-- numbers` is never closed"]);
    }

    #[test]
    fn code_targets_and_citations_are_no_prose() {
        let decimals = |line: &str| decimals(line, &mut false);
        assert_eq!(decimals("with `--rule x=0.5` [see 1.5](page-2.5.md), 3.5 and U(-0.5, 0.25)."), ["1.5", "3.5", "0.5", "0.25"]);
        assert_eq!(decimals("Section 4.1 says, Eq. (4.1) too, Section 4.1.2 at 84.76 %, 60,000 and 5."), ["84.76"]);
        assert_eq!(complaints("```\n1.5\n```\n"), [""; 0]);
        assert_eq!(complaints("with `a=1.5\nb=2.5` and `c=3.5`\n"), [""; 0], "backticks may close on the next line");
        assert_eq!(complaints("a lone ` and\n\n1.5\n").len(), 1, "but not in the next paragraph");
    }
}

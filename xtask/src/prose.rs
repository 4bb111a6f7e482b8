//! Every number with decimals in the prose of a page is derived from the tables of the pages, or said to be given.
//!
//! After the sentences, before the next heading or table, a comment has a line for each; a number that stands there twice has two:
//!
//! ```text
//! <!-- numbers
//! 0.87 = paper-tables: Tables 1 | 10 & initial | difference
//! -2.3 = paper-tables: Tables 9 | 100 & bdnn-dsd | difference
//! given: 0.45, 0.06
//! -->
//! ```
//!
//! The expressions are those of [`crate::cell`]; the sign is that of the expression, which a sentence may put in words (*below*). Given are settings
//! and words of the paper. Code, link targets and the numbers of sections and equations are no prose. What no such check sees is whether a
//! sentence says the right thing of its number: *within 0.63 points* names one cell, not that the others are smaller.

use crate::block::{LoneMarker, Part, is_fence, parts};
use crate::cell::Tables;

const OPENING: &str = "<!-- numbers";
const CLOSING: &str = "-->";

/// Complaints about the page, each with its line, and how many numbers were derived.
pub(crate) fn check(text: &str, tables: &Tables) -> Result<(Vec<String>, usize), LoneMarker> {
    let mut page = Page { tables, waiting: Vec::new(), table: String::new(), complaints: Vec::new(), derived: 0 };
    let (mut in_fence, mut in_code) = (false, false);
    let mut comment = None;
    let mut number = 0;
    for part in parts(text)? {
        number += 1;
        let line = match part {
            Part::Line(line) => line.trim(),
            Part::Block { block, .. } => {
                page.end_of_sentences();
                number += block.body.lines().count() + 1;
                continue;
            }
        };
        match line {
            CLOSING if comment.is_some() => {
                comment = None;
                page.end_of_sentences();
            }
            _ if comment.is_some() => {
                let problem = page.source(line).err();
                page.complaints.extend(problem.map(|problem| format!("{number}: {problem}")));
            }
            _ if is_fence(line) => in_fence = !in_fence,
            _ if in_fence => {}
            OPENING => (comment, page.table) = (Some(number), String::new()),
            _ if line.starts_with('#') => page.end_of_sentences(),
            _ => {
                in_code &= !line.is_empty();
                page.waiting.extend(decimals(line, &mut in_code).into_iter().map(|found| (number, found)));
            }
        }
    }
    page.end_of_sentences();
    page.complaints.extend(comment.map(|number| format!("{number}: this comment is never closed by a line `{CLOSING}`")));
    Ok((page.complaints, page.derived))
}

struct Page<'a> {
    tables: &'a Tables,
    /// Numbers of sentences, with their lines, that no comment has named yet.
    waiting: Vec<(usize, String)>,
    /// What an expression without a table means.
    table: String,
    complaints: Vec<String>,
    derived: usize,
}

impl Page<'_> {
    fn end_of_sentences(&mut self) {
        let unnamed = self.waiting.drain(..);
        self.complaints.extend(
            unnamed.map(|(line, found)| format!("{line}: nothing says where {found} comes from, expected a line in `{OPENING}` below")),
        );
    }

    /// Reads one line of a comment.
    fn source(&mut self, line: &str) -> Result<(), String> {
        if let Some(list) = line.strip_prefix("given:") {
            return list.split(',').try_for_each(|found| self.name(found.trim()));
        }
        let (found, expression) =
            line.split_once('=').ok_or_else(|| format!("`{line}` is neither `NUMBER = EXPRESSION` nor `given: NUMBER, ...`"))?;
        let (found, expression) = (found.trim(), expression.trim());
        self.name(found.trim_start_matches('-'))?;
        let value = self.tables.value(expression, &mut self.table)?;
        self.derived += 1;
        let digits = found.split_once('.').map_or(0, |(_, digits)| digits.len());
        // Half a unit of the last digit.
        let slack = 0.5 * 0.1_f64.powi(i32::try_from(digits).unwrap_or(0)) + 1e-9;
        match found.parse::<f64>() {
            Ok(said) if (said - value).abs() <= slack => Ok(()),
            _ => Err(format!("{found} is {value:.*} by `{expression}`", digits + 2)),
        }
    }

    /// Takes one number of the sentences as named.
    fn name(&mut self, found: &str) -> Result<(), String> {
        let place = self.waiting.iter().position(|(_, waiting)| waiting == found);
        let place = place.ok_or_else(|| format!("{found} stands in no sentence above, or not so often"))?;
        self.waiting.remove(place);
        Ok(())
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
        check(&text, &tables).unwrap().0
    }

    #[test]
    fn a_page_whose_numbers_are_derived_or_given_has_no_complaint() {
        let prose = "L2 has 93.3 %, 0.9 points more,\nwith 0.45; without it 0.9 points less.\n<!-- numbers\n93.3 = all | l2 | accuracy %\n\
                     0.9 = | l2 | accuracy % - | initial | accuracy %\n-0.9 = | initial | accuracy % - | l2 | accuracy %\ngiven: 0.45\n-->\n";
        assert_eq!(complaints(prose), [""; 0]);
    }

    #[test]
    fn a_number_without_a_source_is_named_with_its_line() {
        let expected = ["9: nothing says where 93.3 comes from, expected a line in `<!-- numbers` below"];
        assert_eq!(complaints("L2 has 93.3 %.\n"), expected);
        assert_eq!(complaints("L2 has 93.3 %.\n# Next\n<!-- numbers\n-->\n"), expected, "a heading ends the sentences");
        assert_eq!(complaints("L2 has 93.3 %.\n<!-- numbers\n-->\n"), expected);
        assert_eq!(complaints(&format!("L2 has 93.3 %.\n{BLOCK}")), expected, "so does a table");
        let twice = "L2 has 93.3 %, and 93.3 %.\n<!-- numbers\n93.3 = all | l2 | accuracy %\n-->\n";
        assert_eq!(complaints(twice), expected, "one line is for one number");
        assert_eq!(complaints(&format!("{BLOCK}93.3\n"))[0].split(':').next(), Some("17"), "lines of blocks count");
    }

    #[test]
    fn a_number_that_does_not_follow_is_named_with_what_does() {
        let wrong = |line: &str| complaints(&format!("L2 has 93.4 %.\n<!-- numbers\n{line}\n-->\n")).remove(0);
        assert_eq!(wrong("93.4 = all | l2 | accuracy %"), "11: 93.4 is 93.320 by `all | l2 | accuracy %`");
        assert_eq!(wrong("-93.4 = all | l2 | accuracy %"), "11: -93.4 is 93.320 by `all | l2 | accuracy %`");
        assert_eq!(wrong("93.4 = all | l3 | accuracy %"), "11: no row `l3` with `accuracy %` in `all`");
        assert_eq!(wrong("93.4 = | l2 | accuracy %"), "11: no table ``", "each comment names its table");
        assert_eq!(wrong("93.5 = all | l2 | accuracy %"), "11: 93.5 stands in no sentence above, or not so often");
        assert_eq!(wrong("given: 93.4, 93.4"), "11: 93.4 stands in no sentence above, or not so often");
        assert_eq!(wrong("93.4"), "11: `93.4` is neither `NUMBER = EXPRESSION` nor `given: NUMBER, ...`");
        assert_eq!(complaints("<!-- numbers\n"), ["9: this comment is never closed by a line `-->`"]);
    }

    #[test]
    fn code_targets_and_citations_are_no_prose() {
        let found = |line: &str| decimals(line, &mut false);
        assert_eq!(found("with `--rule x=0.5` [see 1.5](page-2.5.md), 3.5 and U(-0.5, 0.25)."), ["1.5", "3.5", "0.5", "0.25"]);
        assert_eq!(found("Section 4.1 says, Eq. (4.1) too, Section 4.1.2 at 84.76 %, 60,000 and 5."), ["84.76"]);
        for fence in ["```", "~~~"] {
            assert_eq!(complaints(&format!("{fence}\n1.5 <!-- results: x -->\n<!-- results: x -->\n{fence}\n")), [""; 0]);
            assert_eq!(complaints(&format!("{fence}\n1.5\n{fence}\n2.5\n")).len(), 1, "what follows is prose");
        }
        assert_eq!(complaints("with `a=1.5\nb=2.5` and `c=3.5`\n"), [""; 0], "backticks may close on the next line");
        assert_eq!(complaints("a lone ` and\n\n1.5\n").len(), 1, "but not in the next paragraph");
    }
}

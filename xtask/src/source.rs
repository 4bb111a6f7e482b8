//! Rust source with comments and literals blanked out, so that a word in a comment is not taken for
//! code.

/// Replaces every comment, string and character literal with spaces; line breaks stay, so line
/// numbers hold.
pub(crate) fn code_only(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let length = literal_or_comment(&chars, at);
        if length == 0 {
            code.push(chars[at]);
            at += 1;
        } else {
            let end = (at + length).min(chars.len());
            code.extend(
                chars[at..end]
                    .iter()
                    .map(|&c| if c == '\n' { '\n' } else { ' ' }),
            );
            at = end;
        }
    }
    code
}

/// The words of the code: runs of letters, digits and `_`.
pub(crate) fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
}

/// The number of characters of the literal or comment that starts at `at`, or 0 when there is none.
fn literal_or_comment(chars: &[char], at: usize) -> usize {
    match (chars[at], chars.get(at + 1)) {
        ('/', Some('/')) => chars[at..].iter().take_while(|&&c| c != '\n').count(),
        ('/', Some('*')) => block_comment(&chars[at..]),
        ('"', _) => quoted(&chars[at..], '"'),
        // 'a' and '\n' are characters, 'a without a second quote is a lifetime.
        ('\'', Some('\\')) => quoted(&chars[at..], '\''),
        ('\'', _) if chars.get(at + 2) == Some(&'\'') => 3,
        ('r', Some('"' | '#')) if starts_raw_string(chars, at) => raw_string(&chars[at..]),
        _ => 0,
    }
}

/// Block comments nest.
fn block_comment(chars: &[char]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn quoted(chars: &[char], quote: char) -> usize {
    let mut at = 1;
    while at < chars.len() && chars[at] != quote {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// `r"` and `r#"` start a raw string, alone or after `b` or `c`; the `r` at the end of a name and
/// `r#name` do not.
fn starts_raw_string(chars: &[char], at: usize) -> bool {
    let is_name = |place: Option<usize>| {
        place
            .and_then(|i| chars.get(i))
            .is_some_and(|c| c.is_alphanumeric() || *c == '_')
    };
    let prefixed = at > 0 && matches!(chars[at - 1], 'b' | 'c') && !is_name(at.checked_sub(2));
    let hashes = chars[at + 1..].iter().take_while(|&&c| c == '#').count();
    (prefixed || !is_name(at.checked_sub(1))) && chars.get(at + 1 + hashes) == Some(&'"')
}

fn raw_string(chars: &[char]) -> usize {
    let hashes = chars[1..].iter().take_while(|&&c| c == '#').count();
    let mut at = hashes + 2;
    while at < chars.len() {
        if chars[at] == '"' && chars[at + 1..].iter().take_while(|&&c| c == '#').count() >= hashes {
            return at + 1 + hashes;
        }
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(text: &str) -> Vec<String> {
        words(&code_only(text)).map(str::to_owned).collect()
    }

    #[test]
    fn comments_are_blank_even_when_they_nest() {
        assert_eq!(
            kept("a // gone\nb /* gone /* gone */ gone */ c"),
            ["a", "b", "c"]
        );
    }

    #[test]
    fn strings_and_characters_are_blank_but_lifetimes_stay() {
        assert_eq!(kept(r#"a("gone \" gone", 'x', '\'', '"') b"#), ["a", "b"]);
        assert_eq!(
            kept("fn f<'a>(x: &'a str) { 'q' }"),
            ["fn", "f", "a", "x", "a", "str"]
        );
    }

    #[test]
    fn raw_strings_end_only_at_their_own_hashes() {
        assert_eq!(kept("a r##\"gone \"# gone\"## b"), ["a", "b"]);
        assert_eq!(kept("a br\"gone\\\" b"), ["a", "b", "b"]);
        assert_eq!(kept("r#type for_r b"), ["r", "type", "for_r", "b"]);
    }

    #[test]
    fn line_breaks_stay_so_that_line_numbers_hold() {
        let text = "a\n/* b\nc */ \"d\ne\"\nf";
        assert_eq!(code_only(text).lines().count(), text.lines().count());
    }

    #[test]
    fn unfinished_literals_end_with_the_text() {
        for text in ["\"open", "/* open", "r#\"open", "'\\", "\"\\"] {
            assert_eq!(code_only(text).trim(), "", "{text}");
        }
    }
}

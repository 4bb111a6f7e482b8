//! Text of others (file names, class names) made harmless for terminals and shells.

use std::borrow::Cow;

use spinet::lab::is_harmful;

/// The text with control characters and characters that turn the writing direction escaped; line
/// ends stay.
pub(crate) fn without_controls(text: &str) -> Cow<'_, str> {
    if text.chars().any(|c| c != '\n' && is_harmful(c)) {
        Cow::Owned(escaped(text, |c| c != '\n' && is_harmful(c)))
    } else {
        text.into()
    }
}

/// The same, on one line.
pub(crate) fn on_one_line(text: &str) -> String {
    escaped(text, is_harmful)
}

/// Longest text of a table's cell, such as a class name: longer ones are shown by their beginning.
const MAX_SHOWN: usize = 40;

/// The same, and only the beginning of what is long: a cell of a file may hold a whole book, and
/// columns padded to its width would be as wide.
pub(crate) fn shortened(text: &str) -> String {
    let line = on_one_line(text);
    match line.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}

fn escaped(text: &str, is_harmful: impl Fn(char) -> bool) -> String {
    text.chars()
        .fold(String::with_capacity(text.len()), |mut text, c| {
            if is_harmful(c) {
                text.extend(c.escape_default());
            } else {
                text.push(c);
            }
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_codes_are_shown_and_letters_of_all_languages_kept() {
        assert_eq!(
            without_controls("a\u{1b}[31mred\nb\r"),
            "a\\u{1b}[31mred\nb\\r"
        );
        assert_eq!(without_controls("Straße 数字 🦀"), "Straße 数字 🦀");
        assert_eq!(on_one_line("a\nb\u{202e}c"), "a\\nb\\u{202e}c");
    }

    #[test]
    fn long_text_is_shown_by_its_beginning_whatever_it_consists_of() {
        assert_eq!(shortened("oak\n"), "oak\\n");
        assert_eq!(shortened(&"ä".repeat(40)), "ä".repeat(40));
        let long = shortened(&"ä\u{202e}".repeat(33_000));
        assert!(
            long.chars().count() == 43 && long.ends_with("..."),
            "{long}"
        );
    }
}

//! Text from records, made safe for figures and reports: nothing in it can become an element, an
//! attribute or a change of direction.

/// Whether a character has no place in a text that is shown: control characters (line ends and tabs
/// too), marks that change the direction of writing, so that a text looks like another, and what
/// XML does not allow.
pub fn is_harmful(character: char) -> bool {
    let is_mark = matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}');
    character.is_control() || is_mark || matches!(character, '\u{fffe}' | '\u{ffff}')
}

/// The text with U+FFFD in place of harmful characters; line ends and tabs stay.
pub(crate) fn harmless(text: &str) -> String {
    let is_kept = |character| matches!(character, '\n' | '\t') || !is_harmful(character);
    text.chars()
        .map(|character| {
            if is_kept(character) {
                character
            } else {
                char::REPLACEMENT_CHARACTER
            }
        })
        .collect()
}

/// The text for the content of an element in HTML or XML.
pub(crate) fn escaped(text: &str) -> String {
    maud::html! { (harmless(text)) }.into_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_stays_that_html_reads_as_markup_or_that_turns_the_text_round() {
        assert_eq!(
            escaped("<b a=\"1\" c='2'>&\u{0}\u{1b}\u{202e}\n"),
            "&lt;b a=&quot;1&quot; c='2'&gt;&amp;\u{fffd}\u{fffd}\u{fffd}\n"
        );
        assert_eq!(
            escaped("a\u{61c}b\u{206a}c\u{ffff}d\r\te\u{85}"),
            "a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}\te\u{fffd}"
        );
        assert_eq!(escaped("79.3 ± 0.2 µ"), "79.3 ± 0.2 µ");
    }
}

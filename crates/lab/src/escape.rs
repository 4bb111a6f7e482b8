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

/// The text for the content or a quoted attribute of an element in HTML or XML.
pub(crate) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in harmless(text).chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            character => safe.push(character),
        }
    }
    safe
}

/// The same, with what is between backticks as code; a text whose backticks do not pair keeps them.
pub(crate) fn prose(text: &str) -> String {
    if !text.matches('`').count().is_multiple_of(2) {
        return escaped(text);
    }
    let parts = text.split('`').enumerate();
    parts
        .map(|(index, part)| {
            if index % 2 == 0 {
                escaped(part)
            } else {
                format!("<code>{}</code>", escaped(part))
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_stays_that_html_reads_as_markup_or_that_turns_the_text_round() {
        assert_eq!(
            escaped("<b a=\"1\" c='2'>&\u{0}\u{1b}\u{202e}\n"),
            "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;\u{fffd}\u{fffd}\u{fffd}\n"
        );
        assert_eq!(
            escaped("a\u{61c}b\u{206a}c\u{ffff}d\r\te\u{85}"),
            "a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}\te\u{fffd}"
        );
        assert_eq!(escaped("79.3 ± 0.2 µ"), "79.3 ± 0.2 µ");
    }

    #[test]
    fn backticks_in_pairs_are_code_and_others_stay() {
        assert_eq!(
            prose("by `spinet <x>`."),
            "by <code>spinet &lt;x&gt;</code>."
        );
        assert_eq!(prose("5` of <arc>"), "5` of &lt;arc&gt;");
    }
}

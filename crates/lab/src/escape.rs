//! Text from records, made safe: nothing in it can become an element, an attribute or a change of direction.

/// The text for an element's content or a quoted attribute; control characters that HTML has no place for become U+FFFD.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\n' | '\t' => safe.push(character),
            // Marks that turn the direction of what follows make a text look like another.
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => safe.push(char::REPLACEMENT_CHARACTER),
            character if character.is_control() => safe.push(char::REPLACEMENT_CHARACTER),
            character => safe.push(character),
        }
    }
    safe
}

/// The same, with what stands between backticks as code; a text whose backticks do not pair keeps them.
pub(super) fn prose(text: &str) -> String {
    if !text.matches('`').count().is_multiple_of(2) {
        return escaped(text);
    }
    let parts = text.split('`').enumerate();
    parts.map(|(index, part)| if index % 2 == 0 { escaped(part) } else { format!("<code>{}</code>", escaped(part)) }).collect()
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
        assert_eq!(escaped("79.3 ± 0.2 µ"), "79.3 ± 0.2 µ");
    }

    #[test]
    fn backticks_in_pairs_are_code_and_others_stay() {
        assert_eq!(prose("by `spinet <x>`."), "by <code>spinet &lt;x&gt;</code>.");
        assert_eq!(prose("5` of <arc>"), "5` of &lt;arc&gt;");
    }
}

//! Pieces of the report's HTML. The templates escape every text; what has no place in a shown text
//! is taken out of the whole page at its end.

use maud::{Markup, PreEscaped, html};

/// A box in which something wide scrolls, for the mouse and for the keyboard.
pub(crate) fn scroll(label: &str, content: &Markup) -> Markup {
    html! { div.scroll role="region" tabindex="0" aria-label=(label) { (content) } "\n" }
}

/// A cell without a value says so.
pub(crate) fn filled(value: &str) -> Markup {
    html! { @if value.is_empty() { span.none { "–" } } @else { (value) } }
}

/// The text with what is between backticks as code; a text whose backticks do not pair keeps them.
pub(crate) fn prose(text: &str) -> Markup {
    let is_paired = text.matches('`').count().is_multiple_of(2);
    let parts = text.split(|c| is_paired && c == '`').enumerate();
    html! {
        @for (index, part) in parts {
            @if index % 2 == 0 { (part) } @else { code { (part) } }
        }
    }
}

/// Points as a list.
pub(crate) fn list(points: &[String]) -> Markup {
    html! { ul { @for point in points { li { (prose(point)) } "\n" } } }
}

/// A command to copy; a long one is wrapped, which copying undoes.
pub(crate) fn code(command: &str) -> Markup {
    html! { "\n" pre { code { (command) } } "\n" }
}

/// A drawing with its words; what cannot be drawn says why.
pub(crate) fn figure<E: std::fmt::Display>(
    drawing: Result<(String, String), E>,
    label: &str,
    is_wide: bool,
) -> Markup {
    match drawing {
        Ok((svg, description)) => html! {
            figure class=[is_wide.then_some("wide")] {
                div class="scroll surface" role="region" tabindex="0" aria-label=(label) {
                    (PreEscaped(svg))
                }
                figcaption { (description) "." }
            }
        },
        Err(error) => html! { p { (label) " cannot be drawn: " (error) "." } },
    }
}

#[cfg(test)]
mod tests {
    use super::prose;

    #[test]
    fn paired_backticks_are_code() {
        assert_eq!(
            prose("by `spinet <x>`.").into_string(),
            "by <code>spinet &lt;x&gt;</code>."
        );
        assert_eq!(prose("5` of <arc>").into_string(), "5` of &lt;arc&gt;");
    }
}

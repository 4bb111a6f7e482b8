//! Counts as people read them.

/// `1234567` as `1,234,567`.
pub fn thousands(count: u64) -> String {
    grouped(&count.to_string())
}

/// A number with commas between the thousands of what is before its point.
pub(crate) fn grouped(number: &str) -> String {
    let whole = number.find('.').unwrap_or(number.len());
    let mut text = String::with_capacity(number.len() + number.len() / 3);
    for (index, digit) in number.char_indices() {
        if index > 0 && index < whole && (whole - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with its noun.
pub(crate) fn plural(count: usize, noun: &str) -> String {
    format!(
        "{} {noun}{}",
        thousands(count as u64),
        if count == 1 { "" } else { "s" }
    )
}

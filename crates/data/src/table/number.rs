//! Cells as numbers, dates, or missing.

/// Words for a missing cell, in any case.
const MISSING: [&[u8]; 7] = [b"?", b"na", b"n/a", b"#n/a", b"nan", b"-nan", b"null"];

/// Whether a cell without the space around it says that its value is missing.
pub(super) fn is_missing(cell: &[u8]) -> bool {
    cell.is_empty() || cell.len() <= 4 && MISSING.iter().any(|word| cell.eq_ignore_ascii_case(word))
}

/// How numbers are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Decimal {
    /// `1234.5`, `1,234.5`
    #[default]
    Point,
    /// `1234,5`, `1.234,5`
    Comma,
}

/// A number in plain notation, with a decimal point; infinity is one.
pub(super) fn plain(cell: &[u8]) -> Option<f64> {
    let first = cell.first()?;
    // Only these may begin a number; `nan` is missing, `inf` and `infinity` are told apart later.
    if !(first.is_ascii_digit() || b"+-.iI".contains(first)) {
        return None;
    }
    let digits = if *first == b'+' { &cell[1..] } else { cell };
    if *first == b'+' && matches!(digits.first(), Some(b'+' | b'-')) {
        return None;
    }
    fast_float2::parse(digits)
        .ok()
        .filter(|number: &f64| !number.is_nan())
}

/// A number as people write them: also with a decimal comma, or separators between thousands.
pub(super) fn number(cell: &[u8], decimal: Decimal) -> Option<f64> {
    let has_point = cell.contains(&b'.');
    let plain = plain(cell).filter(|_| decimal == Decimal::Point || !has_point);
    plain.or_else(|| grouped(cell, decimal))
}

/// A number with separators between thousands, or a decimal comma.
fn grouped(cell: &[u8], decimal: Decimal) -> Option<f64> {
    let (point, mark) = match decimal {
        Decimal::Point => (b'.', b','),
        Decimal::Comma => (b',', b'.'),
    };
    let text = std::str::from_utf8(cell).ok()?;
    // A no-break space, also a narrow one, is a space.
    let text = text.replace(['\u{a0}', '\u{202f}', '\u{2009}'], " ");
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(&text);
    let (whole, rest) = match unsigned.find(char::from(point)) {
        Some(at) => (&unsigned[..at], &unsigned[at + 1..]),
        None => (unsigned, ""),
    };
    let separator = whole.chars().find(|c| !c.is_ascii_digit());
    let whole = match separator {
        None => whole.to_owned(),
        Some(c) if c == char::from(mark) || c == ' ' || c == '\'' => {
            let mut groups = whole.split(c);
            let first = groups.next()?;
            let is_good = (1..=3).contains(&first.len())
                && first.bytes().all(|byte| byte.is_ascii_digit())
                && groups.all(|group| {
                    group.len() == 3 && group.bytes().all(|byte| byte.is_ascii_digit())
                });
            if !is_good {
                return None;
            }
            whole.replace(c, "")
        }
        Some(_) => return None,
    };
    if !rest
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b"eE+-".contains(&byte))
    {
        return None;
    }
    let sign = if text.starts_with('-') { "-" } else { "" };
    plain(format!("{sign}{whole}.{rest}").as_bytes())
}

/// What a cell says about the decimal mark of its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Evidence {
    /// `1.5`
    Point,
    /// `1,5`
    Comma,
    /// `1,234`: thousands, or a decimal comma.
    Either,
}

/// What this cell says about the decimal mark, if anything.
pub(super) fn evidence(cell: &[u8]) -> Option<Evidence> {
    let has_point = cell.contains(&b'.');
    let commas = super::lines::count(cell, b',');
    match (has_point, commas) {
        (true, 0) => plain(cell).map(|_| Evidence::Point),
        (false, 1..) => match (number(cell, Decimal::Point), number(cell, Decimal::Comma)) {
            (Some(_), Some(_)) => Some(Evidence::Either),
            (Some(_), None) => Some(Evidence::Point),
            (None, Some(_)) => Some(Evidence::Comma),
            (None, None) => None,
        },
        (true, 1..) => match (number(cell, Decimal::Point), number(cell, Decimal::Comma)) {
            (Some(_), None) => Some(Evidence::Point),
            (None, Some(_)) => Some(Evidence::Comma),
            _ => None,
        },
        _ => None,
    }
}

/// The days since 1970 of a date: `2012-01-31`, `2012/01/31`, `31.01.2012`, `20120131T...` is not
/// one; a time may follow after a space or `T`.
pub(super) fn date(cell: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(cell).ok()?;
    let (day, time) = match text.find([' ', 'T']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let mark = day.chars().find(|c| !c.is_ascii_digit())?;
    let mut parts = day.split(mark);
    let parts = [
        parts.next()?,
        parts.next()?,
        parts.next()?,
        parts.next().unwrap_or(""),
    ];
    let number = |text: &str, width: &[usize]| -> Option<i64> {
        let is_good = width.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        is_good.then(|| text.parse().ok()).flatten()
    };
    let (year, month, day) = match mark {
        '-' | '/' => (parts[0], parts[1], parts[2]),
        '.' => (parts[2], parts[1], parts[0]),
        _ => return None,
    };
    let (year, month, day) = (
        number(year, &[4])?,
        number(month, &[1, 2])?,
        number(day, &[1, 2])?,
    );
    if !parts[3].is_empty() || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let seconds = match time {
        None => 0.0,
        Some(time) => seconds(time)?,
    };
    Some(days(year, month, day) as f64 + seconds / 86_400.0)
}

/// The seconds of a time: `12:30`, `12:30:59`, `12:30:59.5Z`.
fn seconds(time: &str) -> Option<f64> {
    let time = time.strip_suffix('Z').unwrap_or(time);
    let mut parts = time.split(':');
    let hour = parts
        .next()?
        .parse::<u32>()
        .ok()
        .filter(|hour| *hour < 24)?;
    let minute = parts
        .next()?
        .parse::<u32>()
        .ok()
        .filter(|minute| *minute < 60)?;
    let second = match parts.next() {
        None => 0.0,
        Some(text) => plain(text.as_bytes()).filter(|second| (0.0..61.0).contains(second))?,
    };
    parts
        .next()
        .is_none()
        .then_some(f64::from(hour * 3600 + minute * 60) + second)
}

/// Days from 1970-01-01 in the Gregorian calendar: years begin in March, so that the leap day is
/// the last of one, and 400 years have 146,097 days.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_standard_library_to_the_bit() {
        for text in [
            "-1.5",
            "+2e3",
            ".5",
            "5.",
            "1E-2",
            "0",
            "-0",
            "0.1",
            "1e308",
            "4.9e-324",
            "1.7976931348623157e308",
            "123456789012345678",
            "9007199254740993",
            "2.2250738585072011e-308",
        ] {
            assert_eq!(
                plain(text.as_bytes()).map(f64::to_bits),
                Some(text.parse::<f64>().unwrap().to_bits()),
                "{text}"
            );
        }
        assert_eq!(plain(b"inf"), Some(f64::INFINITY));
        assert_eq!(plain(b"1e999"), Some(f64::INFINITY));
        for text in [
            "", "nan", "1x", "0x10", "1_000", "--1", "++1", "+-1", "e5", ".", "+", "1e", "1 2",
        ] {
            assert_eq!(plain(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn decimal_commas_and_thousands_are_read() {
        let read = |text: &str, decimal| number(text.as_bytes(), decimal);
        for (text, point, comma) in [
            ("1,5", None, Some(1.5)),
            ("-1,25e2", None, Some(-125.0)),
            ("1,234", Some(1234.0), Some(1.234)),
            ("1,234.5", Some(1234.5), None),
            ("1.234,5", None, Some(1234.5)),
            ("12.345", Some(12.345), Some(12_345.0)),
            ("12.34", Some(12.34), None),
            ("1 234 567", Some(1_234_567.0), Some(1_234_567.0)),
            ("1\u{202f}234,5", None, Some(1234.5)),
            ("1'234.5", Some(1234.5), None),
            ("12,34,567", None, None),
            ("1,2,3", None, None),
            (",", None, None),
            ("7", Some(7.0), Some(7.0)),
        ] {
            assert_eq!(
                (read(text, Decimal::Point), read(text, Decimal::Comma)),
                (point, comma),
                "{text}"
            );
        }
    }

    #[test]
    fn a_cell_says_what_the_decimal_mark_is() {
        for (text, expected) in [
            ("1.5", Some(Evidence::Point)),
            ("1,5", Some(Evidence::Comma)),
            ("1,234", Some(Evidence::Either)),
            ("1,234,567", Some(Evidence::Point)),
            ("1.234,5", Some(Evidence::Comma)),
            ("12", None),
            ("oak, ash", None),
        ] {
            assert_eq!(evidence(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn missing_cells_are_known_by_their_words() {
        for text in ["", "?", "NA", "nan", "NaN", "N/A", "null"] {
            assert!(is_missing(text.as_bytes()), "{text}");
        }
        for text in ["0", "none", "no", "NAN1", "-"] {
            assert!(!is_missing(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn dates_are_days_since_1970() {
        // date -u -d 2012-02-29 +%s divided by 86400.
        for (text, expected) in [
            ("1970-01-01", Some(0.0)),
            ("2012/02/29", Some(15_399.0)),
            ("29.2.2012", Some(15_399.0)),
            ("1969-12-31", Some(-1.0)),
            ("2012-02-29 12:00", Some(15_399.5)),
            ("2012-02-29T18:00:00Z", Some(15_399.75)),
            ("2012-13-01", None),
            ("1.5", None),
            ("2012", None),
            ("2012-02", None),
            ("2012-02-29x", None),
            ("2012-02-29 25:00", None),
        ] {
            assert_eq!(date(text.as_bytes()), expected, "{text}");
        }
    }
}

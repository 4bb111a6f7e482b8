//! Limits on texts that are parsed whole: their length, and the memory that parsing takes.
//!
//! A parser builds what a text says, and few bytes can say much: in TOML, `a.a.a.a = 1` is a table
//! in a table in a table, and 20 MB of that took 3 GB. What a text *weighs* is an upper estimate of
//! the memory, from its signs alone and before anything is built. A text of a format with the limit
//! `L` may weigh `L` and 16 MiB, so that text and contents together take at most 16 MiB and twice
//! the limit.

/// Maximum size in bytes of a file of settings, or of a sweep.
pub const MAX_SETTINGS: u64 = 1 << 20;
/// Maximum size in bytes of a record, and of any other text of the program itself.
pub const MAX_RECORD: u64 = 256 << 20;

/// What a reader needs beside its input and what that may weigh.
const BASE: u64 = 16 << 20;

/// How a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notation {
    /// Settings.
    Toml,
    /// Records, descriptions and evaluations.
    Json,
}

impl Notation {
    /// Rejects a text that is too long or would take too much memory; `limit` is in bytes.
    ///
    /// # Errors
    ///
    /// What was found and what was expected, in words.
    pub fn check(self, text: &str, limit: u64) -> Result<(), String> {
        if text.len() as u64 > limit {
            return Err(format!(
                "file has {} bytes, expected at most {limit}",
                text.len()
            ));
        }
        let (weight, most) = (self.weight(text), limit + BASE);
        if weight > most {
            return Err(format!(
                "file has so many elements that parsing it may take {weight} bytes of memory, expected at most {most}"
            ));
        }
        Ok(())
    }

    /// Bytes of memory that the contents of this text take while it is parsed, as an upper
    /// estimate.
    pub fn weight(self, text: &str) -> u64 {
        match self {
            Self::Toml => toml(text.as_bytes()),
            Self::Json => json(text.as_bytes()),
        }
    }
}

/// A sign may begin a key or a value, and every word and every space is a token of the parser.
fn toml(text: &[u8]) -> u64 {
    const SIGN: u64 = 640;
    const TOKEN: u64 = 64;
    const BYTE: u64 = 8;
    let mut weight = BYTE * text.len() as u64;
    let mut last = 0;
    for byte in text {
        weight += match byte {
            b'.' | b'=' | b',' | b'[' | b'{' => SIGN,
            b'\n' => 2 * TOKEN,
            _ if is_blank(*byte) == is_blank(last) && !b".=,[{\n".contains(&last) => 0,
            _ => TOKEN,
        };
        last = *byte;
    }
    weight
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r')
}

/// A comma or colon is followed by a value, a list grows by doubling, and a map has room for eleven
/// entries from its first.
fn json(text: &[u8]) -> u64 {
    const MAP: u64 = 1024;
    const VALUE: u64 = 96;
    /// Where its place is read by more than one type it is kept beside the list that it becomes.
    const NUMBER: u64 = 64;
    /// Of a text, which is built in a buffer that grows, or copied into a message.
    const CHARACTER: u64 = 4;
    let mut weight = 0;
    let mut bytes = text.iter().enumerate();
    while let Some((index, byte)) = bytes.next() {
        weight += match byte {
            b'"' => {
                let mut length = 0;
                while let Some((_, byte)) = bytes.next().filter(|(_, byte)| **byte != b'"') {
                    length += if *byte == b'\\' && bytes.next().is_some() {
                        2
                    } else {
                        1
                    };
                }
                CHARACTER * length
            }
            b'{' => MAP,
            b'[' => VALUE,
            b',' | b':' => {
                let next = text[index + 1..]
                    .iter()
                    .find(|byte| !byte.is_ascii_whitespace());
                if next.is_some_and(|byte| byte.is_ascii_digit() || *byte == b'-') {
                    NUMBER
                } else {
                    VALUE
                }
            }
            _ => 0,
        };
    }
    weight
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_too_long_or_has_too_many_parts_is_refused_with_both_numbers() {
        assert_eq!(Notation::Toml.check("seed = 1\n", 9), Ok(()));
        assert_eq!(
            Notation::Toml.check("seed = 10\n", 9).unwrap_err(),
            "file has 10 bytes, expected at most 9"
        );
        let nested = format!("a{}=1", ".a".repeat(50_000));
        let message = Notation::Toml.check(&nested, MAX_SETTINGS).unwrap_err();
        assert!(
            message.ends_with("bytes of memory, expected at most 17825792"),
            "{message}"
        );
        // Ten thousand seeds, and a file of comments.
        let seeds = format!("seeds = {:?}\n", (0..10_000).collect::<Vec<_>>());
        assert_eq!(Notation::Toml.check(&seeds, MAX_SETTINGS), Ok(()));
        let words = "# what was tried before and why it was given up\n".repeat(400);
        assert_eq!(Notation::Toml.check(&words, MAX_SETTINGS), Ok(()));
        let maps = format!("[{}{{}}]", "{},".repeat(500_000));
        assert!(Notation::Json.check(&maps, MAX_RECORD).is_err());
        let numbers = format!("[{}0]", "12345,".repeat(1_000_000));
        assert_eq!(Notation::Json.check(&numbers, MAX_RECORD), Ok(()));
    }

    #[test]
    fn signs_inside_of_a_json_text_weigh_nothing() {
        let weight = |text: &str| Notation::Json.weight(text);
        assert_eq!(weight("\",,{[\""), 4 * 4);
        assert_eq!(weight(r#""\",,{[""#), 4 * 6);
        assert_eq!(weight("\"never closed"), 4 * 12);
    }
}

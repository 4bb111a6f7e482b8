//! Text as rows of cells: separators, quotes, blank lines and comments.

use std::borrow::Cow;

/// What separates cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Separator {
    Byte(u8),
    /// Any number of spaces and tabs.
    Space,
}

impl Separator {
    #[inline]
    fn is(self, byte: u8) -> bool {
        match self {
            Self::Byte(separator) => byte == separator,
            Self::Space => byte == b' ' || byte == b'\t',
        }
    }
}

pub(super) type Text<'a> = Cow<'a, [u8]>;

/// Why a quoted cell cannot be read, with the line in which it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BadQuote {
    pub(super) line: u64,
    pub(super) found: &'static str,
}

/// Text that is still to be read.
pub(super) struct Lines<'a> {
    pub(super) rest: &'a [u8],
    pub(super) separator: Separator,
    /// Of the next cell, counted from 1.
    pub(super) line: u64,
    /// Comment lines that were skipped.
    pub(super) comments: u64,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a [u8], separator: Separator) -> Self {
        Self {
            rest: text,
            separator,
            line: 1,
            comments: 0,
        }
    }

    /// Skips blank lines and comments, which begin with `#`; whether a row follows.
    #[inline]
    pub(super) fn start_row(&mut self) -> bool {
        loop {
            match self.rest.first() {
                None => return false,
                Some(b'0'..=b'9' | b'-' | b'"') => return true,
                Some(b'#') => self.comments += 1,
                Some(_) => {
                    let end = line_end(self.rest);
                    if !self.rest[..end].iter().all(u8::is_ascii_whitespace) {
                        if self.separator == Separator::Space {
                            self.rest = self.rest.trim_ascii_start();
                        }
                        return true;
                    }
                }
            }
            let end = line_end(self.rest);
            self.rest = self.rest.get(end + 1..).unwrap_or_default();
            self.line += 1;
        }
    }

    /// The cells of the next row, and its line; none if there is no other row.
    pub(super) fn next(&mut self, cells: &mut Vec<Text<'a>>) -> Result<Option<u64>, BadQuote> {
        cells.clear();
        if !self.start_row() {
            return Ok(None);
        }
        let line = self.line;
        loop {
            let (cell, is_last) = self.cell()?;
            cells.push(cell);
            if is_last {
                return Ok(Some(line));
            }
        }
    }

    /// Takes one cell without the space around it; whether it is the last of its row.
    pub(super) fn cell(&mut self) -> Result<(Text<'a>, bool), BadQuote> {
        let cell = if self.quote_follows() {
            self.quoted()?
        } else {
            let separator = self.separator;
            let end = self
                .rest
                .iter()
                .position(|byte| separator.is(*byte) || *byte == b'\n')
                .unwrap_or(self.rest.len());
            let cell = self.rest[..end].trim_ascii();
            self.rest = &self.rest[end..];
            Cow::Borrowed(cell)
        };
        Ok((cell, self.end_cell()))
    }

    /// Whether a quoted cell is next, with or without spaces before it.
    fn quote_follows(&mut self) -> bool {
        let spaces = self.rest.iter().take_while(|byte| **byte == b' ').count();
        let is_quoted = self.rest.get(spaces) == Some(&b'"');
        if is_quoted {
            self.rest = &self.rest[spaces..];
        }
        is_quoted
    }

    /// Takes the separator or the end of the line; whether it is the latter.
    #[inline]
    pub(super) fn end_cell(&mut self) -> bool {
        if self.separator == Separator::Space {
            let spaces = self
                .rest
                .iter()
                .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
                .count();
            self.rest = &self.rest[spaces..];
            if !matches!(self.rest.first(), None | Some(b'\n')) {
                return false;
            }
        }
        match self.rest.split_first() {
            None => {
                self.line += 1;
                true
            }
            Some((byte, rest)) => {
                self.rest = rest;
                let is_end = *byte == b'\n';
                self.line += u64::from(is_end);
                is_end
            }
        }
    }

    /// What stands in quotes; leaves the separator or the end of the line as the next byte.
    fn quoted(&mut self) -> Result<Text<'a>, BadQuote> {
        let start = self.line;
        let refuse = |found| Err(BadQuote { line: start, found });
        let text = &self.rest[1..];
        let (mut at, mut has_doubled) = (0, false);
        let end = loop {
            match text[at..].iter().position(|byte| *byte == b'"') {
                None => return refuse("not closed"),
                Some(place) if text.get(at + place + 1) == Some(&b'"') => {
                    at += place + 2;
                    has_doubled = true;
                }
                Some(place) => break at + place,
            }
        };
        let (cell, after) = (&text[..end], &text[end + 1..]);
        let spaces = after
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\r') && !self.separator.is(**byte))
            .count();
        let after = &after[spaces..];
        if after
            .first()
            .is_some_and(|byte| !self.separator.is(*byte) && *byte != b'\n')
        {
            return refuse("followed by more text");
        }
        self.line += count(cell, b'\n') as u64;
        self.rest = after;
        if !has_doubled {
            return Ok(Cow::Borrowed(cell));
        }
        let mut single = Vec::with_capacity(cell.len());
        let mut is_second = false;
        for byte in cell {
            is_second = *byte == b'"' && !is_second;
            if !is_second {
                single.push(*byte);
            }
        }
        Ok(Cow::Owned(single))
    }
}

/// Where the line ends that the text begins with.
fn line_end(text: &[u8]) -> usize {
    text.iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(text.len())
}

pub(super) fn count(bytes: &[u8], wanted: u8) -> usize {
    bytes.iter().map(|byte| usize::from(*byte == wanted)).sum()
}

/// How much of a text, which begins with a row, is whole rows.
pub(super) fn whole_rows(text: &[u8], separator: Separator) -> usize {
    if !text.contains(&b'"') {
        return text
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
    }
    let (mut whole, mut at, mut is_start) = (0, 0, true);
    while at < text.len() {
        match text[at] {
            b'\n' => {
                whole = at + 1;
                is_start = true;
            }
            b' ' if is_start => {}
            b'#' if at == whole => {
                at += line_end(&text[at..]);
                continue;
            }
            b'"' if is_start => {
                // To the quote that is not doubled; a doubled one opens the next part.
                match text[at + 1..].iter().position(|byte| *byte == b'"') {
                    None => return whole,
                    Some(end) => {
                        at += end + 1;
                        is_start = text.get(at + 1) == Some(&b'"');
                    }
                }
            }
            byte => is_start = separator.is(byte),
        }
        at += 1;
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str, separator: Separator) -> Result<Vec<(u64, Vec<String>)>, BadQuote> {
        let (mut lines, mut cells, mut rows) = (
            Lines::new(text.as_bytes(), separator),
            Vec::new(),
            Vec::new(),
        );
        while let Some(line) = lines.next(&mut cells)? {
            let texts = cells
                .iter()
                .map(|cell| String::from_utf8(cell.to_vec()).unwrap());
            rows.push((line, texts.collect()));
        }
        Ok(rows)
    }

    #[test]
    fn blank_lines_and_comments_are_no_rows_but_lines() {
        let found = rows(
            "\n# about\na,b\n  \n1, 2 \r\n#3,4\n5,6",
            Separator::Byte(b','),
        )
        .unwrap();
        let expected = [(3, ["a", "b"]), (5, ["1", "2"]), (7, ["5", "6"])];
        assert_eq!(
            found,
            expected.map(|(line, cells)| (line, cells.map(str::to_owned).to_vec()))
        );
    }

    #[test]
    fn any_number_of_spaces_separates() {
        let found = rows("  a  b\t c \r\n1 \"2 3\" 4\n", Separator::Space).unwrap();
        assert_eq!(found[0].1, ["a", "b", "c"]);
        assert_eq!(found[1].1, ["1", "2 3", "4"]);
    }

    #[test]
    fn quotes_hold_everything_and_may_have_space_around() {
        let found = rows("\"a, \"\"b\"\"\nc\", \"d\" ,e\"f\n", Separator::Byte(b',')).unwrap();
        assert_eq!(
            found,
            [(1, vec!["a, \"b\"\nc".into(), "d".into(), "e\"f".into()])]
        );
        for (text, line, found) in [
            ("1\n\"2", 2, "not closed"),
            ("\"1\"2", 1, "followed by more text"),
        ] {
            assert_eq!(
                rows(text, Separator::Byte(b',')),
                Err(BadQuote { line, found })
            );
        }
    }

    #[test]
    fn a_text_is_cut_behind_a_row_and_never_inside_quotes() {
        let comma = Separator::Byte(b',');
        for (text, whole) in [
            ("1,2\n3,4\n5", 8),
            ("1,2", 0),
            ("1,\"a\nb\"\n2,\"c\n", 8),
            ("1,\"a\"\"\nb\"\n2,\"\"\n", 15),
            ("5\"\n6,\"x\ny\"\n7", 11),
            ("#\"\n1\n2", 5),
            (" \"a\nb\",1\n", 9),
        ] {
            assert_eq!(whole_rows(text.as_bytes(), comma), whole, "{text}");
        }
    }
}

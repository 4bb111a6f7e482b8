//! The text of a header: a dictionary in the syntax of Python.

/// The type as the header says it.
#[derive(Clone, Copy)]
pub(super) enum Descr<'a> {
    Text(&'a [u8]),
    /// A list of named fields.
    Structured,
}

/// The three entries of the header text.
pub(super) struct Fields<'a> {
    pub(super) descr: Descr<'a>,
    pub(super) is_fortran: bool,
    pub(super) shape: Vec<u64>,
}

impl<'a> Fields<'a> {
    /// Reads the text, a dictionary in the syntax of Python; `None` if it is anything else.
    pub(super) fn parse(text: &'a [u8]) -> Option<Self> {
        let mut text = Text(text);
        let (mut descr, mut is_fortran, mut shape) = (None, None, None);
        text.take(b"{")?;
        while text.take(b"}").is_none() {
            let key = text.string()?;
            text.take(b":")?;
            let is_new = match key {
                b"descr" => descr.replace(text.descr()?).is_none(),
                b"fortran_order" => is_fortran.replace(text.boolean()?).is_none(),
                b"shape" => shape.replace(text.tuple()?).is_none(),
                _ => false,
            };
            if !is_new {
                return None;
            }
            if text.take(b",").is_none() {
                text.take(b"}")?;
                break;
            }
        }
        text.skip_space();
        let is_end = text.0.is_empty();
        is_end.then_some(Self {
            descr: descr?,
            is_fortran: is_fortran?,
            shape: shape?,
        })
    }
}

/// The rest of a header text.
struct Text<'a>(&'a [u8]);

impl<'a> Text<'a> {
    fn skip_space(&mut self) {
        self.0 = self.0.trim_ascii_start();
    }

    /// Takes `word` if it comes next.
    fn take(&mut self, word: &[u8]) -> Option<()> {
        self.skip_space();
        self.0 = self.0.strip_prefix(word)?;
        Some(())
    }

    /// A text in single or double quotes, without escapes.
    fn string(&mut self) -> Option<&'a [u8]> {
        self.skip_space();
        let (quote, rest) = self
            .0
            .split_first()
            .filter(|(quote, _)| b"'\"".contains(quote))?;
        let end = rest.iter().position(|byte| byte == quote)?;
        let (text, rest) = (&rest[..end], &rest[end + 1..]);
        self.0 = rest;
        (!text.contains(&b'\\')).then_some(text)
    }

    fn descr(&mut self) -> Option<Descr<'a>> {
        if self.take(b"[").is_none() {
            return self.string().map(Descr::Text);
        }
        // The list itself says nothing that is of use; the entry after it must still be found.
        let mut depth = 1;
        while depth > 0 {
            let (byte, rest) = self.0.split_first()?;
            match byte {
                b'[' | b'(' => depth += 1,
                b']' | b')' => depth -= 1,
                _ => {}
            }
            self.0 = rest;
        }
        Some(Descr::Structured)
    }

    fn boolean(&mut self) -> Option<bool> {
        if self.take(b"True").is_some() {
            return Some(true);
        }
        self.take(b"False").map(|()| false)
    }

    /// At most 32 numbers, as NumPy has at most.
    fn tuple(&mut self) -> Option<Vec<u64>> {
        const MOST: usize = 32;
        let mut numbers = Vec::new();
        self.take(b"(")?;
        while self.take(b")").is_none() {
            self.skip_space();
            let end = self
                .0
                .iter()
                .position(|byte| !byte.is_ascii_digit())
                .filter(|end| *end > 0)?;
            numbers.push(std::str::from_utf8(&self.0[..end]).ok()?.parse().ok()?);
            self.0 = &self.0[end..];
            if numbers.len() > MOST {
                return None;
            }
            if self.take(b",").is_none() {
                self.take(b")")?;
                break;
            }
        }
        Some(numbers)
    }
}

//! The different words of a column, each with a number.

use std::collections::BTreeMap;

/// Words in the order of their first meeting; of a column with more different ones than `most`, the
/// first are kept, and all others are one.
#[derive(Clone, Debug)]
pub(super) struct Words {
    most: usize,
    known: BTreeMap<Vec<u8>, u32>,
    pub(super) list: Vec<Word>,
    /// Whether there were more than are kept.
    pub(super) is_full: bool,
    last: u32,
}

/// A word and the line or row of its first cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: Vec<u8>,
    pub(super) line: u64,
}

impl Words {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            known: BTreeMap::new(),
            list: Vec::new(),
            is_full: false,
            last: 0,
        }
    }

    /// The number of a word.
    pub(super) fn number(&mut self, text: &[u8], line: u64) -> u32 {
        // Neighbors are often equal.
        if self
            .list
            .get(self.last as usize)
            .is_some_and(|word| word.text == text)
        {
            return self.last;
        }
        if let Some(number) = self.known.get(text) {
            self.last = *number;
            return *number;
        }
        let number = self.list.len() as u32;
        if self.list.len() >= self.most {
            self.is_full = true;
            return number;
        }
        self.known.insert(text.to_owned(), number);
        self.list.push(Word {
            text: text.to_owned(),
            line,
        });
        self.last = number;
        number
    }

    /// Takes in the words of a later part, whose lines follow `lines`; the number here of each word
    /// there.
    pub(super) fn merge(&mut self, other: &Self, lines: u64) -> Vec<u32> {
        let mut numbers: Vec<u32> = other
            .list
            .iter()
            .map(|word| self.number(&word.text, word.line + lines))
            .collect();
        if other.is_full {
            self.is_full = true;
            numbers.push(self.list.len() as u32);
        }
        numbers
    }

    /// How many different ones were met, at least.
    pub(super) fn len(&self) -> usize {
        self.list.len() + usize::from(self.is_full)
    }
}

//! Memory that the clones of a set share, taken over from a vector without a copy.

use std::ops::{Deref, Range};
use std::sync::Arc;

/// Elements that are never changed, all of a vector or a range of it; cloning shares them.
#[derive(Clone, Debug)]
pub(crate) struct Shared<T> {
    all: Arc<Vec<T>>,
    range: Range<usize>,
}

impl<T> Shared<T> {
    /// The elements before this place and those from it on, which is within them.
    pub(crate) fn split_at(self, place: usize) -> (Self, Self) {
        let Range { start, end } = self.range;
        let first = Self {
            all: Arc::clone(&self.all),
            range: start..start + place,
        };
        let second = Self {
            all: self.all,
            range: start + place..end,
        };
        (first, second)
    }
}

impl<T: PartialEq> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T> From<Vec<T>> for Shared<T> {
    fn from(elements: Vec<T>) -> Self {
        Self {
            range: 0..elements.len(),
            all: Arc::new(elements),
        }
    }
}

impl<T> Deref for Shared<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.all[self.range.clone()]
    }
}

impl<T> AsRef<[T]> for Shared<T> {
    fn as_ref(&self) -> &[T] {
        self
    }
}

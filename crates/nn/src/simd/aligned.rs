//! Numbers that start on a cache line, so that no vector of a kernel crosses one.

/// Length of a cache line, in bytes.
pub(crate) const LINE: usize = 64;

/// A buffer of zeros whose first number lies on a cache line.
#[derive(Debug, Default)]
pub(crate) struct Aligned<T> {
    numbers: Vec<T>,
    length: usize,
}

impl<T: Copy + Default> Aligned<T> {
    pub(crate) fn zeros(length: usize) -> Self {
        Self {
            numbers: vec![T::default(); length + LINE / size_of::<T>() - 1],
            length,
        }
    }

    fn start(&self) -> usize {
        // A target may not know where memory lies; then the numbers are right and only slower.
        self.numbers
            .as_ptr()
            .align_offset(LINE)
            .min(self.numbers.len() - self.length)
    }

    pub(crate) fn get(&self) -> &[T] {
        let start = self.start();
        &self.numbers[start..start + self.length]
    }

    pub(crate) fn get_mut(&mut self) -> &mut [T] {
        let start = self.start();
        &mut self.numbers[start..start + self.length]
    }
}

impl<T: Copy + Default> Clone for Aligned<T> {
    fn clone(&self) -> Self {
        let mut copy = Self::zeros(self.length);
        if self.length > 0 {
            copy.get_mut().copy_from_slice(self.get());
        }
        copy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_copy_starts_on_a_line_and_holds_the_same_numbers() {
        for length in [1, 64, 100] {
            let mut numbers = Aligned::<u32>::zeros(length);
            numbers.get_mut()[length - 1] = 7;
            let copy = numbers.clone();
            for numbers in [&numbers, &copy] {
                assert_eq!(
                    (numbers.get().len(), numbers.get()[length - 1]),
                    (length, 7)
                );
                assert_eq!(numbers.get().as_ptr().addr() % LINE, 0);
            }
        }
        assert!(Aligned::<u8>::default().numbers.is_empty());
    }
}

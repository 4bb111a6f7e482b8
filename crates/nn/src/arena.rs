//! One allocation for all buffers of a step, each with a place that follows from when it is needed.

use std::ops::Range;

use crate::Real;

/// A buffer: its length, and from when to when it is needed.
#[derive(Clone, Debug)]
pub(crate) struct Buffer {
    pub(crate) length: usize,
    pub(crate) needed: Range<usize>,
}

/// Buffers in one allocation; those that are never needed at once may share numbers.
#[derive(Clone, Debug)]
pub(crate) struct Arena<S> {
    values: Vec<S>,
    places: Vec<Range<usize>>,
}

/// Buffers begin at multiples of so many numbers.
const ALIGNMENT: usize = 16;

impl<S: Real> Arena<S> {
    pub(crate) fn new(buffers: &[Buffer]) -> Self {
        let places = places(buffers);
        let end = places.iter().map(|place| place.end).max().unwrap_or(0);
        Self {
            values: vec![S::ZERO; end],
            places,
        }
    }

    pub(crate) fn get(&self, buffer: usize) -> &[S] {
        &self.values[self.places[buffer].clone()]
    }

    pub(crate) fn get_mut(&mut self, buffer: usize) -> &mut [S] {
        &mut self.values[self.places[buffer].clone()]
    }

    /// Several buffers at once.
    ///
    /// # Panics
    ///
    /// If two of them share numbers.
    pub(crate) fn several<const N: usize>(&mut self, buffers: [usize; N]) -> [&mut [S]; N] {
        let places = buffers.map(|buffer| self.places[buffer].clone());
        self.values
            .get_disjoint_mut(places)
            .unwrap_or_else(|error| {
                panic!("buffers that are needed at once lie apart, but {error}")
            })
    }
}

/// Each buffer at the lowest place that no buffer before it takes at the same time.
fn places(buffers: &[Buffer]) -> Vec<Range<usize>> {
    let mut places: Vec<Range<usize>> = Vec::with_capacity(buffers.len());
    for Buffer { length, needed } in buffers {
        let mut taken: Vec<_> = (places.iter().zip(buffers))
            .filter(|(_, other)| needed.start < other.needed.end && other.needed.start < needed.end)
            .map(|(place, _)| place.clone())
            .collect();
        taken.sort_by_key(|place| place.start);
        let fit = |start: usize, place: Range<usize>| {
            if start + length <= place.start {
                Err(start)
            } else {
                Ok(start.max(end_of(&place)))
            }
        };
        let start = match taken.into_iter().try_fold(0, fit) {
            Ok(start) | Err(start) => start,
        };
        places.push(start..start + length);
    }
    places
}

/// Where the next buffer may begin: some cache lines on, so that equal places of buffers whose
/// length is a multiple of a page do not meet in the same lines of the cache.
fn end_of(place: &Range<usize>) -> usize {
    place.end.next_multiple_of(ALIGNMENT) + 5 * ALIGNMENT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_that_are_needed_at_once_lie_apart_and_others_share() {
        let mut stream = spinet_rules::Stream::new(3, spinet_rules::Purpose::Noise, 0);
        for _ in 0..200 {
            let mut draw = |below: u32| stream.below(below) as usize;
            let buffers: Vec<_> = (0..12)
                .map(|_| {
                    let (length, start) = (1 + draw(50), draw(10));
                    Buffer {
                        length,
                        needed: start..start + 1 + draw(6),
                    }
                })
                .collect();
            let places = places(&buffers);
            for (index, (a, place)) in buffers.iter().zip(&places).enumerate() {
                assert_eq!((place.len(), place.start % ALIGNMENT), (a.length, 0));
                for (b, other) in buffers[..index].iter().zip(&places) {
                    let at_once = a.needed.start < b.needed.end && b.needed.start < a.needed.end;
                    assert!(
                        !at_once || place.end <= other.start || other.end <= place.start,
                        "{buffers:?}: {places:?}"
                    );
                }
            }
        }
        // Of a chain of outputs two are needed at once.
        let chain: Vec<_> = (0..10)
            .map(|layer| Buffer {
                length: 32,
                needed: layer..layer + 2,
            })
            .collect();
        assert!(places(&chain).iter().map(|place| place.end).max() < Some(3 * 32 + 80));
    }

    #[test]
    fn several_buffers_are_had_at_once() {
        let mut arena = Arena::<f64>::new(&[
            Buffer {
                length: 3,
                needed: 0..2,
            },
            Buffer {
                length: 5,
                needed: 1..2,
            },
        ]);
        let [a, b] = arena.several([1, 0]);
        (a[4], b[0]) = (1.0, 2.0);
        assert_eq!((arena.get(0), arena.get(1)[4]), (&[2.0, 0.0, 0.0][..], 1.0));
    }
}

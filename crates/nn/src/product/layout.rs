//! How the factors of a product lie in memory.

/// How a row-major slice is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// As it lies: `[rows, columns]`.
    Plain,
    /// As its transpose: the slice is `[columns, rows]`.
    Transposed,
}

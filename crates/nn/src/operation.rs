//! What layers compute at evaluation, in words that other programs have too: for export.

/// One computation of a layer. Those of a layer follow one another, and its activation function
/// comes after the last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Operation {
    /// `W x + b`, with a weight `[units, inputs]` and a bias `[units]` if there are any. The numbers
    /// of a plane come in the order `[height, width, units]`.
    Dense,
    /// A convolution with a weight `[units, kernel, kernel, channels]` and a bias `[units]` if there
    /// is one.
    Convolution {
        /// Edge of the kernel, in places.
        kernel: usize,
        /// Places from an output place to the next.
        stride: usize,
        /// Zeros around the image on each side.
        padding: usize,
    },
    /// Batch normalization by the running statistics, with scale and shift `[units]`.
    BatchNorm {
        /// Added to the variance.
        epsilon: f64,
    },
    /// The maximum or the mean of each unit over windows of places.
    Pool {
        /// Whether it is the maximum.
        is_max: bool,
        /// Height and width of the window.
        window: [usize; 2],
        /// Places from a window to the next.
        stride: usize,
    },
    /// Adds the output of the layer at this place, counted from 0.
    Add {
        /// That layer.
        from: usize,
    },
    /// The numbers of a plane as one row, in the order `[height, width, units]`.
    Flatten,
}

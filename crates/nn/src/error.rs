//! Errors in a network's configuration.

/// Why a network or its threads could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Fewer than two sizes.
    #[error("a network needs at least an input and an output size, found {found} sizes")]
    TooFewSizes {
        /// How many sizes were given.
        found: usize,
    },
    /// More classes than a label can represent.
    #[error("a network has at most {most} classes, found {found}")]
    TooManyClasses {
        /// Classes asked for.
        found: usize,
        /// The largest number.
        most: usize,
    },
    /// A layer without units.
    #[error("layer {layer} has 0 units, expected at least 1 (layer 0 is the input)")]
    EmptyLayer {
        /// Which size; 0 is the input.
        layer: usize,
    },
    /// More weights than this engine supports.
    #[error("layer {layer} would have {outputs} x {inputs} weights, expected at most 1000000000")]
    TooLarge {
        /// The layer, counted from 1.
        layer: usize,
        /// Units.
        outputs: usize,
        /// Weights of a unit.
        inputs: usize,
    },
    /// An initializer's width outside its range.
    #[error("initializer `{initializer}` must have a width in (0, 1e30), but it is {found:?}")]
    InitializerRange {
        /// Name.
        initializer: &'static str,
        /// The width given.
        found: f64,
    },
    /// No initializer has this name.
    #[error(
        "unknown initializer `{found}`, expected uniform(A), clamped-uniform(A,B), normal(S), xavier, glorot-sigmoid, he or fan-in"
    )]
    UnknownInitialiser {
        /// The text given.
        found: String,
    },
    /// No layer type has this name.
    #[error("unknown layer `{found}`, expected one of {expected}{hint}")]
    UnknownLayer {
        /// The name given.
        found: String,
        /// The names known.
        expected: String,
        /// The nearest known name, if one is close, as a hint.
        hint: String,
    },
    /// Options of a layer.
    #[error(transparent)]
    Layer(#[from] spinet_rules::Error),
    /// Layers whose units differ from the sizes.
    #[error("`layers` have {found:?} units, but the hidden sizes are {expected:?}")]
    LayersMismatch {
        /// Units of the layers.
        found: Vec<usize>,
        /// The sizes between input and output.
        expected: Vec<usize>,
    },
    /// An image of another size than the input.
    #[error(
        "an image of {} x {} x {} has another size than the input, which has {expected} numbers",
        found[0], found[1], found[2]
    )]
    ImageMismatch {
        /// Height, width and channels.
        found: [usize; 3],
        /// Numbers of a sample.
        expected: usize,
    },
    /// A layer that does not fit on what is below it.
    #[error("layer {layer} ({kind}) expects {expected}, found {found}")]
    Misfit {
        /// The layer, counted from 1.
        layer: usize,
        /// Its type.
        kind: &'static str,
        /// What it takes.
        expected: String,
        /// What is there.
        found: String,
    },
    /// An output activation on top of softmax.
    #[error(
        "loss `cross-entropy` applies softmax, so `output_activation` must be identity, but is {found}"
    )]
    OutputActivation {
        /// The activation given.
        found: &'static str,
    },
    /// Arrays that do not match the configuration.
    #[error("layer {layer} (dense): {what} has {found} values, expected {expected}")]
    LengthMismatch {
        /// The layer, counted from 1.
        layer: usize,
        /// The array.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The length that the configuration requires.
        expected: usize,
    },
    /// A kernel that this CPU cannot run.
    #[error(
        "kernel `{kernel}` requires {needs}, which is not available on this machine\n\nhint: `exact` selects the fastest available kernel with the same results, `auto` the fastest of all"
    )]
    NoKernel {
        /// Name.
        kernel: &'static str,
        /// Instructions.
        needs: &'static str,
    },
    /// Zero threads.
    #[error("`threads` must be at least 1, but is 0")]
    NoThreads,
    /// The operating system started no threads.
    #[error("cannot start {count} threads")]
    Threads {
        /// How many were requested.
        count: usize,
        /// Why.
        source: std::io::Error,
    },
}

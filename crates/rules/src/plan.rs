//! What a rule knows about a network before a run: its trained arrays, its signals, and the length
//! of the run.

use crate::Seam;

/// The role of a trained array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamRole {
    /// Weights of the inputs from the layer below.
    Weight,
    /// Recurrent weights: inputs from the layer itself, one time step earlier.
    Recurrent,
    /// Bias, added to the pre-activation of a unit.
    Bias,
    /// Scale of a normalized pre-activation.
    Scale,
    /// Shift of a normalized pre-activation.
    Shift,
    /// Firing threshold of a unit.
    Threshold,
    /// Running mean of a pre-activation, for evaluation: a statistic, which is not trained.
    RunningMean,
    /// Running variance, likewise.
    RunningVariance,
}

impl ParamRole {
    /// All roles.
    pub const ALL: [Self; 8] = [
        Self::Weight,
        Self::Recurrent,
        Self::Bias,
        Self::Scale,
        Self::Shift,
        Self::Threshold,
        Self::RunningMean,
        Self::RunningVariance,
    ];

    /// Its name in files: `weight`, `recurrent`, `bias`, `scale`, `shift`, `threshold`,
    /// `running_mean`, `running_var`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Weight => "weight",
            Self::Recurrent => "recurrent",
            Self::Bias => "bias",
            Self::Scale => "scale",
            Self::Shift => "shift",
            Self::Threshold => "threshold",
            Self::RunningMean => "running_mean",
            Self::RunningVariance => "running_var",
        }
    }

    /// Whether it connects two units, as synapses do.
    pub fn is_weight(self) -> bool {
        matches!(self, Self::Weight | Self::Recurrent)
    }

    /// Whether gradient descent changes it; a running statistic only follows the batches.
    pub fn is_trained(self) -> bool {
        !matches!(self, Self::RunningMean | Self::RunningVariance)
    }
}

/// One array of a network as a matrix, `[rows, columns]`, row-major: row `r` belongs to the receiving
/// unit `r % units`, and column `c` comes from the sending unit `c % senders`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParamShape {
    /// Name in files and messages, such as `layer1.weight`.
    pub name: String,
    /// The weighted layer that it belongs to, 0 next to the input.
    pub layer: usize,
    /// Its role.
    pub role: ParamRole,
    /// Rows of the matrix; a bias is a column of them.
    pub rows: usize,
    /// Columns of the matrix.
    pub columns: usize,
    /// Units of its layer.
    pub units: usize,
    /// Units that send through it.
    pub senders: usize,
    /// Numbers of a sample that reach it: `columns` of a dense layer, height x width x channels of
    /// a convolution's input.
    pub inputs: usize,
}

impl ParamShape {
    /// Number of its elements.
    #[allow(
        clippy::len_without_is_empty,
        reason = "a layer without numbers cannot be built"
    )]
    pub fn len(&self) -> usize {
        self.rows * self.columns
    }
}

/// The outputs of a layer: for each sample, `places` rows of `units` numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalShape {
    /// The weighted layer whose units they are, 0 next to the input.
    pub layer: usize,
    /// Units.
    pub units: usize,
    /// Rows of each sample: 1 in a dense layer, height x width in an image, steps in a sequence.
    pub places: usize,
    /// Whether the loss is computed from it; what is not an output is hidden.
    pub is_output: bool,
    /// The incoming weights of these units, by their number in [`Plan::params`].
    pub incoming: Vec<usize>,
    /// Their outgoing weights, likewise.
    pub outgoing: Vec<usize>,
}

/// A layer with one weight matrix, to be added to a [`Plan`].
#[derive(Clone, Copy, Debug)]
pub struct WeightedLayer<'a> {
    /// Units, the rows of the weight matrix.
    pub units: usize,
    /// Columns of the weight matrix.
    pub columns: usize,
    /// Units that send: column `c` comes from the sending unit `c % senders`.
    pub senders: usize,
    /// Numbers of a sample that reach the layer.
    pub inputs: usize,
    /// Rows of the signal for each sample.
    pub places: usize,
    /// Its other arrays, with one number per unit.
    pub per_unit: &'a [ParamRole],
    /// Whether the loss is computed from its signal.
    pub is_output: bool,
}

/// What a rule knows about a run before it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The arrays, from input to output; an array's number is its position here.
    pub params: Vec<ParamShape>,
    /// The signals, from input to output; a signal's number is its position here.
    pub signals: Vec<SignalShape>,
    /// Maximum batch size.
    pub batch: usize,
    /// Random seed of the run.
    pub seed: u64,
    /// Steps per epoch, at least 1.
    pub epoch_steps: u64,
    /// Epochs of the run.
    pub epochs: u64,
}

/// A run without layers and of unlimited length, with batch size 1 and one step per epoch; the
/// caller sets what it needs.
impl Default for Plan {
    fn default() -> Self {
        Self {
            params: Vec::new(),
            signals: Vec::new(),
            batch: 1,
            seed: 0,
            epoch_steps: 1,
            epochs: u64::MAX,
        }
    }
}

impl Plan {
    /// A stack of dense layers with biases: `sizes` are the features, the units of each hidden
    /// layer and the classes.
    ///
    /// ```
    /// let plan = spinet_rules::Plan::dense(&[784, 100, 10]);
    /// let names: Vec<&str> = plan.params.iter().map(|param| param.name.as_str()).collect();
    /// assert_eq!(names, ["layer1.weight", "layer1.bias", "layer2.weight", "layer2.bias"]);
    /// ```
    pub fn dense(sizes: &[usize]) -> Self {
        let mut plan = Self::default();
        for (layer, pair) in sizes.windows(2).enumerate() {
            plan.push_dense(pair[1], pair[0], true, layer + 2 == sizes.len());
        }
        plan
    }

    /// Adds a dense layer on top: its weights, its biases if it has any, and its signal.
    pub fn push_dense(&mut self, units: usize, senders: usize, has_bias: bool, is_output: bool) {
        let below: Vec<usize> = (self.signals.len().checked_sub(1)).into_iter().collect();
        let bias: &[ParamRole] = if has_bias { &[ParamRole::Bias] } else { &[] };
        self.push(
            &WeightedLayer {
                units,
                columns: senders,
                senders,
                inputs: senders,
                places: 1,
                per_unit: bias,
                is_output,
            },
            &below,
        );
    }

    /// Adds a layer with weights on top of these signals.
    pub fn push(&mut self, own: &WeightedLayer<'_>, below: &[usize]) {
        let (layer, weight) = (self.layers(), self.params.len());
        let param = |role: ParamRole, columns, senders, inputs| {
            let name = format!("layer{}.{}", layer + 1, role.name());
            ParamShape {
                name,
                layer,
                role,
                rows: own.units,
                columns,
                units: own.units,
                senders,
                inputs,
            }
        };
        let weights = param(ParamRole::Weight, own.columns, own.senders, own.inputs);
        self.params.push(weights);
        let per_unit = own.per_unit.iter().map(|role| param(*role, 1, 1, 1));
        self.params.extend(per_unit);
        for signal in below {
            self.signals[*signal].outgoing.push(weight);
        }
        self.signals.push(SignalShape {
            layer,
            units: own.units,
            places: own.places,
            is_output: own.is_output,
            incoming: vec![weight],
            outgoing: Vec::new(),
        });
    }

    /// Number of weighted layers.
    pub fn layers(&self) -> usize {
        self.params
            .iter()
            .map(|param| param.layer + 1)
            .max()
            .unwrap_or(0)
    }

    /// The number of a layer's array with this role.
    pub fn param(&self, layer: usize, role: ParamRole) -> Option<usize> {
        self.params
            .iter()
            .position(|param| param.layer == layer && param.role == role)
    }

    /// The numbers of the arrays, or of the signals, of a layer: of what this seam is a place of.
    pub(crate) fn in_layer(&self, seam: Seam, layer: usize) -> impl Iterator<Item = usize> {
        let (params, signals) = (
            self.params.iter().map(|param| param.layer),
            self.signals.iter().map(|signal| signal.layer),
        );
        let layers: Vec<usize> = if seam.is_of_signals() {
            signals.collect()
        } else {
            params.collect()
        };
        layers
            .into_iter()
            .enumerate()
            .filter(move |(_, of)| *of == layer)
            .map(|(id, _)| id)
    }

    /// For each array, how many weight matrices come before it: the index of the random stream of a
    /// weight matrix, so that adding a bias changes no draw.
    pub(crate) fn weight_numbers(&self) -> Vec<u64> {
        let is_weight = |param: &ParamShape| u64::from(param.role.is_weight());
        self.params
            .iter()
            .scan(0, |count, param| {
                Some(std::mem::replace(count, *count + is_weight(param)))
            })
            .collect()
    }

    /// A count for each layer: the sum of those of its weight matrices.
    pub(crate) fn per_layer(&self, mut count: impl FnMut(usize) -> u64) -> Vec<u64> {
        let mut counts = vec![0; self.layers()];
        for (id, param) in self
            .params
            .iter()
            .enumerate()
            .filter(|(_, param)| param.role.is_weight())
        {
            counts[param.layer] += count(id);
        }
        counts
    }

    /// Numbers of all arrays. Sizes are far below what 64 bits hold: a network is checked before it
    /// is planned.
    pub(crate) fn parameters(&self) -> u64 {
        self.params.iter().map(numbers).sum()
    }

    /// Numbers of the largest array.
    pub(crate) fn largest_param(&self) -> u64 {
        self.params.iter().map(numbers).max().unwrap_or(0)
    }

    /// Outputs of the widest signal for a whole batch.
    pub(crate) fn largest_activation(&self) -> u64 {
        let widest = self
            .signals
            .iter()
            .map(|signal| signal.units as u64 * signal.places as u64)
            .max()
            .unwrap_or(0);
        widest.saturating_mul(self.batch as u64)
    }

    /// Numbers of a sample that reach the weighted layers above the first, in all.
    pub(crate) fn inputs(&self) -> u64 {
        let above = |param: &&ParamShape| param.role == ParamRole::Weight && param.layer > 0;
        let inputs = self.params.iter().filter(above);
        inputs.map(|param| param.inputs as u64).sum()
    }

    /// Units of the widest layer.
    pub(crate) fn widest(&self) -> usize {
        self.signals
            .iter()
            .map(|signal| signal.units)
            .max()
            .unwrap_or(0)
    }

    /// Units of the output layer.
    pub(crate) fn classes(&self) -> usize {
        self.signals.last().map_or(0, |signal| signal.units)
    }

    /// The number of completed epochs after this step (counted from 0); none if the step is not the
    /// last of an epoch.
    pub fn epochs_done(&self, step: u64) -> Option<u64> {
        let done = step + 1;
        done.is_multiple_of(self.epoch_steps)
            .then(|| done / self.epoch_steps)
    }
}

fn numbers(param: &ParamShape) -> u64 {
    param.rows as u64 * param.columns as u64
}

/// The trained arrays of a network as they are now, by their number in [`Plan::params`].
pub trait Params<S> {
    /// One array, `[rows, columns]`.
    fn param(&self, id: usize) -> &[S];
}

impl<S, T: AsRef<[S]>> Params<S> for Vec<T> {
    fn param(&self, id: usize) -> &[S] {
        self[id].as_ref()
    }
}

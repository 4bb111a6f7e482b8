//! Brain-inspired learning rules on plain slices.
//!
//! A training step is `forward -> error signals -> gradients -> update`. Every rule acts at one or more
//! places of that step, the [seams](Seam), and implements one hook of the trait [`Rule`] for each; a [`Chain`] runs
//! the rules in their stated order around an [`Optimizer`]. The crate knows nothing of layers, data or training
//! loops: weights are slices, row-major `[out, in]`, and their [`LayerShape`] is all a rule learns of the network.
//!
//! # Example
//!
//! One step of BDNN-dsd on a layer with one unit and three inputs: the second weight is outside its bound.
//!
//! ```
//! use spinet_rules::{At, Chain, LayerShape, Plan, SpineBound, SpineBoundConfig};
//!
//! let plan = Plan { layers: vec![LayerShape { outputs: 1, inputs: 3 }], ..Plan::default() };
//! let rule = SpineBound::<f64>::new(&SpineBoundConfig::default(), &plan)?;
//! let mut chain = Chain::with_gradient_descent(&plan, vec![Box::new(rule)]);
//!
//! let mut weight = [0.2, 0.9, -0.3];
//! let mut grad = [0.5, -1.0, 0.0];
//! let at = At { layer: 0, step: 0 };
//! chain.gradient(at, &weight, &mut grad);
//! chain.update(at, 0.1, &mut weight, &grad);
//! assert_eq!(weight, [0.15000000000000002, 0.45, -0.3]);
//! # Ok::<(), spinet_rules::Error>(())
//! ```

mod adam;
mod chain;
mod drop_connect;
mod dropout;
mod error;
mod feedback_alignment;
mod gradient_descent;
mod grapes;
mod lanes;
mod lasso;
mod layers;
mod magnitude_pruning;
mod max_norm;
mod meprop;
mod momentum;
mod neuroplastic;
mod optimizer;
mod parameter;
mod registry;
mod rms_prop;
mod rule;
mod saved;
mod scalar;
mod sd_snn_bounds;
mod share;
mod spine_bound;
mod stream;
mod synaptic_pruning;
mod weight_decay;

pub use adam::{Adam, AdamConfig, AdamW, AdamWConfig};
pub use chain::Chain;
pub use drop_connect::{DropConnect, DropConnectConfig};
pub use dropout::{Dropout, DropoutConfig, Scaling};
pub use error::{Error, nearest};
pub use feedback_alignment::{FeedbackAlignment, FeedbackAlignmentConfig};
pub use gradient_descent::GradientDescent;
pub use grapes::{Form, Grapes, GrapesConfig, Importance};
pub use lasso::{Lasso, LassoConfig};
pub use layers::Layers;
pub use magnitude_pruning::{Criterion, MagnitudePruning, MagnitudePruningConfig};
pub use max_norm::{MaxNorm, MaxNormConfig};
pub use meprop::{MeProp, MePropConfig};
pub use momentum::{Momentum, MomentumConfig};
pub use neuroplastic::{NeuroPlastic, NeuroPlasticConfig};
pub use optimizer::Optimizer;
pub use parameter::{Parameter, Range, Resolved, RuleSettings, Setting};
pub use registry::{Memory, RULES, Role, RuleEntry, find};
pub use rms_prop::{RmsProp, RmsPropConfig};
pub use rule::{At, BIAS_PREFIX, ErrorSignal, Feedback, LayerShape, Measure, Plan, Propagation, Rule, Seam, StateEntry, StateValues};
pub use scalar::Scalar;
pub use sd_snn_bounds::{SdSnnBounds, SdSnnBoundsConfig};
pub use spine_bound::{Algorithm1, Counting, SpineBound, SpineBoundConfig};
pub use stream::{Purpose, Stream};
pub use synaptic_pruning::{SynapticPruning, SynapticPruningConfig};
pub use weight_decay::{WeightDecay, WeightDecayConfig};

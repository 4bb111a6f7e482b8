//! Brain-inspired learning rules on plain slices.
//!
//! A training step is `forward -> error signals -> gradients -> update`. Every rule acts at one or more
//! places of that step, the [seams](Seam), and implements one hook of the trait [`Rule`] for each; a [`Chain`] runs
//! the rules in their stated order around an [`Optimizer`]. The crate knows nothing of layers, data or training
//! loops: trained arrays and signals are slices, and their shapes in a [`Plan`] are all a rule learns of the network.
//!
//! # Example
//!
//! One step of BDNN-dsd on a layer with one unit and three inputs: the second weight is outside its bound.
//!
//! ```
//! use spinet_rules::{At, BdnnDsd, BdnnDsdConfig, Chain, Plan};
//!
//! let plan = Plan::dense(&[3, 1]);
//! let rule = BdnnDsd::<f64>::new(&BdnnDsdConfig::default(), &plan)?;
//! let mut chain = Chain::with_gradient_descent(&plan, vec![Box::new(rule)]);
//!
//! let mut weight = [0.2, 0.9, -0.3];
//! let mut grad = [0.5, -1.0, 0.0];
//! let at = At { id: 0, step: 0 };
//! chain.gradient(at, &weight, &mut grad);
//! chain.update(at, 0.1, &mut weight, &grad);
//! assert_eq!(weight, [0.15000000000000002, 0.45, -0.3]);
//! # Ok::<(), spinet_rules::Error>(())
//! ```

mod chain;
mod entry;
mod error;
mod lanes;
mod layers;
mod optimizers;
mod parameter;
mod plan;
mod registry;
mod rule;
mod rules;
mod saved;
mod scalar;
mod share;
mod stream;

pub use chain::Chain;
pub use entry::{Buildable, Memory, Role, RuleEntry};
pub use error::{Error, nearest};
pub use layers::Layers;
pub use optimizers::Optimizer;
pub use optimizers::adam::{Adam, AdamConfig, AdamW, AdamWConfig};
pub use optimizers::gradient_descent::GradientDescent;
pub use optimizers::momentum::{Momentum, MomentumConfig};
pub use optimizers::neuroplastic::{NeuroPlastic, NeuroPlasticConfig};
pub use optimizers::rms_prop::{RmsProp, RmsPropConfig};
pub use parameter::{End, Parameter, Range, Resolved, RuleSettings, Setting};
pub use plan::{ParamRole, ParamShape, Params, Plan, SignalShape};
pub use registry::{RULES, find};
pub use rule::{At, Feedback, Measure, Propagation, Rule, Seam, StateEntry, StateValues};
pub use rules::bdnn_dsd::{Algorithm1, BdnnDsd, BdnnDsdConfig, Counting};
pub use rules::drop_connect::{DropConnect, DropConnectConfig};
pub use rules::dropout::{Dropout, DropoutConfig, Scaling};
pub use rules::feedback_alignment::{FeedbackAlignment, FeedbackAlignmentConfig};
pub use rules::grapes::{Form, Grapes, GrapesConfig, Importance};
pub use rules::l1::{L1, L1Config};
pub use rules::l2::{L2, L2Config};
pub use rules::magnitude_pruning::{Criterion, MagnitudePruning, MagnitudePruningConfig};
pub use rules::max_norm::{MaxNorm, MaxNormConfig};
pub use rules::meprop::{MeProp, MePropConfig};
pub use rules::sd_snn_bounds::{SdSnnBounds, SdSnnBoundsConfig};
pub use rules::synaptic_pruning::{SynapticPruning, SynapticPruningConfig};
pub use scalar::Scalar;
pub use stream::{Purpose, Stream};

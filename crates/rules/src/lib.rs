//! Brain-inspired learning rules on plain slices.
//!
//! A training step is `forward -> error signals -> gradients -> update`. Every rule acts at one or
//! more places of that step, the [seams](Seam), and implements one hook of the trait [`Rule`] for
//! each; a [`Chain`] runs the rules in the given order around an [`Optimizer`]. The crate does not
//! depend on layers, data or training loops: trained arrays and signals are slices, and a rule
//! knows the network only by their shapes in a [`Plan`].
//!
//! # Example
//!
//! One step of BDNN-dsd on a layer with one unit and three inputs: the second weight is outside its
//! bound.
//!
//! ```
//! use spinet_rules::{At, BdnnDsd, Chain, Plan, resolve};
//!
//! let plan = Plan::dense(&[3, 1]);
//! let rule = BdnnDsd::<f64>::new(&resolve("bdnn-dsd")?, &plan)?;
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

mod arrays;
mod chain;
mod entry;
mod error;
mod lanes;
mod layers;
mod optimizers;
mod parameter;
mod plan;
mod pruning_course;
mod registry;
mod rule;
mod rules;
mod saved;
mod scalar;
mod share;
mod stream;

pub use arrays::Arrays;
pub use chain::Chain;
pub use entry::{Buildable, Memory, Role, RuleEntry};
pub use error::{Error, nearest};
pub use layers::Layers;
pub use optimizers::*;
pub use parameter::{
    End, HasParameters, Parameter, Range, Resolved, RuleSettings, Setting, option_key,
};
pub use plan::{ParamRole, ParamShape, Params, Plan, SignalShape, WeightedLayer};
pub use registry::{RULES, find, resolve};
pub use rule::{At, Feedback, Metric, Propagation, Rule, Seam, StateEntry, StateValues};
pub use rules::*;
pub use scalar::Scalar;
pub use stream::{Purpose, Stream};

pub(crate) use entry::Make;
pub(crate) use layers::Chosen;

/// The examples of the README run as they are written there.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

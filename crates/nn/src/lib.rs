//! Dense networks with hand-written forward and backward passes, driven by the rules of
//! `spinet-rules`.
//!
//! A [`Network`] is plain data: layers with weights `[outputs, inputs]`, optional biases and an
//! activation, and a loss. A [`Workspace`] holds every buffer of a step, allocated once.
//! [`Workspace::step`] runs `forward -> error signals -> gradients -> update` and calls each rule
//! at its seam.
//!
//! Numbers are `f32` in use and `f64` in tests. Every sum has a fixed order and every matrix
//! product fixed tiles, so the result does not depend on the number of [`Threads`].
//!
//! # Example
//!
//! ```
//! use spinet_nn::{Activation, Batch, Initializer, Inputs, Loss, Network, NetworkConfig, Targets, Threads, Workspace};
//! use spinet_rules::Chain;
//!
//! let config = NetworkConfig { initializer: Initializer::Uniform(1.0), ..NetworkConfig::dense(&[2, 8, 2]) };
//! let mut network = Network::<f32>::new(&config, 0)?;
//! let plan = network.plan(4, 0);
//! let mut chain = Chain::from_settings(&["bdnn-dsd".parse()?], &plan)?;
//! let mut workspace = Workspace::new(&network, 4, Threads::one());
//!
//! let inputs = [0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0];
//! let batch = Batch { inputs: Inputs::Numbers(&inputs), targets: Targets::classes(&[0, 0, 0, 1]) };
//! for step in 0..200 {
//!     workspace.step(&mut network, &mut chain, &batch, 1.0, step)?;
//! }
//! assert_eq!(workspace.predict(&network, &inputs), [0, 0, 0, 1]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod arena;
mod divergence;
mod error;
mod initializer;
mod layer;
mod layers;
mod loss;
pub mod memory;
mod network;
mod operation;
mod phase;
mod product;
mod real;
mod simd;
mod standardizer;
mod tally;
mod threads;
mod workspace;

pub use divergence::Diverged;
pub use error::Error;
pub use initializer::{BiasInitializer, Initializer};
pub use layer::{Flow, Layer, LayerArrays, Step};
pub use layers::activation::Activation;
pub use layers::dense::DenseShape;
pub use layers::registry::{LAYERS, LayerEntry, LayerSettings, short_name};
pub use loss::{Loss, TargetValues, Targets};
pub use network::{Network, NetworkConfig, units};
pub use operation::Operation;
pub use phase::Phase;
pub use product::bytes::Inputs;
pub use product::kernel::Kernel;
pub use product::pixels::Pixels;
pub use product::{Layout, product};
pub use real::Real;
pub use spinet_rules::Arrays;
pub use standardizer::Standardizer;
pub use tally::Tally;
pub use threads::Threads;
pub use workspace::{Batch, Workspace, largest};

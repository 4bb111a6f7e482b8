//! Dense networks with hand-written forward and backward passes, driven by the rules of `spinet-rules`.
//!
//! A [`Network`] is plain data: layers with weights `[outputs, inputs]`, optional biases and an activation, and a
//! loss. A [`Workspace`] holds every buffer of a step, allocated once. [`Workspace::step`] runs
//! `forward -> error signals -> gradients -> update` and calls each rule at its seam.
//!
//! Numbers are `f32` in use and `f64` in tests. Every sum has a fixed order and every matrix product fixed tiles, so
//! the result does not depend on the number of [`Threads`].
//!
//! # Example
//!
//! ```
//! use spinet_nn::{Activation, Batch, Initialiser, Inputs, Loss, Network, NetworkConfig, Threads, Workspace};
//! use spinet_rules::Chain;
//!
//! let config = NetworkConfig { initialiser: Initialiser::Uniform(1.0), ..NetworkConfig::dense(&[2, 8, 2]) };
//! let mut network = Network::<f32>::new(&config, 0)?;
//! let plan = network.plan(4, 0);
//! let mut chain = Chain::from_settings(&["bdnn-dsd".parse()?], &plan)?;
//! let mut workspace = Workspace::new(&network, 4, Threads::one());
//!
//! let inputs = [0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0];
//! let batch = Batch { inputs: Inputs::Numbers(&inputs), labels: &[0, 0, 0, 1] };
//! for step in 0..200 {
//!     workspace.step(&mut network, &mut chain, &batch, 1.0, step)?;
//! }
//! assert_eq!(workspace.predict(&network, &inputs), [0, 0, 0, 1]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod activation;
mod aligned;
mod arrays;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod backward;
mod dense;
mod divergence;
mod error;
mod exact;
mod exponential;
mod first_layer;
mod initialiser;
mod kernel;
mod loss;
pub mod memory;
mod network;
mod part;
mod pixels;
mod product;
mod real;
#[cfg(target_arch = "x86_64")]
mod single;
#[cfg(target_arch = "x86_64")]
mod sparse;
mod standardizer;
mod team;
mod threads;
mod workspace;

pub use activation::Activation;
pub use arrays::Arrays;
pub use dense::{Dense, DenseShape};
pub use divergence::Diverged;
pub use error::Error;
pub use first_layer::Inputs;
pub use initialiser::{BiasInitializer, Initialiser};
pub use kernel::Kernel;
pub use loss::Loss;
pub use network::{Network, NetworkConfig};
pub use part::Part;
pub use pixels::Pixels;
pub use product::{Layout, product};
pub use real::Real;
pub use standardizer::Standardizer;
pub use threads::Threads;
pub use workspace::{Batch, Workspace};

//! The plain form of BDNN-dsd: one connection after the other, line by line as Algorithm 1 has it.

use super::{Constants, Counting};
use crate::Resolved;

/// Algorithm 1 of Zhao, Zeng and Bai 2022 on one weight matrix; slow, for tests and for readers.
///
/// ```
/// use spinet_rules::{Algorithm1, resolve};
///
/// let mut rule = Algorithm1::new(&resolve("bdnn-dsd")?, 2);
/// let mut weight = [0.9, 0.1];
/// rule.step(0.1, &mut weight, &[0.0, 0.0]);
/// assert_eq!(weight, [0.45, 0.1]);
/// # Ok::<(), spinet_rules::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Algorithm1 {
    constants: Constants<f64>,
    /// `M`, the bound of each weight.
    pub bound: Vec<f64>,
    /// `Num+`, the growth counter of each weight.
    pub over: Vec<u64>,
    /// `Num-`, the shrink counter of each weight.
    pub decay: Vec<u64>,
}

impl Algorithm1 {
    /// Initializes bounds to `initial_bound` and counters to 0.
    pub fn new(options: &Resolved, weights: usize) -> Self {
        let constants = Constants::<f64>::of(options);
        Self {
            constants,
            bound: vec![constants.initial_bound; weights],
            over: vec![0; weights],
            decay: vec![0; weights],
        }
    }

    /// One step for each connection, given the gradient of the loss.
    pub fn step(&mut self, learning_rate: f64, weight: &mut [f64], grad: &[f64]) {
        let (threshold, bound_step) = (
            u64::from(self.constants.threshold),
            self.constants.bound_step,
        );
        let shrink_step = self.constants.shrink_step;
        for i in 0..weight.len() {
            let before = weight[i];

            // Backpropagation computation from equation 3.2.
            let mut w = before - learning_rate * grad[i];

            // if w > M or w < -M then Num+ = Num+ + 1
            if w > self.bound[i] || w < -self.bound[i] {
                self.over[i] += 1;
            } else if self.constants.growth_counting == Counting::Consecutive {
                self.over[i] = 0;
            }

            // if |w(t)| < |w(t-1)| then Num- = Num- + 1
            if w.abs() < before.abs() {
                self.decay[i] += 1;
            } else if self.constants.shrink_counting == Counting::Consecutive {
                self.decay[i] = 0;
            }

            // if Num+ >= T_num then M = M + R_d, Num+ = 0
            if self.over[i] >= threshold {
                self.bound[i] += bound_step;
                self.over[i] = 0;
            }

            // if Num- >= T_num then M = M - R_d, Num- = 0; a bound is never negative
            if self.decay[i] >= threshold {
                self.bound[i] = (self.bound[i] - shrink_step).max(0.0);
                self.decay[i] = 0;
            }

            // Limit the weight to bound mask from equation 3.3.
            if w > self.bound[i] {
                w = self.bound[i];
            } else if w < -self.bound[i] {
                w = -self.bound[i];
            }
            weight[i] = w;
        }
    }
}

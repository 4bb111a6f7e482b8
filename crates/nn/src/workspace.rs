//! One training step and every buffer it needs, allocated once.

use spinet_rules::{At, Chain, Propagation, Seam};

use crate::divergence::{Diverged, is_spoiled, is_within};
use crate::part::{Part, Watch};
use crate::product::first_layer::FirstLayer;
use crate::standardizer::{Folded, Standardizer};
use crate::{Arrays, Error, Inputs, Kernel, Network, Real, Threads};

/// Samples of one step.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a, S> {
    /// `[samples, features]`.
    pub inputs: Inputs<'a, S>,
    /// `[samples]`, each below the number of classes.
    pub labels: &'a [u8],
}

/// Buffers of a network's steps with at most a fixed number of samples; those of training alone are allocated in the first step.
#[derive(Clone, Debug)]
pub struct Workspace<S> {
    pub(crate) threads: Threads,
    pub(crate) most: usize,
    pub(crate) first_layer: FirstLayer<S>,
    /// What each layer gave, `[batch, outputs]`.
    pub(crate) outputs: Vec<Vec<S>>,
    /// What each layer passed on after seam 1, and the factors; empty where no rule acts.
    pub(crate) passed: Vec<Vec<S>>,
    pub(crate) factors: Vec<Vec<S>>,
    /// Derivative of the loss at each pre-activation, `[batch, outputs]`.
    pub(crate) error_signals: Vec<Vec<S>>,
    pub(crate) gradients: Arrays<S>,
    /// The weights that a rule shows in the place of each layer's own; empty where none does.
    pub(crate) views: Vec<Vec<S>>,
    /// The first layer whose weight view is spoiled.
    spoiled_view: Option<usize>,
    /// All trained arrays before the update, where a rule may spoil them.
    kept: Arrays<S>,
    pub(crate) watch: Watch,
}

impl<S: Real> Workspace<S> {
    /// Buffers for `network` and steps of at most `most` samples, with the kernel that `auto` gives.
    pub fn new(network: &Network<S>, most: usize, threads: Threads) -> Self {
        Self::of(network, most, threads, Kernel::Auto.resolve().unwrap_or(Kernel::F32))
    }

    /// The same with a kernel of choice; it matters for inputs that are [`Inputs::Pixels`] and numbers that are `f32`.
    ///
    /// # Errors
    ///
    /// [`Error::NoKernel`] if this processor cannot run the kernel.
    pub fn with_kernel(network: &Network<S>, most: usize, threads: Threads, kernel: Kernel) -> Result<Self, Error> {
        Ok(Self::of(network, most, threads, kernel.resolve()?))
    }

    fn of(network: &Network<S>, most: usize, threads: Threads, kernel: Kernel) -> Self {
        Self {
            threads,
            most,
            first_layer: FirstLayer::new(kernel, most),
            outputs: buffers(network, most),
            passed: vec![Vec::new(); network.layers.len()],
            factors: vec![Vec::new(); network.layers.len()],
            error_signals: Vec::new(),
            gradients: Arrays::EMPTY,
            views: vec![Vec::new(); network.layers.len()],
            spoiled_view: None,
            kept: Arrays::EMPTY,
            watch: Watch::default(),
        }
    }

    /// The same for pixels that are standardized; numbers are taken as they are.
    ///
    /// # Errors
    ///
    /// [`Error::LengthMismatch`] if the constants are not those of so many features.
    pub fn standardized(mut self, network: &Network<S>, standardizer: Option<Standardizer>) -> Result<Self, Error> {
        if let Some(standardizer) = &standardizer {
            standardizer.check(network.inputs())?;
        }
        self.first_layer.folded = standardizer.map(Folded::new);
        Ok(self)
    }

    /// Tells `watch` whenever a part of a step is done.
    pub fn watch(&mut self, watch: impl Fn(Part) + Send + Sync + 'static) {
        self.watch = Watch::new(watch);
    }

    /// Allocates what training needs and evaluation does not, before the first step.
    fn prepare(&mut self, network: &Network<S>) {
        if self.error_signals.is_empty() {
            self.error_signals = buffers(network, self.most);
            self.gradients = Arrays::zeros(&network.plan(self.most, 0));
        }
    }

    /// Gradients of the last step, after seam 4, by the number of the trained array; none before the first.
    pub fn gradients(&self) -> &Arrays<S> {
        &self.gradients
    }

    /// One training step; returns the mean loss of the batch before the update.
    ///
    /// # Errors
    ///
    /// [`Diverged`] if the loss, an input, a weight, a bias, a factor, an error signal or a gradient is NaN or infinite,
    /// or so large that the update would be. Nothing is updated then.
    ///
    /// # Panics
    ///
    /// If the batch is larger than the workspace, or its shape is not the network's.
    pub fn step(
        &mut self,
        network: &mut Network<S>,
        chain: &mut Chain<S>,
        batch: &Batch<'_, S>,
        learning_rate: f64,
        step: u64,
    ) -> Result<f64, Diverged> {
        let loss = self.differentiate(network, chain, batch, step);
        for id in 0..self.gradients.len() {
            chain.gradient(At { id, step }, network.params().get(id), self.gradients.get_mut(id));
        }
        if chain.acts(Seam::Gradient, network.weight_id(0)) {
            self.first_layer.largest_gradient = None;
        }
        self.watch.done(Part::Update);
        self.refuse_divergence(network, batch, learning_rate, loss, step)?;
        self.watch.done(Part::Check);
        let may_spoil = chain.may_spoil();
        if may_spoil {
            self.kept.clone_from(network.params());
        }
        let learning_rate = S::from_f64(learning_rate);
        for id in 0..self.gradients.len() {
            chain.update(At { id, step }, learning_rate, network.params_mut().get_mut(id), self.gradients.get(id));
        }
        if may_spoil {
            self.refuse_spoiled(network, loss, step)?;
        }
        self.watch.done(Part::Update);
        Ok(loss)
    }

    /// Puts the weights before the update back if it left a number that is not finite.
    fn refuse_spoiled(&self, network: &mut Network<S>, loss: f64, step: u64) -> Result<(), Diverged> {
        let Some(id) = network.params().iter().position(is_spoiled) else { return Ok(()) };
        network.params_mut().clone_from(&self.kept);
        Err(Diverged { step, loss, place: format!("the update of layer {} (dense)", network.layer_of(id) + 1) })
    }

    /// Forward and backward pass without an update: fills [`gradients`](Self::gradients) and returns the mean loss.
    ///
    /// # Panics
    ///
    /// If the batch is larger than the workspace, or its shape is not the network's.
    pub fn differentiate(&mut self, network: &Network<S>, chain: &mut Chain<S>, batch: &Batch<'_, S>, step: u64) -> f64 {
        let samples = batch.labels.len();
        assert!(samples <= self.most && samples > 0, "a batch of {samples} samples, expected 1 to {}", self.most);
        assert!(batch.inputs.len() == samples * network.inputs(), "the batch has not the shape of the network");
        self.prepare(network);
        self.forward(network, chain, &batch.inputs, samples, step);
        self.backward(network, chain, batch, step)
    }

    /// Outputs of all layers in training: with weight views and factors of seam 1.
    fn forward(&mut self, network: &Network<S>, chain: &mut Chain<S>, inputs: &Inputs<'_, S>, samples: usize, step: u64) {
        self.first_layer.take(&self.threads, network.layers[0], inputs);
        self.watch.done(Part::Gather);
        self.spoiled_view = None;
        for (layer, dense) in network.layers.iter().copied().enumerate() {
            let units = dense.shape.outputs;
            let (below, own) = self.outputs.split_at_mut(layer);
            let output = &mut own[0][..samples * units];
            let (id, view) = (network.weight_id(layer), &mut self.views[layer]);
            // An earlier chain may have left one here.
            view.resize(if chain.acts(Seam::WeightView, id) { dense.shape.weights() } else { 0 }, S::ZERO);
            if !view.is_empty() {
                chain.weight_view(At { id, step }, network.weight(layer), view);
                // Saturated units would hide it.
                if self.spoiled_view.is_none() && is_spoiled(view) {
                    self.spoiled_view = Some(layer);
                }
            }
            let weight = if view.is_empty() { network.weight(layer) } else { &*view };
            if layer == 0 {
                self.first_layer.split(&self.threads, weight, dense.shape.inputs);
                if !view.is_empty() {
                    self.first_layer.largest_weight = None;
                }
                self.first_layer.forward(&self.threads, dense, weight, inputs, output);
            } else {
                let passed = &self.passed[layer - 1];
                let input = if passed.is_empty() { &below[layer - 1] } else { passed };
                dense.forward(&self.threads, weight, &input[..samples * dense.shape.inputs], output);
            }
            self.watch.done(Part::Products);
            dense.activate(&self.threads, network.bias(layer), output);
            if chain.acts(Seam::Activation, layer) && layer + 1 < network.layers.len() {
                let (passed, kept) = (&mut self.passed[layer], &mut self.factors[layer]);
                passed.resize(self.most * units, S::ZERO);
                kept.resize(self.most * units, S::ONE);
                match chain.activation(At { id: layer, step }, samples) {
                    Some(factors) => kept[..factors.len()].copy_from_slice(factors),
                    None => kept.fill(S::ONE),
                }
                let pairs = output.iter().zip(kept.iter());
                passed.iter_mut().zip(pairs).for_each(|(passed, (output, factor))| *passed = *output * *factor);
            } else {
                // An earlier chain may have left factors here.
                self.passed[layer].clear();
                self.factors[layer].clear();
            }
            self.watch.done(Part::Activation);
        }
    }

    /// Classes with the largest output, for inputs `[samples, features]`, without any rule.
    ///
    /// # Panics
    ///
    /// If the inputs are no whole number of samples.
    pub fn predict(&mut self, network: &Network<S>, inputs: &[S]) -> Vec<u8> {
        let features = network.inputs();
        assert!(inputs.len().is_multiple_of(features), "the inputs are no whole number of samples");
        let classes = network.classes();
        let mut labels = Vec::with_capacity(inputs.len() / features);
        for chunk in inputs.chunks(self.most * features) {
            labels.extend(self.evaluate(network, &Inputs::Numbers(chunk)).chunks_exact(classes).map(largest));
        }
        labels
    }

    /// Outputs `[samples, classes]` of at most as many samples as the workspace holds, without any rule.
    ///
    /// With cross-entropy they are pre-activations; see [`crate::Loss::probabilities`].
    ///
    /// # Panics
    ///
    /// If there are more samples than the workspace holds, or none.
    pub fn evaluate(&mut self, network: &Network<S>, inputs: &Inputs<'_, S>) -> &mut [S] {
        self.outputs_of(network, inputs, true)
    }

    /// The same; weights that were split for the call before are used again if they did not change.
    fn outputs_of(&mut self, network: &Network<S>, inputs: &Inputs<'_, S>, have_weights_changed: bool) -> &mut [S] {
        let samples = inputs.len() / network.inputs();
        assert!(samples <= self.most && samples > 0, "{samples} samples, expected 1 to {}", self.most);
        let first = network.layers[0];
        self.first_layer.take(&self.threads, first, inputs);
        if have_weights_changed {
            self.first_layer.split(&self.threads, network.weight(0), first.shape.inputs);
        }
        let output = &mut self.outputs[0][..samples * first.shape.outputs];
        self.first_layer.forward(&self.threads, first, network.weight(0), inputs, output);
        first.activate(&self.threads, network.bias(0), output);
        for (layer, dense) in network.layers.iter().copied().enumerate().skip(1) {
            let (below, own) = self.outputs.split_at_mut(layer);
            let input = &below[layer - 1][..samples * dense.shape.inputs];
            let output = &mut own[0][..samples * dense.shape.outputs];
            dense.forward(&self.threads, network.weight(layer), input, output);
            dense.activate(&self.threads, network.bias(layer), output);
        }
        &mut self.outputs[network.layers.len() - 1][..samples * network.classes()]
    }

    /// Loss, summed over the samples, and number of right predictions of each batch, without any rule.
    ///
    /// # Panics
    ///
    /// If a batch has more samples than the workspace holds, or none.
    pub fn score<'a>(&mut self, network: &Network<S>, batches: impl IntoIterator<Item = Batch<'a, S>>) -> Vec<(f64, usize)> {
        let (classes, loss) = (network.classes(), network.config().loss);
        let score = |(index, batch): (usize, Batch<'a, S>)| {
            let outputs = self.outputs_of(network, &batch.inputs, index == 0);
            let right = outputs.chunks_exact(classes).zip(batch.labels).filter(|(row, label)| largest(row) == **label).count();
            (loss.sum(outputs, batch.labels, classes), right)
        };
        batches.into_iter().enumerate().map(score).collect()
    }

    /// The matrix products of a step alone, over what the last [`step`](Self::step) left in the buffers; `batch` is its
    /// batch. For measurements: gradients are those of that step, outputs and error signals are spoiled.
    ///
    /// # Panics
    ///
    /// If the batch is larger than the workspace, or its shape is not the network's.
    pub fn products(&mut self, network: &Network<S>, batch: &Batch<'_, S>) {
        let samples = batch.labels.len();
        let first = network.layers[0];
        self.first_layer.split(&self.threads, network.weight(0), first.shape.inputs);
        self.first_layer.forward(
            &self.threads,
            first,
            network.weight(0),
            &batch.inputs,
            &mut self.outputs[0][..samples * first.shape.outputs],
        );
        for (layer, dense) in network.layers.iter().copied().enumerate().skip(1) {
            let (below, own) = self.outputs.split_at_mut(layer);
            let (units, features) = (dense.shape.outputs, dense.shape.inputs);
            let inputs = &below[layer - 1][..samples * features];
            dense.forward(&self.threads, network.weight(layer), inputs, &mut own[0][..samples * units]);
            let (lower, upper) = self.error_signals.split_at_mut(layer);
            let error_signal = &upper[0][..samples * units];
            dense.weight_gradient(&self.threads, error_signal, inputs, self.gradients.get_mut(network.weight_id(layer)));
            dense.upstream(&self.threads, network.weight(layer), error_signal, &mut lower[layer - 1][..samples * features]);
        }
        let error_signal = &self.error_signals[0][..samples * first.shape.outputs];
        self.first_layer.gradient(&self.threads, first, error_signal, &batch.inputs, self.gradients.get_mut(0));
    }

    /// Stops a step with a number that is not finite, or too large for the update, and finds where it came from.
    fn refuse_divergence(
        &self,
        network: &Network<S>,
        batch: &Batch<'_, S>,
        learning_rate: f64,
        loss: f64,
        step: u64,
    ) -> Result<(), Diverged> {
        // A quarter of the range is left for the update and half of it for the weight.
        let limit = S::from_f64(S::MAX.to_f64() / (4.0 * learning_rate.max(1.0)));
        let half = S::from_f64(S::MAX.to_f64() / 2.0);
        // What the exact products have seen of the first layer need not be read again.
        let FirstLayer { largest_weight, largest_gradient, .. } = self.first_layer;
        let is_known = |largest: Option<f32>, limit: S| largest.is_some_and(|largest| S::from_f64(f64::from(largest)) <= limit);
        if loss.is_finite()
            && self.spoiled_view.is_none()
            && (is_known(largest_gradient, limit) || is_within(self.gradients.get(0), limit))
            && self.gradients.iter().skip(1).all(|grad| is_within(grad, limit))
            // Saturated units hide an infinite weight from loss and gradients, so weights are looked at themselves.
            && (is_known(largest_weight, half) || is_within(network.weight(0), half))
            && network.params().iter().skip(1).all(|values| is_within(values, half))
        {
            return Ok(());
        }
        Err(Diverged { step, loss, place: self.first_spoiled(network, batch, limit, half) })
    }

    /// The first array with NaN or infinity, in the order of the computation.
    fn first_spoiled(&self, network: &Network<S>, batch: &Batch<'_, S>, limit: S, half: S) -> String {
        let samples = batch.labels.len();
        if self.first_layer.numbers(&batch.inputs).is_some_and(is_spoiled) {
            return "the input".to_owned();
        }
        if let Some(layer) = self.spoiled_view {
            return format!("the weight view of layer {} (dense)", layer + 1);
        }
        for (layer, dense) in network.layers.iter().enumerate() {
            let used = samples * dense.shape.outputs;
            let forward: [(&str, &[S]); 4] = [
                ("weight", network.weight(layer)),
                ("bias", network.bias(layer).unwrap_or_default()),
                ("output", &self.outputs[layer][..used]),
                ("activation factors", &self.factors[layer][..used.min(self.factors[layer].len())]),
            ];
            if let Some((what, _)) = forward.iter().find(|(_, values)| is_spoiled(values)) {
                return format!("the {what} of layer {} (dense)", layer + 1);
            }
        }
        for layer in (0..network.layers.len()).rev() {
            let used = samples * network.layers[layer].shape.outputs;
            let backward: [(&str, &[S]); 3] = [
                ("error signal", &self.error_signals[layer][..used]),
                ("gradient", self.gradients.get(network.weight_id(layer))),
                ("bias gradient", self.bias_gradient(network, layer)),
            ];
            if let Some((what, _)) = backward.iter().find(|(_, values)| is_spoiled(values)) {
                return format!("the {what} of layer {} (dense)", layer + 1);
            }
        }
        self.first_too_large(network, limit, half)
    }

    /// The first array whose numbers are finite but so large that the update may not be.
    fn first_too_large(&self, network: &Network<S>, limit: S, half: S) -> String {
        for layer in 0..network.layers.len() {
            let arrays: [(&str, &[S], S); 4] = [
                ("weight", network.weight(layer), half),
                ("bias", network.bias(layer).unwrap_or_default(), half),
                ("gradient", self.gradients.get(network.weight_id(layer)), limit),
                ("bias gradient", self.bias_gradient(network, layer), limit),
            ];
            if let Some((what, ..)) = arrays.iter().find(|(_, values, most)| !is_within(values, *most)) {
                return format!("the update of layer {} (dense), whose {what} is too large for it", layer + 1);
            }
        }
        "the loss".to_owned()
    }

    fn bias_gradient(&self, network: &Network<S>, layer: usize) -> &[S] {
        if network.config().has_bias { self.gradients.get(network.bias_id(layer)) } else { &[] }
    }

    /// Error signals of all layers and the gradients, from the output down.
    fn backward(&mut self, network: &Network<S>, chain: &mut Chain<S>, batch: &Batch<'_, S>, step: u64) -> f64 {
        let samples = batch.labels.len();
        let loss = self.output_error(network, batch);
        self.watch.done(Part::Loss);
        for layer in (0..network.layers.len()).rev() {
            // Signals are numbered as layers.
            let at = At { id: layer, step };
            self.modulate(network, chain, Propagation::Propagating, at, samples);
            self.watch.done(Part::Activation);
            if layer > 0 {
                self.upstream(network, chain, layer, samples, step);
            }
            self.modulate(network, chain, Propagation::Local, at, samples);
            self.watch.done(Part::Activation);
            let dense = network.layers[layer];
            let error_signal = &self.error_signals[layer][..samples * dense.shape.outputs];
            let grad = self.gradients.get_mut(network.weight_id(layer));
            if layer == 0 {
                self.first_layer.gradient(&self.threads, dense, error_signal, &batch.inputs, grad);
            } else {
                let passed = &self.passed[layer - 1];
                let input = if passed.is_empty() { &self.outputs[layer - 1] } else { passed };
                dense.weight_gradient(&self.threads, error_signal, &input[..samples * dense.shape.inputs], grad);
            }
            self.watch.done(Part::Products);
            if network.config().has_bias {
                dense.bias_gradient(error_signal, self.gradients.get_mut(network.bias_id(layer)));
            }
            self.watch.done(Part::Activation);
        }
        loss
    }
}

/// A buffer for the outputs of each layer, `[most, outputs]`.
fn buffers<S: Real>(network: &Network<S>, most: usize) -> Vec<Vec<S>> {
    network.layers.iter().map(|layer| vec![S::ZERO; most * layer.shape.outputs]).collect()
}

/// The class with the largest output; the first of equals.
pub(crate) fn largest<S: Real>(row: &[S]) -> u8 {
    let mut best = 0;
    for (class, value) in row.iter().enumerate().skip(1) {
        if *value > row[best] {
            best = class;
        }
    }
    best as u8
}

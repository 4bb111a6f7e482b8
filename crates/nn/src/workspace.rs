//! One training step and every buffer it needs, allocated once. Layer types have no names here.

use spinet_rules::{At, Chain, Feedback, Propagation, Seam};

use crate::arena::{Arena, Buffer};
use crate::divergence::is_non_finite;
use crate::layer::{LayerArrays, Shown, Step};
use crate::loss::Targets;
use crate::phase::{Phase, PhaseTimer};
use crate::product::bytes::ByteProducts;
use crate::product::{Layout, product};
use crate::standardizer::{Folded, Standardizer};
use crate::tally::Tally;
use crate::{Arrays, Diverged, Error, Inputs, Kernel, Network, Real, Threads};

/// A batch.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a, S> {
    /// `[samples, features]`.
    pub inputs: Inputs<'a, S>,
    /// What the network is to give for each sample.
    pub targets: Targets<'a, S>,
}

/// Buffers of a network's steps with at most a fixed number of samples; those of training alone are
/// allocated in the first step.
#[derive(Clone, Debug)]
pub struct Workspace<S> {
    pub(crate) threads: Threads,
    pub(crate) most: usize,
    /// Of each layer, for inputs that are pixels.
    pub(crate) products: Vec<ByteProducts<S>>,
    pub(crate) arena: Arena<S>,
    /// Those of each layer in the arena.
    pub(crate) buffers: Vec<Buffers>,
    pub(crate) gradients: Arrays<S>,
    /// What a rule shows in the place of each trained array; empty where none does.
    views: Vec<Vec<S>>,
    /// The first array whose view is non-finite.
    pub(crate) non_finite_view: Option<usize>,
    /// All trained arrays before the update, where a rule may make them non-finite.
    kept: Arrays<S>,
    pub(crate) watch: PhaseTimer,
    /// Largest length of the gradient; 0 for no limit.
    clip_norm: f64,
}

/// A layer's buffers, by their numbers in the arena; each has room for the most samples.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Buffers {
    /// The output.
    pub(crate) output: usize,
    /// Its error signal, in training.
    pub(crate) error: Option<usize>,
    /// What it passes on after seam 1, and the factors, where a rule acts.
    pub(crate) passed: Option<[usize; 2]>,
    /// The layer's own buffer; see [`Layer::buffer`](crate::Layer::buffer).
    pub(crate) own: usize,
}

/// A pass through the layers.
#[derive(Clone, Copy, Debug)]
struct Pass {
    samples: usize,
    /// Whether rules act.
    is_training: bool,
    /// Whether the trained arrays may differ from those of the pass before.
    are_new: bool,
}

impl<S: Real> Workspace<S> {
    /// Buffers for `network` and steps of at most `most` samples, with the kernel that `auto`
    /// gives.
    pub fn new(network: &Network<S>, most: usize, threads: Threads) -> Self {
        Self::of(
            network,
            most,
            threads,
            Kernel::Auto.resolve().unwrap_or(Kernel::F32),
        )
    }

    /// The same with a kernel of choice; it matters for inputs that are [`Inputs::Pixels`] and
    /// numbers that are `f32`.
    ///
    /// # Errors
    ///
    /// [`Error::NoKernel`] if this CPU cannot run the kernel.
    pub fn with_kernel(
        network: &Network<S>,
        most: usize,
        threads: Threads,
        kernel: Kernel,
    ) -> Result<Self, Error> {
        Ok(Self::of(network, most, threads, kernel.resolve()?))
    }

    fn of(network: &Network<S>, most: usize, threads: Threads, kernel: Kernel) -> Self {
        let layers = 0..network.layers().len();
        // Each output is needed until all layers that take it have their own.
        let output = |index: usize| Buffer {
            length: most * network.layers()[index].output().len(),
            needed: index..network.last_reader(index) + 1,
        };
        let own = |index: usize| Buffer {
            length: network.layers()[index].buffer(most, false),
            needed: index..index + 1,
        };
        let buffers = layers.clone().map(output).chain(layers.clone().map(own));
        Self {
            threads,
            most,
            products: layers
                .clone()
                .map(|_| ByteProducts::new(kernel, most))
                .collect(),
            arena: Arena::new(&buffers.collect::<Vec<_>>()),
            buffers: layers
                .map(|index| Buffers {
                    output: index,
                    error: None,
                    passed: None,
                    own: network.layers().len() + index,
                })
                .collect(),
            gradients: Arrays::EMPTY,
            views: vec![Vec::new(); network.params().len()],
            non_finite_view: None,
            kept: Arrays::EMPTY,
            watch: PhaseTimer::default(),
            clip_norm: 0.0,
        }
    }

    /// The same with a largest length of the gradient of all trained arrays together, before rules
    /// change it: a longer one is scaled down to it. No limit if 0.
    #[must_use]
    pub fn clipped(self, clip_norm: f64) -> Self {
        Self { clip_norm, ..self }
    }

    /// The same for pixels that are standardized; numbers are taken as they are.
    ///
    /// # Errors
    ///
    /// [`Error::LengthMismatch`] if the constants are not those of so many features.
    pub fn standardized(
        mut self,
        network: &Network<S>,
        standardizer: Option<Standardizer>,
    ) -> Result<Self, Error> {
        if let Some(standardizer) = &standardizer {
            standardizer.check(network.inputs())?;
        }
        self.products[0].folded = standardizer.map(Folded::new);
        Ok(self)
    }

    /// Its threads.
    pub fn threads(&self) -> &Threads {
        &self.threads
    }

    /// Tells `watch` whenever a part of a step is done.
    pub fn watch(&mut self, watch: impl Fn(Phase) + Send + Sync + 'static) {
        self.watch = PhaseTimer::new(watch);
    }

    /// Allocates what training under these rules needs and is missing, before the first
    /// step.
    fn prepare(&mut self, network: &Network<S>, chain: &Chain<S>) {
        let passes = |index: usize| {
            network.is_hidden(index)
                && network
                    .signal(index)
                    .is_some_and(|id| chain.acts(Seam::Activation, id))
        };
        let is_ready = |(index, buffers): (usize, &Buffers)| {
            buffers.error.is_some() && buffers.passed.is_some() == passes(index)
        };
        if self.buffers.iter().enumerate().all(is_ready) {
            return;
        }
        // All of them are needed until the end of a step: should a number diverge, the first array
        // with such a number is looked for.
        let mut all = Vec::new();
        for (index, (layer, buffers)) in network.layers().iter().zip(&mut self.buffers).enumerate()
        {
            let mut buffer = |length: usize| {
                all.push(Buffer {
                    length,
                    needed: 0..1,
                });
                all.len() - 1
            };
            let length = self.most * layer.output().len();
            *buffers = Buffers {
                output: buffer(length),
                error: Some(buffer(length)),
                passed: passes(index).then(|| [buffer(length), buffer(length)]),
                own: buffer(layer.buffer(self.most, true)),
            };
        }
        // Never both at a time.
        self.arena = Arena::new(&[]);
        self.arena = Arena::new(&all);
        if self.gradients.is_empty() {
            self.gradients = Arrays::zeros(&network.plan(self.most, 0));
        }
    }

    /// Gradients of the last step, after seam 4, by the number of the trained array; none before
    /// the first.
    pub fn gradients(&self) -> &Arrays<S> {
        &self.gradients
    }

    /// One training step; returns the mean loss of the batch before the update.
    ///
    /// # Errors
    ///
    /// [`Diverged`] if the loss, an input, a weight, a bias, a factor, an error signal or a
    /// gradient is NaN or infinite, or so large that the update would be. Nothing is updated then.
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
        self.clip(network);
        for id in 0..self.gradients.len() {
            if !network.is_trained(id) {
                continue;
            }
            chain.gradient(
                At { id, step },
                network.params().get(id),
                self.gradients.get_mut(id),
            );
            if chain.acts(Seam::Gradient, id) {
                self.products[network.layer_of(id)].largest_gradient = None;
            }
        }
        self.watch.done(Phase::Update);
        self.refuse_divergence(network, batch, learning_rate, loss, step)?;
        self.watch.done(Phase::Check);
        let may_be_non_finite = chain.may_be_non_finite();
        if may_be_non_finite {
            self.kept.clone_from(network.params());
        }
        let learning_rate = S::from_f64(learning_rate);
        for id in 0..self.gradients.len() {
            if !network.is_trained(id) {
                continue;
            }
            chain.update(
                At { id, step },
                learning_rate,
                network.params_mut().get_mut(id),
                self.gradients.get(id),
            );
        }
        let spoiled = if may_be_non_finite {
            network.params().iter().position(is_non_finite)
        } else {
            None
        };
        if let Some(id) = spoiled {
            // The weights before the update are put back.
            network.params_mut().clone_from(&self.kept);
            return Err(Diverged {
                step,
                loss,
                place: format!("the update of {}", network.place(network.layer_of(id))),
            });
        }
        for index in 0..network.layers().len() {
            let (layer, first) = (
                network.layers()[index].clone(),
                network.params_of(index).start,
            );
            let mut arrays = LayerArrays {
                arrays: network.params_mut(),
                first,
            };
            let own = self.arena.get(self.buffers[index].own);
            layer.follow(own, batch.targets.len(), &mut arrays);
        }
        self.watch.done(Phase::Update);
        Ok(loss)
    }

    /// Scales a gradient down that is longer than the limit.
    ///
    /// ```text
    /// g <- g min(1, limit / |g|),    |g|^2 over all trained arrays
    /// ```
    fn clip(&mut self, network: &Network<S>) {
        if self.clip_norm == 0.0 {
            return;
        }
        let trained = || (0..self.gradients.len()).filter(|id| network.is_trained(*id));
        let squares = |id| {
            let values = self.gradients.get(id).iter();
            values.map(|value| value.to_f64().powi(2)).sum::<f64>()
        };
        let norm = trained().map(squares).sum::<f64>().sqrt();
        if !(norm > self.clip_norm && norm.is_finite()) {
            return;
        }
        let factor = S::from_f64(self.clip_norm / norm);
        for id in 0..self.gradients.len() {
            if network.is_trained(id) {
                let values = self.gradients.get_mut(id).iter_mut();
                values.for_each(|value| *value *= factor);
                self.products[network.layer_of(id)].largest_gradient = None;
            }
        }
    }

    /// Forward and backward pass without an update: fills [`gradients`](Self::gradients) and
    /// returns the mean loss.
    ///
    /// # Panics
    ///
    /// If the batch is larger than the workspace, or its shape is not the network's.
    pub fn differentiate(
        &mut self,
        network: &Network<S>,
        chain: &mut Chain<S>,
        batch: &Batch<'_, S>,
        step: u64,
    ) -> f64 {
        let samples = batch.targets.len();
        assert!(
            samples <= self.most && samples > 0,
            "a batch of {samples} samples, expected 1 to {}",
            self.most
        );
        assert!(
            batch.inputs.len() == samples * network.inputs()
                && batch.targets.is_of(network.classes()),
            "the batch has not the shape of the network"
        );
        self.prepare(network, chain);
        self.non_finite_view = None;
        self.products.iter_mut().for_each(ByteProducts::clear);
        for index in 0..network.layers().len() {
            self.show(network, chain, index, step);
            self.forward(
                network,
                index,
                &batch.inputs,
                Pass {
                    samples,
                    is_training: true,
                    are_new: true,
                },
            );
            if let Some([passed, factors]) = self.buffers[index].passed {
                let signal = network.signal(index).unwrap_or_default();
                let [output, passed, kept] =
                    self.arena
                        .several([self.buffers[index].output, passed, factors]);
                let rows = samples * network.layers()[index].output().places();
                match chain.activation(At { id: signal, step }, rows) {
                    Some(factors) => kept[..factors.len()].copy_from_slice(factors),
                    None => kept.fill(S::ONE),
                }
                let pairs = output.iter().zip(kept.iter());
                passed
                    .iter_mut()
                    .zip(pairs)
                    .for_each(|(passed, (output, factor))| *passed = *output * *factor);
            }
            self.watch.done(Phase::Activation);
        }
        self.backward(network, chain, batch, step)
    }

    /// Lets rules show other numbers than a layer's weights.
    fn show(&mut self, network: &Network<S>, chain: &mut Chain<S>, index: usize, step: u64) {
        for id in network
            .params_of(index)
            .filter(|id| network.role(*id).is_weight())
        {
            let (array, view) = (network.params().get(id), &mut self.views[id]);
            // An earlier chain may have left one here.
            view.resize(
                if chain.acts(Seam::WeightView, id) {
                    array.len()
                } else {
                    0
                },
                S::ZERO,
            );
            if !view.is_empty() {
                chain.weight_view(At { id, step }, array, view);
                // Saturated units would hide it.
                if self.non_finite_view.is_none() && is_non_finite(view) {
                    self.non_finite_view = Some(id);
                }
            }
        }
    }

    /// The output of one layer, from the network's inputs or what the layer below passes on.
    fn forward(&mut self, network: &Network<S>, index: usize, inputs: &Inputs<'_, S>, pass: Pass) {
        let Pass {
            samples,
            is_training,
            are_new,
        } = pass;
        let layer = &network.layers()[index];
        let first = network.params_of(index).start;
        let params = Shown {
            arrays: network.params(),
            views: &self.views,
            first,
            feedback: None,
        };
        // What a layer passes on, by its buffer.
        let passed = |index: usize| {
            let buffers = self.buffers[index];
            buffers
                .passed
                .filter(|_| is_training)
                .map_or(buffers.output, |[passed, _]| passed)
        };
        let Buffers { output, own, .. } = self.buffers[index];
        let (below, skipped) = (
            index.checked_sub(1).map(passed),
            layer.skips_from().map(passed),
        );
        let numbers = |buffer: Option<usize>| buffer.map_or(0, |_| samples * layer.input().len());
        let lengths = [below, skipped].map(numbers);
        let (output, own, below, skipped) = match (below, skipped) {
            (None, _) => {
                let [output, own] = self.arena.several([output, own]);
                (output, own, None, None)
            }
            (Some(below), None) => {
                let [output, own, below] = self.arena.several([output, own, below]);
                (output, own, Some(&below[..lengths[0]]), None)
            }
            (Some(below), Some(skipped)) => {
                let all = [output, own, below, skipped];
                let [output, own, below, skipped] = self.arena.several(all);
                let both = (Some(&below[..lengths[0]]), Some(&skipped[..lengths[1]]));
                (output, own, both.0, both.1)
            }
        };
        let mut step = Step {
            params,
            products: &mut self.products[index],
            threads: &self.threads,
            watch: &self.watch,
            are_new,
            is_training,
            is_new_error: true,
            buffer: own,
            skipped,
        };
        let below = below.map(Inputs::Numbers);
        let output = &mut output[..samples * layer.output().len()];
        layer.forward(&mut step, below.as_ref().unwrap_or(inputs), output);
        if self.views.get(first).is_some_and(|view| !view.is_empty()) {
            // The product has seen the view instead of the weights.
            self.products[index].largest_weight = None;
        }
    }

    /// Error signals of all layers and the gradients, from the output down; returns the mean loss.
    fn backward(
        &mut self,
        network: &Network<S>,
        chain: &mut Chain<S>,
        batch: &Batch<'_, S>,
        step: u64,
    ) -> f64 {
        let samples = batch.targets.len();
        let loss = self.output_error(network, batch);
        self.watch.done(Phase::Loss);
        for index in (0..network.layers().len()).rev() {
            self.modulate(
                network,
                chain,
                Propagation::Propagating,
                [index, samples],
                step,
            );
            self.watch.done(Phase::Activation);
            let was_upstream = index > 0 && self.upstream(network, chain, index, samples, step);
            let changed = self.modulate(network, chain, Propagation::Local, [index, samples], step);
            self.watch.done(Phase::Activation);
            let layer = &network.layers()[index];
            let first = network.params_of(index).start;
            let params = Shown {
                arrays: network.params(),
                views: &self.views,
                first,
                feedback: None,
            };
            let Buffers { error, own, .. } = self.buffers[index];
            let (error, below) = (error.unwrap_or_default(), index.checked_sub(1));
            let (own, error, below) = if let Some(below) = below.map(|below| self.buffers[below]) {
                let below = below.passed.map_or(below.output, |[passed, _]| passed);
                let [own, error, below] = self.arena.several([own, error, below]);
                (own, error, Some(below))
            } else {
                let [own, error] = self.arena.several([own, error]);
                (own, error, None)
            };
            let mut of_step = Step {
                params,
                products: &mut self.products[index],
                threads: &self.threads,
                watch: &self.watch,
                are_new: true,
                is_training: true,
                is_new_error: changed || !was_upstream,
                buffer: own,
                skipped: None,
            };
            let error = &error[..samples * layer.output().len()];
            let below = below.map(|below| Inputs::Numbers(&below[..samples * layer.input().len()]));
            let mut gradients = LayerArrays {
                arrays: &mut self.gradients,
                first,
            };
            layer.gradients(
                &mut of_step,
                below.as_ref().unwrap_or(&batch.inputs),
                error,
                &mut gradients,
            );
            self.watch.done(Phase::Activation);
        }
        loss
    }

    /// The error signal of the output layer, `[batch, classes]`; returns the mean loss.
    fn output_error(&mut self, network: &Network<S>, batch: &Batch<'_, S>) -> f64 {
        let last = network.layers().len() - 1;
        let (classes, Buffers { output, error, .. }) = (network.classes(), self.buffers[last]);
        let [output, error] = self.arena.several([output, error.unwrap_or_default()]);
        let used = batch.targets.len() * classes;
        let (output, error) = (&output[..used], &mut error[..used]);
        error.copy_from_slice(output);
        let loss = network
            .config()
            .loss
            .derivative(error, batch.targets, classes);
        network.layers()[last].error_signal(output, error);
        loss
    }

    /// The error signal of the layer below; whether the layer's own way back made it. A rule may put
    /// other weights in the place of `W_l`, or the output layer's error signal in that of `e_l`:
    ///
    /// ```text
    /// e_(l-1) = (e_l W_l + e of layers that add the output) * factors_(l-1) * f'(a_(l-1))
    /// ```
    fn upstream(
        &mut self,
        network: &Network<S>,
        chain: &mut Chain<S>,
        index: usize,
        samples: usize,
        step: u64,
    ) -> bool {
        let (layer, below) = (&network.layers()[index], &network.layers()[index - 1]);
        let (own, target) = (self.buffers[index], self.buffers[index - 1]);
        let (used, first) = (
            samples * layer.input().len(),
            network.params_of(index).start,
        );
        let (of_layer, [own, target_error]) = (
            own.own,
            [own.error, target.error].map(Option::unwrap_or_default),
        );
        let feedback = if network.params_of(index).is_empty() {
            None
        } else {
            chain.feedback(At { id: first, step })
        };
        let is_direct = matches!(feedback, Some(Feedback::Output(_)));
        if let Some(Feedback::Output(weight)) = feedback {
            let output = self.buffers[self.buffers.len() - 1]
                .error
                .unwrap_or_default();
            let [output, error] = self.arena.several([output, target_error]);
            let (classes, error) = (network.classes(), &mut error[..used]);
            let shape = [samples, classes, layer.input().len()];
            product(
                &self.threads,
                shape,
                (&output[..samples * classes], Layout::Plain),
                (weight, Layout::Plain),
                error,
            );
        } else {
            let feedback = if let Some(Feedback::Layer(weight)) = feedback {
                Some(weight)
            } else {
                None
            };
            let params = Shown {
                arrays: network.params(),
                views: &self.views,
                first,
                feedback,
            };
            let [own, error, buffer] = self.arena.several([own, target_error, of_layer]);
            let mut step = Step {
                params,
                products: &mut self.products[index],
                threads: &self.threads,
                watch: &self.watch,
                are_new: true,
                is_training: true,
                is_new_error: true,
                buffer,
                skipped: None,
            };
            layer.upstream(
                &mut step,
                &own[..samples * layer.output().len()],
                &mut error[..used],
            );
        }
        self.watch.done(Phase::Products);
        for (above, other) in network.layers().iter().enumerate().rev() {
            if other.skips_from() == Some(index - 1) {
                let added = self.buffers[above].error.unwrap_or_default();
                let [error, added] = self.arena.several([target_error, added]);
                (error[..used].iter_mut().zip(added)).for_each(|(error, added)| *error += *added);
            }
        }
        if let Some([_, factors]) = target.passed {
            let [error, factors] = self.arena.several([target_error, factors]);
            error[..used]
                .iter_mut()
                .zip(factors)
                .for_each(|(error, factor)| *error *= *factor);
        }
        let [error, output] = self.arena.several([target_error, target.output]);
        below.error_signal(&output[..used], &mut error[..used]);
        !is_direct
    }

    /// Lets rules of one kind of propagation change the error signal of a layer; whether any may
    /// have.
    fn modulate(
        &mut self,
        network: &Network<S>,
        chain: &mut Chain<S>,
        by: Propagation,
        [index, samples]: [usize; 2],
        step: u64,
    ) -> bool {
        let Some(id) = network
            .signal(index)
            .filter(|id| chain.acts(Seam::ErrorSignal, *id))
        else {
            return false;
        };
        let values = self
            .arena
            .get_mut(self.buffers[index].error.unwrap_or_default());
        chain.error_signal(
            At { id, step },
            by,
            &mut values[..samples * network.layers()[index].output().len()],
            network.params(),
        );
        true
    }

    /// Classes with the largest output, for inputs `[samples, features]`, without any rule.
    ///
    /// # Panics
    ///
    /// If the inputs are not a whole number of samples.
    pub fn predict(&mut self, network: &Network<S>, inputs: &[S]) -> Vec<u8> {
        let features = network.inputs();
        assert!(
            inputs.len().is_multiple_of(features),
            "the inputs are no whole number of samples"
        );
        let classes = network.classes();
        let mut labels = Vec::with_capacity(inputs.len() / features);
        for chunk in inputs.chunks(self.most * features) {
            labels.extend(
                self.evaluate(network, &Inputs::Numbers(chunk))
                    .chunks_exact(classes)
                    .map(largest),
            );
        }
        labels
    }

    /// Outputs `[samples, classes]` of at most as many samples as the workspace holds, without any
    /// rule.
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
    fn outputs_of(
        &mut self,
        network: &Network<S>,
        inputs: &Inputs<'_, S>,
        are_new: bool,
    ) -> &mut [S] {
        let samples = inputs.len() / network.inputs();
        assert!(
            samples <= self.most && samples > 0,
            "{samples} samples, expected 1 to {}",
            self.most
        );
        self.views.iter_mut().for_each(Vec::clear);
        for index in 0..network.layers().len() {
            self.forward(
                network,
                index,
                inputs,
                Pass {
                    samples,
                    is_training: false,
                    are_new,
                },
            );
        }
        let output = self.buffers[network.layers().len() - 1].output;
        &mut self.arena.get_mut(output)[..samples * network.classes()]
    }

    /// How good the network is on each batch, without any rule.
    ///
    /// # Panics
    ///
    /// If a batch has more samples than the workspace holds, or none.
    pub fn score<'a>(
        &mut self,
        network: &Network<S>,
        batches: impl IntoIterator<Item = Batch<'a, S>>,
    ) -> Vec<Tally> {
        let (width, loss) = (network.classes(), network.config().loss);
        let score = |(index, batch): (usize, Batch<'a, S>)| {
            let outputs = self.outputs_of(network, &batch.inputs, index == 0);
            Tally::of(loss, outputs, batch.targets, width)
        };
        batches.into_iter().enumerate().map(score).collect()
    }
}

/// The class with the largest output; the first on ties.
pub fn largest<S: Real>(row: &[S]) -> u8 {
    let mut best = 0;
    for (class, value) in row.iter().enumerate().skip(1) {
        if *value > row[best] {
            best = class;
        }
    }
    best as u8
}

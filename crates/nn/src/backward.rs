//! The error signals of a step: at the output, upstream through a layer, and where rules change them.

use spinet_rules::{At, Chain, Feedback, Propagation, Seam};

use crate::part::Part;
use crate::product::{Layout, product};
use crate::{Batch, Network, Real, Workspace};

impl<S: Real> Workspace<S> {
    /// The error signal of the output layer, `[batch, classes]`; returns the mean loss.
    pub(crate) fn output_error(&mut self, network: &Network<S>, batch: &Batch<'_, S>) -> f64 {
        let last = network.layers.len() - 1;
        let used = batch.labels.len() * network.classes();
        let (outputs, error) = (&self.outputs[last][..used], &mut self.error_signals[last][..used]);
        error.copy_from_slice(outputs);
        let loss = network.config().loss.derivative(error, batch.labels, network.classes());
        network.layers[last].activation.backward(outputs, error);
        loss
    }

    /// The error signal of the layer below `layer`, where a rule may put other weights in the place of `W_l`, or the output layer's
    /// error signal in that of `e_l`:
    ///
    /// ```text
    /// e_(l-1) = (e_l W_l) * factors_(l-1) * f'(a_(l-1))         e: [batch, units]
    /// ```
    pub(crate) fn upstream(&mut self, network: &Network<S>, chain: &mut Chain<S>, layer: usize, samples: usize, step: u64) {
        let (dense, below) = (network.layers[layer], network.layers[layer - 1]);
        let (lower, upper) = self.error_signals.split_at_mut(layer);
        let error = &mut lower[layer - 1][..samples * dense.shape.inputs];
        let own = &upper[0][..samples * dense.shape.outputs];
        match chain.feedback(At { id: network.weight_id(layer), step }) {
            Some(Feedback::Layer(weight)) => dense.upstream(&self.threads, weight, own, error),
            Some(Feedback::Output(weight)) => {
                let output = &upper[upper.len() - 1][..samples * network.classes()];
                let shape = [samples, network.classes(), dense.shape.inputs];
                product(&self.threads, shape, (output, Layout::Plain), (weight, Layout::Plain), error);
            }
            None => {
                let view = &self.views[layer];
                let weight = if view.is_empty() { network.weight(layer) } else { view };
                dense.upstream(&self.threads, weight, own, error);
            }
        }
        self.watch.done(Part::Products);
        let factors = &self.factors[layer - 1];
        error.iter_mut().zip(factors).for_each(|(error, factor)| *error *= *factor);
        below.activation.backward(&self.outputs[layer - 1][..error.len()], error);
    }

    /// Lets rules of one kind of propagation change the error signal of a layer.
    pub(crate) fn modulate(&mut self, network: &Network<S>, chain: &mut Chain<S>, propagation: Propagation, at: At, samples: usize) {
        if chain.acts(Seam::ErrorSignal, at.id) {
            let values = &mut self.error_signals[at.id][..samples * network.layers[at.id].shape.outputs];
            chain.error_signal(at, propagation, values, network.params());
        }
    }
}

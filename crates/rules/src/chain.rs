//! Rules in their stated order around one optimizer.
//!
//! At every seam the rules act in the order in which they were given. Between the seams "gradient" and "weight after
//! the update" stands the optimizer. Where plain gradient descent meets exactly one rule with a fused form, that
//! form does the update in one pass over memory; the result is bit-equal.

use crate::entry::{Buildable, Made};
use crate::{
    At, Error, ErrorSignal, Feedback, GradientDescent, Measure, Memory, Optimizer, Plan, Propagation, Rule, RuleSettings, Scalar, Seam,
    find,
};

/// Refuses two rules that decide the same thing in the same layer: only one of them could.
fn check_excluding<S: Scalar>(rules: &[Box<dyn Rule<S>>], layers: usize) -> Result<(), Error> {
    for layer in 0..layers {
        let mut decided: Vec<(&'static str, &'static str)> = Vec::new();
        for rule in rules {
            let by_seam = [(Seam::WeightView, "the weights of a step"), (Seam::Feedback, "the way of error signals upstream")];
            let by_seam = by_seam.into_iter().filter(|(seam, _)| rule.acts(*seam, layer)).map(|(_, what)| what);
            let by_rule = rule.entry().decides.filter(|_| Seam::ALL.into_iter().any(|seam| rule.acts(seam, layer)));
            for what in by_seam.chain(by_rule) {
                if let Some((first, _)) = decided.iter().find(|(_, known)| *known == what) {
                    return Err(Error::Excluding { first, second: rule.entry().name, layer: layer + 1, what });
                }
                decided.push((rule.entry().name, what));
            }
        }
    }
    Ok(())
}

/// One optimizer and any number of rules, with their state.
pub struct Chain<S: Scalar> {
    rules: Vec<Box<dyn Rule<S>>>,
    optimizer: Box<dyn Optimizer<S>>,
    is_fusing: bool,
    /// The weights before the update, for rules that compare.
    before: Vec<S>,
    /// The biases before the update, likewise.
    bias_before: Vec<S>,
    /// The product of factors, where several rules act on activations.
    factors: Vec<S>,
    /// For every layer, the rule that does the whole update; found once.
    fused: Vec<Option<usize>>,
    /// Found once, too.
    may_spoil: bool,
}

impl<S: Buildable> Chain<S> {
    /// Builds a chain from settings; without an optimizer among them it is plain gradient descent.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownRule`], [`Error::UnknownParameter`], [`Error::OutOfRange`], [`Error::NoSuchLayer`],
    /// [`Error::Repeated`], [`Error::TwoOptimizers`].
    pub fn from_settings(settings: &[RuleSettings], plan: &Plan) -> Result<Self, Error> {
        let mut rules: Vec<Box<dyn Rule<S>>> = Vec::new();
        let mut optimizer: Option<Box<dyn Optimizer<S>>> = None;
        for one in settings {
            match find(&one.name)?.build::<S>(one, plan)? {
                Made::Rule(rule) => {
                    if rules.iter().any(|known| known.entry().name == rule.entry().name) {
                        return Err(Error::Repeated { rule: rule.entry().name });
                    }
                    rules.push(rule);
                }
                Made::Optimizer(made) => {
                    if let Some(first) = optimizer {
                        return Err(Error::TwoOptimizers { first: first.entry().name, second: made.entry().name });
                    }
                    optimizer = Some(made);
                }
            }
        }
        check_excluding(&rules, plan.layers.len())?;
        Ok(Self::new(plan, rules, optimizer.unwrap_or_else(|| Box::new(GradientDescent))))
    }
}

impl<S: Scalar> Chain<S> {
    /// What a chain of these settings takes, before it is built: the state of its rules and its own buffers.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownRule`].
    pub fn memory(settings: &[RuleSettings], plan: &Plan) -> Result<Memory, Error> {
        let entries = settings.iter().map(|one| find(&one.name)).collect::<Result<Vec<_>, _>>()?;
        let acting = |seam: Seam| entries.iter().filter(|entry| entry.seams.contains(&seam)).count();
        let before = if acting(Seam::AfterUpdate) > 0 { size_of::<S>() as u64 * plan.largest_layer() } else { 0 };
        let factors = if acting(Seam::Activation) > 1 { plan.largest_activation().saturating_mul(size_of::<S>() as u64) } else { 0 };
        let own = Memory { saved: 0, other: before.saturating_add(factors) };
        Ok(entries.iter().map(|entry| (entry.memory)(plan)).fold(own, Memory::and))
    }

    /// A chain of these rules around plain gradient descent.
    pub fn with_gradient_descent(plan: &Plan, rules: Vec<Box<dyn Rule<S>>>) -> Self {
        Self::new(plan, rules, Box::new(GradientDescent))
    }

    /// A chain of these rules around this optimizer.
    pub fn new(plan: &Plan, rules: Vec<Box<dyn Rule<S>>>, optimizer: Box<dyn Optimizer<S>>) -> Self {
        let mut chain = Self {
            rules,
            optimizer,
            is_fusing: true,
            before: Vec::new(),
            bias_before: Vec::new(),
            factors: Vec::new(),
            fused: Vec::new(),
            may_spoil: false,
        };
        let (mut largest, mut factors) = (0, 0);
        for (layer, shape) in plan.layers.iter().enumerate() {
            let fused = chain.fused_rule(layer);
            if fused.is_none() && chain.rules.iter().any(|rule| rule.acts(Seam::AfterUpdate, layer)) {
                largest = largest.max(shape.weights());
            }
            if chain.rules.iter().filter(|rule| rule.acts(Seam::Activation, layer)).count() > 1 {
                factors = factors.max(plan.batch * shape.outputs);
            }
            chain.fused.push(fused);
        }
        chain.before = vec![S::ZERO; largest];
        let with_biases = plan.layers.iter().enumerate().filter(|(layer, _)| chain.rules.iter().any(|rule| rule.acts_on_biases(*layer)));
        chain.bias_before = vec![S::ZERO; with_biases.map(|(_, shape)| shape.outputs).max().unwrap_or(0)];
        chain.factors = vec![S::ZERO; factors];
        chain.may_spoil = chain.has_foreign();
        chain
    }

    /// The same chain with every rule's separate hooks instead of fused passes; the plain form that tests compare with.
    #[must_use]
    pub fn unfused(mut self, plan: &Plan) -> Self {
        self.is_fusing = false;
        self.fused.fill(None);
        self.before = vec![S::ZERO; plan.layers.iter().map(|shape| shape.weights()).max().unwrap_or(0)];
        self
    }

    /// The only rule at the seams 4 and 5 of this layer, if it acts at seam 5 and has a fused form for plain gradient descent.
    fn fused_rule(&self, layer: usize) -> Option<usize> {
        // A changed gradient must be seen before the update, which refuses numbers that are not finite.
        if self.acts(Seam::Gradient, layer) {
            return None;
        }
        let mut acting = self.rules.iter().enumerate().filter(|(_, rule)| rule.acts(Seam::AfterUpdate, layer));
        match (acting.next(), acting.next()) {
            (Some((index, rule)), None) if rule.is_fused(layer) && self.optimizer.is_gradient_descent() && self.is_fusing => Some(index),
            _ => None,
        }
    }

    /// Names of the rules, in order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.rules.iter().map(|rule| rule.entry().name)
    }

    /// The rules, in order.
    pub fn rules(&self) -> &[Box<dyn Rule<S>>] {
        &self.rules
    }

    /// The rules, in order, to restore their state.
    pub fn rules_mut(&mut self) -> &mut [Box<dyn Rule<S>>] {
        &mut self.rules
    }

    /// The optimizer.
    pub fn optimizer(&self) -> &dyn Optimizer<S> {
        self.optimizer.as_ref()
    }

    /// The optimizer, to restore its state.
    pub fn optimizer_mut(&mut self) -> &mut dyn Optimizer<S> {
        self.optimizer.as_mut()
    }

    /// Whether any rule acts at this seam of this layer.
    pub fn acts(&self, seam: Seam, layer: usize) -> bool {
        self.rules.iter().any(|rule| rule.acts(seam, layer))
    }

    /// Seam 1: the product of all rules' factors for a hidden layer's output, `[batch, units]`.
    pub fn activation(&mut self, at: At, batch: usize, units: usize) -> Option<&[S]> {
        let mut acting = self.rules.iter_mut().filter(|rule| rule.acts(Seam::Activation, at.layer));
        let first = acting.by_ref().find_map(|rule| rule.activation(at, batch, units))?;
        let Some(second) = acting.by_ref().find_map(|rule| rule.activation(at, batch, units)) else { return Some(first) };
        let product = &mut self.factors[..batch * units];
        product.copy_from_slice(first);
        for factors in std::iter::once(second).chain(acting.filter_map(|rule| rule.activation(at, batch, units))) {
            product.iter_mut().zip(factors).for_each(|(value, factor)| *value *= *factor);
        }
        Some(product)
    }

    /// What the outputs of a hidden layer are multiplied with in evaluation: the product over all rules.
    pub fn evaluation_factor(&self, layer: usize) -> S {
        self.rules.iter().fold(S::ONE, |product, rule| product * rule.evaluation_factor(layer))
    }

    /// Seam 2: the weights to use in this step; the first rule that has a view gives it.
    pub fn weight_view(&mut self, at: At, weight: &[S]) -> Option<&[S]> {
        let mut acting = self.rules.iter_mut().filter(|rule| rule.acts(Seam::WeightView, at.layer));
        acting.find_map(|rule| rule.weight_view(at, weight))
    }

    /// What carries the error signal of a layer to the layer below instead of its weights; the first rule that says so decides.
    pub fn feedback(&mut self, at: At) -> Option<Feedback<'_, S>> {
        let mut acting = self.rules.iter_mut().filter(|rule| rule.acts(Seam::Feedback, at.layer));
        acting.find_map(|rule| rule.feedback(at))
    }

    /// Seam 3: lets the rules of one kind of propagation change the error signal.
    pub fn error_signal(&mut self, at: At, propagation: Propagation, signal: &mut ErrorSignal<'_, S>) {
        for rule in &mut self.rules {
            if rule.acts(Seam::ErrorSignal, at.layer) && rule.propagation() == propagation {
                rule.error_signal(at, signal);
            }
        }
    }

    /// Seam 4: lets the rules change the gradient.
    pub fn gradient(&mut self, at: At, weight: &[S], grad: &mut [S]) {
        for rule in self.rules.iter_mut().filter(|rule| rule.acts(Seam::Gradient, at.layer)) {
            rule.gradient(at, weight, grad);
        }
    }

    /// The optimizer's update of a weight matrix and seam 5.
    pub fn update(&mut self, at: At, learning_rate: S, weight: &mut [S], grad: &[S]) {
        if let Some(index) = self.fused[at.layer] {
            self.rules[index].fused_update(at, learning_rate, weight, grad);
            return;
        }
        let slot = 2 * at.layer;
        if !self.rules.iter().any(|rule| rule.acts(Seam::AfterUpdate, at.layer)) {
            self.optimizer.update(slot, at.step, learning_rate, weight, grad);
            return;
        }
        let before = &mut self.before[..weight.len()];
        before.copy_from_slice(weight);
        self.optimizer.update(slot, at.step, learning_rate, weight, grad);
        for rule in self.rules.iter_mut().filter(|rule| rule.acts(Seam::AfterUpdate, at.layer)) {
            rule.after_update(at, before, weight);
        }
    }

    /// The optimizer's update of a layer's biases, and seam 5 for them.
    pub fn update_bias(&mut self, at: At, learning_rate: S, bias: &mut [S], grad: &[S]) {
        let is_acting = self.rules.iter().any(|rule| rule.acts_on_biases(at.layer));
        if is_acting {
            self.bias_before[..bias.len()].copy_from_slice(bias);
        }
        self.optimizer.update(2 * at.layer + 1, at.step, learning_rate, bias, grad);
        if is_acting {
            for rule in self.rules.iter_mut().filter(|rule| rule.acts_on_biases(at.layer)) {
                rule.after_bias_update(at, &self.bias_before[..bias.len()], bias);
            }
        }
    }

    /// Whether the weights after an update have to be looked at, because a rule or the optimizer does not promise finite numbers.
    pub fn may_spoil(&self) -> bool {
        self.may_spoil
    }

    /// Whether something that acts after the update, or the optimizer, does not promise finite numbers.
    fn has_foreign(&self) -> bool {
        let layers = 0..self.fused.len();
        let acts = |rule: &dyn Rule<S>| layers.clone().any(|layer| rule.acts(Seam::AfterUpdate, layer) || rule.acts_on_biases(layer));
        !self.optimizer.entry().stays_finite || self.rules.iter().any(|rule| !rule.entry().stays_finite && acts(rule.as_ref()))
    }

    /// What every rule counted since the last call, by rule.
    pub fn measures(&mut self, weights: &[&[S]]) -> Vec<(&'static str, Vec<Measure>)> {
        self.rules.iter_mut().map(|rule| (rule.entry().name, rule.measures(weights))).filter(|(_, measures)| !measures.is_empty()).collect()
    }
}

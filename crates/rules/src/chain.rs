//! A chain of rules, in the given order, around one optimizer.
//!
//! At every seam the rules act in the order in which they were given. The optimizer is between the
//! seams "gradient" and "weight after the update". If plain gradient descent is combined with
//! exactly one rule with a fused update, that does the update in one pass over memory; the result
//! is bit-identical.

use crate::entry::{Buildable, Built};
use crate::{
    At, Error, Feedback, GradientDescent, Memory, Metric, Optimizer, ParamShape, Params, Plan,
    Propagation, Rule, RuleSettings, Scalar, Seam, find,
};

/// Rejects two rules that determine the same thing in the same layer.
fn check_excluding<S: Scalar>(rules: &[Box<dyn Rule<S>>], plan: &Plan) -> Result<(), Error> {
    for layer in 0..plan.layers() {
        let mut decided: Vec<(&'static str, &'static str)> = Vec::new();
        for rule in rules {
            let acts = |seam: Seam| plan.in_layer(seam, layer).any(|id| rule.acts(seam, id));
            let by_seam = [
                (Seam::WeightView, "the weights used in a step"),
                (Seam::Feedback, "the backward weights"),
            ];
            let by_seam = by_seam
                .into_iter()
                .filter(|(seam, _)| acts(*seam))
                .map(|(_, what)| what);
            let by_rule = rule
                .entry()
                .decides
                .filter(|_| Seam::ALL.into_iter().any(acts));
            for what in by_seam.chain(by_rule) {
                if let Some((first, _)) = decided.iter().find(|(_, known)| *known == what) {
                    return Err(Error::Excluding {
                        first,
                        second: rule.entry().name,
                        layer: layer + 1,
                        what,
                    });
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
    /// An array before the update, for rules that compare.
    before: Vec<S>,
    /// The product of factors, where several rules act on activations.
    factors: Vec<S>,
    /// For every array, the rule that does the whole update; found once.
    fused: Vec<Option<usize>>,
    /// Found once, too.
    may_be_non_finite: bool,
}

impl<S: Buildable> Chain<S> {
    /// Builds a chain from settings; without an optimizer among them it is plain gradient descent.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownRule`], [`Error::UnknownParameter`], [`Error::OutOfRange`],
    /// [`Error::NoSuchLayer`], [`Error::Repeated`], [`Error::TwoOptimizers`].
    pub fn from_settings(settings: &[RuleSettings], plan: &Plan) -> Result<Self, Error> {
        let mut rules: Vec<Box<dyn Rule<S>>> = Vec::new();
        let mut optimizer: Option<Box<dyn Optimizer<S>>> = None;
        for one in settings {
            match find(&one.name)?.build::<S>(one, plan)? {
                Built::Rule(rule) => {
                    if rules
                        .iter()
                        .any(|known| known.entry().name == rule.entry().name)
                    {
                        return Err(Error::Repeated {
                            rule: rule.entry().name,
                        });
                    }
                    rules.push(rule);
                }
                Built::Optimizer(made) => {
                    if let Some(first) = optimizer {
                        return Err(Error::TwoOptimizers {
                            first: first.entry().name,
                            second: made.entry().name,
                        });
                    }
                    optimizer = Some(made);
                }
            }
        }
        check_excluding(&rules, plan)?;
        Ok(Self::new(
            plan,
            rules,
            optimizer.unwrap_or_else(|| Box::new(GradientDescent)),
        ))
    }
}

impl<S: Scalar> Chain<S> {
    /// The memory of a chain with these settings, before it is built: the state of its rules and
    /// its own buffers.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownRule`].
    pub fn memory(settings: &[RuleSettings], plan: &Plan) -> Result<Memory, Error> {
        let entries = settings
            .iter()
            .map(|one| find(&one.name))
            .collect::<Result<Vec<_>, _>>()?;
        let acting = |seam: Seam| {
            entries
                .iter()
                .filter(|entry| entry.seams.contains(&seam))
                .count()
        };
        let number = size_of::<S>() as u64;
        let before = if acting(Seam::AfterUpdate) > 0 {
            number * plan.largest_param()
        } else {
            0
        };
        // What a network keeps of views.
        let views = if acting(Seam::WeightView) > 0 {
            number * plan.parameters()
        } else {
            0
        };
        let factors = if acting(Seam::Activation) > 1 {
            plan.largest_activation().saturating_mul(number)
        } else {
            0
        };
        let own = Memory {
            saved: 0,
            other: before.saturating_add(views).saturating_add(factors),
        };
        Ok(entries
            .iter()
            .map(|entry| (entry.memory)(plan))
            .fold(own, Memory::and))
    }

    /// A chain of these rules around plain gradient descent.
    pub fn with_gradient_descent(plan: &Plan, rules: Vec<Box<dyn Rule<S>>>) -> Self {
        Self::new(plan, rules, Box::new(GradientDescent))
    }

    /// A chain of these rules around this optimizer.
    pub fn new(
        plan: &Plan,
        rules: Vec<Box<dyn Rule<S>>>,
        optimizer: Box<dyn Optimizer<S>>,
    ) -> Self {
        let mut chain = Self {
            rules,
            optimizer,
            before: Vec::new(),
            factors: Vec::new(),
            fused: Vec::new(),
            may_be_non_finite: false,
        };
        chain.fused = (0..plan.params.len())
            .map(|id| chain.fused_rule(id))
            .collect();
        let is_compared = |(id, _): &(usize, &ParamShape)| {
            chain.fused[*id].is_none() && chain.acts(Seam::AfterUpdate, *id)
        };
        let largest = plan
            .params
            .iter()
            .enumerate()
            .filter(is_compared)
            .map(|(_, param)| param.len())
            .max()
            .unwrap_or(0);
        let have_several = |id: usize| {
            chain
                .rules
                .iter()
                .filter(|rule| rule.acts(Seam::Activation, id))
                .count()
                > 1
        };
        let multiplied = plan
            .signals
            .iter()
            .enumerate()
            .filter(|(id, _)| have_several(*id));
        let factors = multiplied
            .map(|(_, signal)| plan.batch * signal.places * signal.units)
            .max()
            .unwrap_or(0);
        (chain.before, chain.factors) = (vec![S::ZERO; largest], vec![S::ZERO; factors]);
        chain.may_be_non_finite = chain.has_foreign();
        chain
    }

    /// The same chain with every rule's separate hooks instead of fused passes; the plain form that
    /// tests compare with.
    #[must_use]
    pub fn unfused(mut self, plan: &Plan) -> Self {
        self.fused.fill(None);
        self.before = vec![S::ZERO; plan.params.iter().map(ParamShape::len).max().unwrap_or(0)];
        self
    }

    /// The only rule at the seams 4 and 5 of this array, if it acts at seam 5 and has a fused form
    /// for plain gradient descent.
    fn fused_rule(&self, id: usize) -> Option<usize> {
        // A changed gradient must be seen before the update, which rejects non-finite numbers.
        if self.acts(Seam::Gradient, id) {
            return None;
        }
        let mut acting = self
            .rules
            .iter()
            .enumerate()
            .filter(|(_, rule)| rule.acts(Seam::AfterUpdate, id));
        match (acting.next(), acting.next()) {
            (Some((index, rule)), None)
                if rule.entry().has_fused_update && self.optimizer.is_gradient_descent() =>
            {
                Some(index)
            }
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

    /// Whether any rule acts at this seam of this signal or array.
    pub fn acts(&self, seam: Seam, id: usize) -> bool {
        self.rules.iter().any(|rule| rule.acts(seam, id))
    }

    /// Seam 1: the product of all rules' factors for the output of hidden units, `[rows, units]`.
    pub fn activation(&mut self, at: At, rows: usize) -> Option<&[S]> {
        let mut acting = self
            .rules
            .iter_mut()
            .filter(|rule| rule.acts(Seam::Activation, at.id));
        let first = acting.by_ref().find_map(|rule| rule.activation(at, rows))?;
        let Some(second) = acting.by_ref().find_map(|rule| rule.activation(at, rows)) else {
            return Some(first);
        };
        let product = &mut self.factors[..first.len()];
        product.copy_from_slice(first);
        for factors in
            std::iter::once(second).chain(acting.filter_map(|rule| rule.activation(at, rows)))
        {
            product
                .iter_mut()
                .zip(factors)
                .for_each(|(value, factor)| *value *= *factor);
        }
        Some(product)
    }

    /// What the outputs of a signal are multiplied with in evaluation: the product over all rules.
    pub fn evaluation_factor(&self, signal: usize) -> S {
        self.rules.iter().fold(S::ONE, |product, rule| {
            product * rule.evaluation_factor(signal)
        })
    }

    /// Seam 2: writes the weights to use in this step; whether a rule did, which is at most one.
    pub fn weight_view(&mut self, at: At, weight: &[S], view: &mut [S]) -> bool {
        let acting = self
            .rules
            .iter_mut()
            .find(|rule| rule.acts(Seam::WeightView, at.id));
        acting
            .map(|rule| rule.weight_view(at, weight, view))
            .is_some()
    }

    /// What carries an error signal to the layer below instead of these weights; the first rule
    /// that says so decides.
    pub fn feedback(&mut self, at: At) -> Option<Feedback<'_, S>> {
        let mut acting = self
            .rules
            .iter_mut()
            .filter(|rule| rule.acts(Seam::Feedback, at.id));
        acting.find_map(|rule| rule.feedback(at))
    }

    /// Seam 3: lets the rules of one kind of propagation change an error signal, `[rows, units]`.
    pub fn error_signal(
        &mut self,
        at: At,
        propagation: Propagation,
        values: &mut [S],
        params: &dyn Params<S>,
    ) {
        for rule in &mut self.rules {
            if rule.acts(Seam::ErrorSignal, at.id) && rule.propagation() == propagation {
                rule.error_signal(at, values, params);
            }
        }
    }

    /// Seam 4: lets the rules change the gradient.
    pub fn gradient(&mut self, at: At, weight: &[S], grad: &mut [S]) {
        for rule in self
            .rules
            .iter_mut()
            .filter(|rule| rule.acts(Seam::Gradient, at.id))
        {
            rule.gradient(at, weight, grad);
        }
    }

    /// The optimizer's update of a trained array, and seam 5.
    pub fn update(&mut self, at: At, learning_rate: S, weight: &mut [S], grad: &[S]) {
        if let Some(index) = self.fused[at.id] {
            self.rules[index].fused_update(at, learning_rate, weight, grad);
            return;
        }
        if !self.acts(Seam::AfterUpdate, at.id) {
            self.optimizer.update(at, learning_rate, weight, grad);
            return;
        }
        let before = &mut self.before[..weight.len()];
        before.copy_from_slice(weight);
        self.optimizer.update(at, learning_rate, weight, grad);
        for rule in self
            .rules
            .iter_mut()
            .filter(|rule| rule.acts(Seam::AfterUpdate, at.id))
        {
            rule.after_update(at, before, weight);
        }
    }

    /// Whether the weights must be checked after an update, because a rule or the optimizer does
    /// not guarantee finite numbers.
    pub fn may_be_non_finite(&self) -> bool {
        self.may_be_non_finite
    }

    /// Whether a rule that acts after the update, or the optimizer, does not guarantee finite
    /// numbers.
    fn has_foreign(&self) -> bool {
        let acts =
            |rule: &dyn Rule<S>| (0..self.fused.len()).any(|id| rule.acts(Seam::AfterUpdate, id));
        !self.optimizer.entry().stays_finite
            || self
                .rules
                .iter()
                .any(|rule| !rule.entry().stays_finite && acts(rule.as_ref()))
    }

    /// The metrics of all rules since the last call, by rule.
    pub fn metrics(&mut self, params: &dyn Params<S>) -> Vec<(&'static str, Vec<Metric>)> {
        self.rules
            .iter_mut()
            .map(|rule| (rule.entry().name, rule.metrics(params)))
            .filter(|(_, metrics)| !metrics.is_empty())
            .collect()
    }
}

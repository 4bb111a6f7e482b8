//! The training loop.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use spinet_data::{Dataset, Samples, Standardisation};
use spinet_nn::{Kernel, Network, Threads, Workspace};
use spinet_rules::{Chain, ParamShape, Plan};

use crate::batches::Batches;
use crate::stopping::{self, Best, Stopping};
use crate::{Error, Evaluation, Model, Scored, Scorer, TrainConfig, memory};

/// The position of a run: all of its state except arrays.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Completed epochs.
    pub epoch: usize,
    /// Completed steps of the current epoch.
    pub batch: usize,
    /// Completed steps since the start.
    pub step: u64,
    /// Sum of the loss over the samples of the current epoch so far.
    pub loss_sum: f64,
    /// Mean loss over the last completed epoch.
    pub train_loss: Option<f64>,
    /// With early stopping, the epoch with the lowest loss so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best: Option<Best>,
    /// Every evaluation so far.
    pub curve: Vec<Evaluation>,
}

/// What [`Trainer::advance`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advance {
    /// Evaluated the network; the evaluation is the last of [`Trainer::curve`].
    Evaluated,
    /// Made one step.
    Stepped,
    /// Nothing: the run has finished.
    Finished,
}

/// Most samples of a step that is timed for an estimate.
const MOST_TIMED: usize = 256;

/// One run: a network, its rules and its position in training.
pub struct Trainer {
    config: TrainConfig,
    train: Samples,
    test: Samples,
    stopping: Option<Stopping>,
    /// How pixels are standardized, if by constants of the training set that the run began with.
    standardisation: Option<Standardisation>,
    kernel: Kernel,
    network: Network<f32>,
    chain: Chain<f32>,
    workspace: Workspace<f32>,
    scorer: Scorer,
    batches: Batches,
    /// Maximum batch size, for which everything was allocated.
    most: usize,
    /// Steps of an epoch of the samples that the run began with, by which rules and schedules
    /// count.
    epoch_steps: u64,
    /// The epoch whose order `batches` holds.
    shuffled: Option<usize>,
    position: Position,
}

/// Rejects data without samples, or whose training and test sets are of different kinds.
fn check_samples(data: &Dataset) -> Result<(), Error> {
    for (what, samples) in [("training", &data.train), ("test", &data.test)] {
        if samples.is_empty() {
            return Err(Error::NoSamples {
                data: data.name.clone(),
                what,
            });
        }
    }
    if data.test.image() != data.train.image() {
        return Err(Error::Features {
            expected: data.train.features(),
            found: data.test.features(),
        });
    }
    Ok(())
}

/// Puts the weights and biases of another model in the place of the initial ones, where they have
/// the same name and shape.
fn warm_start(config: &TrainConfig, network: &mut Network<f32>) -> Result<(), Error> {
    let Some(path) = &config.init else {
        return Ok(());
    };
    let refuse = |message: String| {
        Err(Error::Model {
            path: path.into(),
            message,
        })
    };
    let model = Model::read(Path::new(path))?;
    if (config.init_sha256.as_ref()).is_some_and(|digest| *digest != model.arrays_sha256()) {
        return refuse("is not the model that the run was started from".to_owned());
    }
    let other = model.network.plan(1, 0).params;
    let mut taken = 0;
    for (id, param) in network.plan(1, 0).params.iter().enumerate() {
        let is_same = |found: &&ParamShape| {
            (&found.name, found.rows, found.columns) == (&param.name, param.rows, param.columns)
        };
        if let Some(found) = other.iter().find(is_same)
            && let Some(from) = other.iter().position(|param| param.name == found.name)
        {
            let numbers = model.network.params().get(from);
            network.params_mut().get_mut(id).copy_from_slice(numbers);
            taken += 1;
        }
    }
    if taken == 0 {
        return refuse("no layer has the name and shape of one of the new network".to_owned());
    }
    Ok(())
}

impl Trainer {
    /// Draws the initial weights and allocates everything the run needs.
    ///
    /// # Errors
    ///
    /// What is wrong with the configuration, does not fit the data, or takes more memory than is
    /// available.
    pub fn new(config: &TrainConfig, data: &Dataset, threads: Threads) -> Result<Self, Error> {
        config.check()?;
        check_samples(data)?;
        let config = &config.for_target(&data.target);
        config.check_target(&data.target)?;
        memory::check_run(config, data, threads.count())?;
        let mut network = Network::new(
            &config.network(data.train.image(), data.outputs())?,
            config.seed,
        )?;
        warm_start(config, &mut network)?;
        if config.augments() && (data.train.bytes().is_none() || data.train.shape()[0] == 1) {
            return Err(Error::OutOfRange {
                setting: if config.shift > 0 { "shift" } else { "flip" },
                expected: "left out for data that are not images",
                found: format!("set for `{}`", data.name),
            });
        }
        let standardisation = config.standardize.constants(&data.train)?;
        let (train, stopping) = stopping::divided(config, data)?;
        let batch = config.batch.min(train.len());
        let weights = config.class_weight.of_samples(&train, &data.class_names)?;
        let batches = Batches::new(&train, batch, config.seed)
            .augmented(config, train.image())
            .weighted(weights);
        let epoch_steps = batches.count() as u64;
        let plan = Plan {
            epoch_steps,
            epochs: config.epochs as u64,
            ..network.plan(batch, config.seed)
        };
        let chain = Chain::from_settings(&config.rules, &plan)?;
        let kernel = config.running_kernel()?;
        let standardizer = config.standardize.standardizer(standardisation.as_ref());
        let workspace = Workspace::with_kernel(&network, batch, threads.clone(), kernel)?;
        Ok(Self {
            // The class is what the numbers depend on.
            config: TrainConfig {
                kernel: kernel.class(),
                ..config.clone()
            },
            train,
            test: data.test.clone(),
            stopping,
            kernel,
            scorer: Scorer::standardized(&network, threads, kernel, standardizer.as_ref())?,
            workspace: workspace
                .standardized(&network, standardizer)?
                .clipped(config.clip_norm),
            standardisation,
            batches,
            most: batch,
            epoch_steps,
            network,
            chain,
            shuffled: None,
            position: Position::default(),
        })
    }

    /// The kernel that runs: `f32`, `amx`, `vnni` or `portable`.
    pub fn kernel(&self) -> Kernel {
        self.kernel
    }

    /// The configuration, with the class of the kernel that runs: [`Kernel::Exact`] or
    /// [`Kernel::F32`].
    pub fn config(&self) -> &TrainConfig {
        &self.config
    }

    /// The network as it is.
    pub fn network(&self) -> &Network<f32> {
        &self.network
    }

    /// The network that is evaluated and stored: where a rule scales activations at test time, the
    /// weights above them are scaled.
    pub fn evaluated_network(&self) -> Cow<'_, Network<f32>> {
        let mut network = Cow::Borrowed(&self.network);
        for layer in 1..self.network.weighted_layers() {
            let factor = self.chain.evaluation_factor(layer - 1);
            if factor != 1.0 {
                network
                    .to_mut()
                    .weight_mut(layer)
                    .iter_mut()
                    .for_each(|weight| *weight *= factor);
            }
        }
        network
    }

    /// How pixels are standardized, if by constants.
    pub fn standardisation(&self) -> Option<&Standardisation> {
        self.standardisation.as_ref()
    }

    /// The rules with their state.
    pub fn chain(&self) -> &Chain<f32> {
        &self.chain
    }

    /// Completed epochs.
    pub fn epoch(&self) -> usize {
        self.position.epoch
    }

    /// The position of the run.
    pub fn position(&self) -> &Position {
        &self.position
    }

    /// Every evaluation so far.
    pub fn curve(&self) -> &[Evaluation] {
        &self.position.curve
    }

    /// What is wrong with a place of this run that was read, in words.
    pub(crate) fn check(&self, position: &Position) -> Result<(), String> {
        let Position {
            epoch,
            batch,
            step,
            loss_sum,
            train_loss,
            best,
            curve,
        } = position;
        let (epochs, count, every) = (
            self.config.epochs,
            self.batches.count(),
            self.config.evaluate_every,
        );
        if *epoch > epochs || *batch >= count || (*epoch == epochs && *batch > 0) {
            return Err(format!(
                "position out of range: epoch {epoch}, step {batch}, expected a run of {epochs} epochs of {count} steps"
            ));
        }
        if u64::try_from(*epoch * count + *batch) != Ok(*step) {
            return Err(format!(
                "inconsistent position: {step} steps, but {epoch} epochs of {count} steps and {batch} more"
            ));
        }
        if !loss_sum.is_finite() || train_loss.is_some_and(|loss| !loss.is_finite()) {
            return Err("its loss is not finite".to_owned());
        }
        if best.is_some() && self.stopping.is_none()
            || best.is_some_and(|best| best.epoch > *epoch || !best.loss.is_finite())
        {
            return Err("its best epoch does not match its position".to_owned());
        }
        let due = epoch / every + 1 + usize::from(*epoch == epochs && !epoch.is_multiple_of(every));
        // The evaluation of the last epoch that is done may be still to come.
        let may_miss_one = *batch == 0 && self.config.is_evaluated(*epoch);
        let is_due = |(index, evaluation): (usize, &Evaluation)| {
            evaluation.epoch == index.saturating_mul(every).min(epochs)
        };
        if !(curve.len() == due || may_miss_one && curve.len() + 1 == due)
            || !curve.iter().enumerate().all(is_due)
        {
            return Err(format!(
                "its {} evaluations do not match {epoch} epochs evaluated every {every}",
                curve.len()
            ));
        }
        Ok(())
    }

    /// About the time that a run of this configuration takes from the first epoch to the last, from
    /// two steps of a copy of the network; none if they diverge or there is too little memory for the
    /// copy.
    ///
    /// # Errors
    ///
    /// [`Error::Network`].
    pub fn estimated_time(&self) -> Result<Option<Duration>, Error> {
        let most = self.most.min(MOST_TIMED);
        if !memory::has_room_for_steps(&self.config, &self.train, &self.network, most)? {
            return Ok(None);
        }
        let mut network = self.network.clone();
        let plan = network.plan(most, self.config.seed);
        let mut chain = Chain::from_settings(&self.config.rules, &plan)?;
        let threads = self.workspace.threads().clone();
        let standardizer = (self.config.standardize).standardizer(self.standardisation.as_ref());
        let mut workspace = Workspace::with_kernel(&network, most, threads, self.kernel)?
            .standardized(&network, standardizer)?;
        let mut batches = Batches::new(&self.train, most, self.config.seed)
            .augmented(&self.config, self.train.image());
        let rate = self.config.rate(0, self.epoch_steps);
        let mut took = Duration::ZERO;
        for step in 0..2 {
            let started = Instant::now();
            let batch = batches.batch(&self.train, 0);
            let result = workspace.step(&mut network, &mut chain, &batch, rate, step);
            if result.is_err() {
                return Ok(None);
            }
            took = started.elapsed();
        }
        let evaluations = (self.config.epochs / self.config.evaluate_every + 1) as f64;
        // A forward pass is a third of a step.
        let samples = (self.config.epochs * self.train.len()) as f64
            + evaluations * self.test.len() as f64 / 3.0;
        Ok(Some(took.mul_f64(samples / most as f64)))
    }

    /// The network with the lowest loss so far, with early stopping, while training goes on.
    pub(crate) fn best_network(&self) -> Option<&Network<f32>> {
        self.stopping.as_ref()?.best.as_ref()
    }

    /// Restores the position of another run; `best` is the network of its best epoch, if training
    /// has not stopped.
    pub(crate) fn restore(
        &mut self,
        network: Network<f32>,
        best: Option<Network<f32>>,
        position: Position,
    ) {
        if let Some(stopping) = &mut self.stopping {
            stopping.best = best;
        }
        self.network = network;
        self.position = position;
        self.shuffled = None;
    }

    /// The rules, to restore their state.
    pub(crate) fn chain_mut(&mut self) -> &mut Chain<f32> {
        &mut self.chain
    }

    /// Continues with other samples of the same kind from the next epoch on, as when tasks come one
    /// after the other. Network, rules, constants of standardized pixels and the count of steps
    /// stay; rules and schedules continue to count epochs by the samples that the run began with.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] in the middle of an epoch or for a class that the network has not;
    /// [`Error::NoSamples`], [`Error::Features`].
    pub fn go_on_with(&mut self, data: &Dataset) -> Result<(), Error> {
        check_samples(data)?;
        if data.train.features() != self.train.features() {
            return Err(Error::Features {
                expected: self.train.features(),
                found: data.train.features(),
            });
        }
        let refuse = |setting, expected, found| {
            Err(Error::OutOfRange {
                setting,
                expected,
                found,
            })
        };
        if self.position.batch > 0 {
            return refuse(
                "samples",
                "changed between two epochs",
                format!("changed after step {} of one", self.position.batch),
            );
        }
        if self.stopping.is_some() {
            return refuse(
                "patience",
                "0 for tasks that come one after the other",
                self.config.patience.to_string(),
            );
        }
        if data.outputs() > self.network.classes() {
            return refuse(
                "classes",
                "at most those of the network",
                data.outputs().to_string(),
            );
        }
        (self.train, self.test, self.shuffled) = (data.train.clone(), data.test.clone(), None);
        let weights = (self.config.class_weight).of_samples(&self.train, &data.class_names)?;
        self.batches = Batches::new(&self.train, self.most, self.config.seed)
            .augmented(&self.config, data.train.image())
            .weighted(weights);
        Ok(())
    }

    /// Evaluates if an evaluation is due, else makes one step, unless the run has finished.
    ///
    /// # Errors
    ///
    /// [`Error::Diverged`] in the step in which a number is non-finite; the weights before that
    /// step are kept.
    pub fn advance(&mut self) -> Result<Advance, Error> {
        let Position {
            epoch,
            batch,
            curve,
            ..
        } = &self.position;
        let is_new = curve.last().is_none_or(|last| last.epoch < *epoch);
        if *batch == 0 && self.config.is_evaluated(*epoch) && is_new {
            self.watch_for_stop()?;
            let evaluation = self.evaluate()?;
            self.position.curve.push(evaluation);
            return Ok(Advance::Evaluated);
        }
        if *epoch >= self.config.epochs || self.has_stopped() {
            return Ok(Advance::Finished);
        }
        self.step()?;
        Ok(Advance::Stepped)
    }

    /// Whether early stopping has ended the run.
    pub fn has_stopped(&self) -> bool {
        (self.position.best).is_some_and(|best| best.has_stopped)
    }

    /// With early stopping: notes the loss on the samples held out for it, and puts the weights with
    /// the lowest one back when training ends.
    fn watch_for_stop(&mut self) -> Result<(), Error> {
        let evaluated = self.evaluated_network().into_owned();
        let Some(stopping) = &mut self.stopping else {
            return Ok(());
        };
        let loss = self.scorer.score(&evaluated, &stopping.samples)?.loss;
        let epoch = self.position.epoch;
        let end = (self.config.patience, epoch == self.config.epochs);
        let (best, kept) = stopping.observe(self.position.best, (epoch, loss), &self.network, end);
        self.position.best = Some(best);
        if let Some(network) = kept {
            self.network = network;
        }
        Ok(())
    }

    fn step(&mut self) -> Result<(), Error> {
        let Position {
            epoch, batch, step, ..
        } = self.position;
        if self.shuffled != Some(epoch) {
            self.batches.shuffle(epoch);
            self.shuffled = Some(epoch);
        }
        let learning_rate = self.config.rate(step, self.epoch_steps);
        let chosen = self.batches.batch(&self.train, batch);
        let samples = chosen.targets.len();
        let loss = self.workspace.step(
            &mut self.network,
            &mut self.chain,
            &chosen,
            learning_rate,
            step,
        );
        let loss = loss.map_err(|diverged| Error::Diverged {
            epoch,
            step: diverged.step,
            loss: diverged.loss,
            place: diverged.place,
            learning_rate,
        })?;
        let position = &mut self.position;
        position.loss_sum += loss * samples as f64;
        position.step += 1;
        position.batch += 1;
        if position.batch == self.batches.count() {
            position.train_loss = Some(position.loss_sum / self.train.len() as f64);
            (position.batch, position.loss_sum) = (0, 0.0);
            position.epoch += 1;
        }
        Ok(())
    }

    /// Accuracy or R2, and loss on the test set, and the metrics of the rules since the last evaluation.
    ///
    /// # Errors
    ///
    /// None for a trainer made by [`new`](Self::new).
    pub fn evaluate(&mut self) -> Result<Evaluation, Error> {
        let Scored { loss, measure } = self.scorer.score(&self.evaluated_network(), &self.test)?;
        let mut rules = BTreeMap::new();
        for (rule, metrics) in self.chain.metrics(self.network.params()) {
            let totals = metrics
                .iter()
                .map(|measure| (measure.name.to_owned(), measure.total()));
            rules.insert(rule.to_owned(), totals.collect());
        }
        let Position {
            epoch,
            step,
            train_loss,
            ..
        } = self.position;
        Ok(Evaluation {
            epoch,
            step,
            train_loss,
            test_loss: loss,
            measure,
            rules,
        })
    }

    /// Trains to the last epoch; `watch` sees every evaluation, and all of them are returned.
    ///
    /// # Errors
    ///
    /// [`Error::Diverged`].
    pub fn run(&mut self, watch: &mut dyn FnMut(&Evaluation)) -> Result<Vec<Evaluation>, Error> {
        loop {
            match self.advance()? {
                Advance::Evaluated => self.position.curve.last().into_iter().for_each(&mut *watch),
                Advance::Stepped => {}
                Advance::Finished => return Ok(self.position.curve.clone()),
            }
        }
    }
}

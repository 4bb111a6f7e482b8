//! The training loop.

use std::collections::BTreeMap;

use spinet_data::{Dataset, Samples};
use spinet_nn::{Kernel, Network, Threads, Workspace};
use spinet_rules::Chain;

use crate::batches::Batches;
use crate::{Error, Evaluation, Scorer, TrainConfig};

/// One run: a network, its rules and its place in training.
pub struct Trainer {
    config: TrainConfig,
    train: Samples,
    test: Samples,
    kernel: Kernel,
    network: Network<f32>,
    chain: Chain<f32>,
    workspace: Workspace<f32>,
    scorer: Scorer,
    batches: Batches,
    epoch: usize,
    step: u64,
    train_loss: Option<f64>,
}

impl Trainer {
    /// Draws the initial weights and allocates everything the run needs.
    ///
    /// # Errors
    ///
    /// What is wrong with the configuration, or does not fit the data.
    pub fn new(config: &TrainConfig, data: &Dataset, threads: Threads) -> Result<Self, Error> {
        config.check()?;
        for (what, samples) in [("training", &data.train), ("test", &data.test)] {
            if samples.is_empty() {
                return Err(Error::NoSamples { data: data.name.clone(), what });
            }
        }
        if data.test.features() != data.train.features() {
            return Err(Error::Features { expected: data.train.features(), found: data.test.features() });
        }
        let network = Network::new(&config.network(data.train.features(), data.classes()), config.seed)?;
        let batch = config.batch.min(data.train.len());
        let chain = Chain::from_settings(&config.rules, &network.plan(batch, config.seed))?;
        let kernel = config.kernel.resolve()?;
        Ok(Self {
            // The class is what the numbers depend on.
            config: TrainConfig { kernel: kernel.class(), ..config.clone() },
            train: data.train.clone(),
            test: data.test.clone(),
            kernel,
            workspace: Workspace::with_kernel(&network, batch, threads.clone(), kernel)?,
            scorer: Scorer::new(&network, threads, kernel)?,
            batches: Batches::new(&data.train, batch, config.seed),
            network,
            chain,
            epoch: 0,
            step: 0,
            train_loss: None,
        })
    }

    /// The kernel that runs: `f32`, `amx`, `vnni` or `portable`.
    pub fn kernel(&self) -> Kernel {
        self.kernel
    }

    /// What was chosen, with the class of the kernel that runs: [`Kernel::Exact`] or [`Kernel::F32`].
    pub fn config(&self) -> &TrainConfig {
        &self.config
    }

    /// The network as it is.
    pub fn network(&self) -> &Network<f32> {
        &self.network
    }

    /// The rules with their state.
    pub fn chain(&self) -> &Chain<f32> {
        &self.chain
    }

    /// Epochs done.
    pub fn epoch(&self) -> usize {
        self.epoch
    }

    /// Trains for one epoch.
    ///
    /// # Errors
    ///
    /// [`Error::Diverged`] in the step in which a number is no longer finite; the weights are those before that step.
    pub fn train_epoch(&mut self) -> Result<(), Error> {
        self.batches.shuffle(self.epoch);
        let mut loss_sum = 0.0;
        for batch in 0..self.batches.count() {
            let batch = self.batches.batch(&self.train, batch);
            let samples = batch.labels.len();
            let loss = self.workspace.step(&mut self.network, &mut self.chain, &batch, self.config.learning_rate, self.step);
            let loss = loss.map_err(|diverged| Error::Diverged {
                epoch: self.epoch,
                step: diverged.step,
                loss: diverged.loss,
                place: diverged.place,
                learning_rate: self.config.learning_rate,
            })?;
            loss_sum += loss * samples as f64;
            self.step += 1;
        }
        self.train_loss = Some(loss_sum / self.train.len() as f64);
        self.epoch += 1;
        Ok(())
    }

    /// Accuracy and loss on the test samples, and what the rules counted since the last evaluation.
    ///
    /// # Errors
    ///
    /// None for a trainer made by [`new`](Self::new).
    pub fn evaluate(&mut self) -> Result<Evaluation, Error> {
        let (test_loss, accuracy) = self.scorer.score(&self.network, &self.test)?;
        let mut rules = BTreeMap::new();
        for (rule, measures) in self.chain.measures(&self.network.weights()) {
            let totals = measures.iter().map(|measure| (measure.name.to_owned(), measure.total()));
            rules.insert(rule.to_owned(), totals.collect());
        }
        Ok(Evaluation { epoch: self.epoch, step: self.step, train_loss: self.train_loss, test_loss, accuracy, rules })
    }

    /// Trains to the last epoch; `watch` sees every evaluation, and all of them are returned.
    ///
    /// # Errors
    ///
    /// [`Error::Diverged`].
    pub fn run(&mut self, watch: &mut dyn FnMut(&Evaluation)) -> Result<Vec<Evaluation>, Error> {
        let mut curve = Vec::new();
        loop {
            if self.config.is_evaluated(self.epoch) {
                let evaluation = self.evaluate()?;
                watch(&evaluation);
                curve.push(evaluation);
            }
            if self.epoch >= self.config.epochs {
                return Ok(curve);
            }
            self.train_epoch()?;
        }
    }
}

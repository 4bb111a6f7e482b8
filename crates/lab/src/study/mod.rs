//! Experiments that are known by a name and are no table of the BDNN-dsd paper: its Figures 3 to 5,
//! those with GRAPES, and the comparison of rules.
//!
//! ```text
//! weights.rs      Figure 3: histograms of the weights after training with each method
//! zeros.rs        Figure 5: zero weights and zero bounds over the epochs, and how many of them stay zero
//! forgetting.rs   tasks learned one after the other: what is left of the first
//! *.toml          the others, as sweeps
//! record.rs       what those that are no sweep show, as numbers
//! draw.rs         the record as SVG
//! ```

mod draw;
mod forgetting;
mod record;
mod weights;
mod zeros;

pub use draw::figure_svg;
pub(crate) use draw::{notes, table};
pub use record::{FigureCurve, FigurePanel, FigureRecord};

use std::path::Path;

use crate::count::plural;
use crate::experiment::{Job, Parts};
use crate::paper::run::{MOST_RUNS, RUNS, check_count, digests};
use crate::{AnyRecord, BUILT_IN, Environment, Error, Experiment, SweepFile, SweepRequest};

/// An experiment with a name that is no table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Study {
    /// Figure 3 of the BDNN-dsd paper.
    Weights,
    /// Figure 4, on 60,000 samples.
    Parameters,
    /// Figure 4, on 1,200 samples.
    ParametersSmall,
    /// Figure 5.
    Zeros,
    /// GRAPES, its control and plain gradient descent on MNIST: accuracy and slowness at equal and
    /// at tuned learning rates.
    GrapesMnist,
    /// The same and BDNN-dsd in networks of two to ten hidden layers.
    GrapesDepth,
    /// GRAPES with every optimizer, and with feedback alignment.
    GrapesOptimizers,
    /// GRAPES and others on permuted MNIST, task after task.
    Forgetting,
    /// The same on split MNIST.
    ForgettingSplit,
    /// Every regulariser and pruner on the sets with 1,200 samples.
    RulesCompared,
}

impl Study {
    /// Every study: the figures of the BDNN-dsd paper, then the others.
    pub const ALL: [Self; 10] = [
        Self::Weights,
        Self::Parameters,
        Self::ParametersSmall,
        Self::Zeros,
        Self::GrapesMnist,
        Self::GrapesDepth,
        Self::GrapesOptimizers,
        Self::Forgetting,
        Self::ForgettingSplit,
        Self::RulesCompared,
    ];

    /// The figures of the BDNN-dsd paper.
    pub const FIGURES: [Self; 4] = [
        Self::Weights,
        Self::Parameters,
        Self::ParametersSmall,
        Self::Zeros,
    ];

    /// The word that asks for it on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Weights => "figure3",
            Self::Parameters => "figure4",
            Self::ParametersSmall => "figure4-1200",
            Self::Zeros => "figure5",
            other => other.name(),
        }
    }

    /// Name of its record.
    pub fn name(self) -> &'static str {
        match self {
            Self::Weights => "figure-3",
            Self::Parameters => "figure-4",
            Self::ParametersSmall => "figure-4-1200",
            Self::Zeros => "figure-5",
            Self::GrapesMnist => "grapes-mnist",
            Self::GrapesDepth => "grapes-depth",
            Self::GrapesOptimizers => "grapes-optimizers",
            Self::Forgetting => "grapes-forgetting",
            Self::ForgettingSplit => "grapes-forgetting-split",
            Self::RulesCompared => "rules-compared",
        }
    }

    /// The study that a word asks for.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|study| study.word() == word)
    }

    /// The sweep that it is, if it is one.
    fn sweep_text(self) -> Option<&'static str> {
        match self {
            Self::Parameters => Some(include_str!("figure-4.toml")),
            Self::ParametersSmall => Some(include_str!("figure-4-1200.toml")),
            Self::GrapesMnist => Some(include_str!("grapes-mnist.toml")),
            Self::GrapesDepth => Some(include_str!("grapes-depth.toml")),
            Self::GrapesOptimizers => Some(include_str!("grapes-optimizers.toml")),
            Self::RulesCompared => Some(include_str!("rules-compared.toml")),
            Self::Weights | Self::Zeros | Self::Forgetting | Self::ForgettingSplit => None,
        }
    }
}

/// A study to do.
#[derive(Clone, Debug)]
pub struct StudyRequest {
    /// Which.
    pub study: Study,
    /// Runs of each setting; run k has the seed k.
    pub runs: usize,
    /// Another number of epochs than the study's own.
    pub epochs: Option<usize>,
    /// Whether `epochs` is only a limit, for a smaller run: a tenth of the study's own length, and
    /// no more than this.
    pub is_limit: bool,
    /// How the runs are done.
    pub environment: Environment,
}

/// How many times shorter a smaller run is.
const SMALLER: usize = 10;

impl StudyRequest {
    /// The runs that the study is made of.
    ///
    /// # Errors
    ///
    /// What is wrong with the request.
    pub fn experiment(self) -> Result<Box<dyn Experiment<AnyRecord>>, Error> {
        check_count("runs", self.runs, MOST_RUNS)?;
        if self.epochs == Some(0) {
            return Err(spinet_train::Error::OutOfRange {
                setting: "epochs",
                expected: "at least 1",
                found: "0".to_owned(),
            }
            .into());
        }
        if let Some(sweep) = self.sweep()? {
            return Ok(Box::new(sweep));
        }
        Ok(match self.study {
            Study::Weights => Box::new(weights::Weights(self)),
            Study::Zeros => Box::new(zeros::Zeros(self)),
            _ => Box::new(forgetting::Forgetting(self)),
        })
    }

    /// The sweep that the study is, if it is one.
    ///
    /// # Errors
    ///
    /// What is wrong with the request.
    pub fn sweep(&self) -> Result<Option<SweepRequest>, Error> {
        let (name, Some(text)) = (self.study.name(), self.study.sweep_text()) else {
            return Ok(None);
        };
        let mut file = SweepFile::parse(text, Path::new(name))?;
        file.seeds = (0..self.runs as u64).collect();
        let own = file.points[0].config.epochs;
        for point in &mut file.points {
            point.config.epochs = self.length(own);
            point.config.check()?;
        }
        Ok(Some(SweepRequest {
            file,
            name: name.to_owned(),
            text: text.to_owned(),
            reduced: self.reduced(own),
            environment: self.environment.clone(),
        }))
    }

    /// The epochs of a run whose own length is this.
    fn length(&self, own: usize) -> usize {
        match self.epochs {
            Some(epochs) if self.is_limit => epochs.min(own.div_ceil(SMALLER)),
            Some(epochs) => epochs,
            None => own,
        }
    }

    /// What every figure's record says of how it was made, whose runs have this length of their own;
    /// the rest is empty.
    fn record(&self, jobs: &[Job], data: &[Parts], own: usize) -> Result<FigureRecord, Error> {
        Ok(FigureRecord {
            figure: self.study.name().to_owned(),
            command: self.environment.command.clone(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
            reduced: self.reduced(own),
            kernel: jobs[0].config.running_kernel()?.class().to_string(),
            seeds: (0..self.runs as u64).collect(),
            digests: data.iter().map(|parts| digests(&parts.whole)).collect(),
            ..FigureRecord::default()
        })
    }

    /// The built-in data.
    fn built_in(&self) -> Result<Vec<Parts>, Error> {
        let data = spinet_data::load(BUILT_IN.data, &self.environment.source)?;
        Ok(vec![Parts::whole(data)])
    }

    /// Ends a study that was asked to stop.
    fn check_stop(&self) -> Result<(), Error> {
        if self.environment.store.safety.stop.is_requested() {
            Err(Error::Stopped)
        } else {
            Ok(())
        }
    }

    /// What makes the study smaller than it is, in words.
    fn reduced(&self, own: usize) -> Option<String> {
        let length = self.length(own);
        let runs =
            (self.runs != RUNS).then(|| format!("{} instead of {RUNS}", plural(self.runs, "run")));
        let epochs =
            (length != own).then(|| format!("{} instead of {own}", plural(length, "epoch")));
        let parts: Vec<String> = runs.into_iter().chain(epochs).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

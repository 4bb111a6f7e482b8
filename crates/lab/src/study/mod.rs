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

use std::collections::BTreeMap;
use std::path::Path;

use spinet_data::{Dataset, Source};
use spinet_nn::Kernel;

use crate::paper::reproduce::MOST_RUNS;
use crate::{AnyRecord, Error, Progress, RunStore, SweepFile, SweepRequest};

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

/// How to make a study.
#[derive(Clone, Debug)]
pub struct StudyRequest {
    /// Runs of each setting; run k has the seed k.
    pub runs: usize,
    /// Another number of epochs than the study's own.
    pub epochs: Option<usize>,
    /// Whether `epochs` is only a limit, for a smaller run: a tenth of the study's own length, and
    /// no more than this.
    pub is_limit: bool,
    /// How products with pixels are computed.
    pub kernel: Kernel,
    /// Threads in all.
    pub threads: usize,
    /// Where runs are kept.
    pub keeping: RunStore,
    /// Where data sets are.
    pub source: Source,
    /// The command, as the record names it.
    pub command: String,
}

/// How many times shorter a smaller run is.
const SMALLER: usize = 10;

/// Runs behind every study.
const RUNS: usize = 5;

impl StudyRequest {
    /// The epochs of a run whose own length is this.
    fn length(&self, own: usize) -> usize {
        match self.epochs {
            Some(epochs) if self.is_limit => epochs.min(own.div_ceil(SMALLER)),
            Some(epochs) => epochs,
            None => own,
        }
    }

    /// What every figure's record says of how it was made; the rest is empty.
    fn record(&self, data: &Dataset, kernel: Kernel, epochs: usize) -> FigureRecord {
        FigureRecord {
            command: self.command.clone(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
            reduced: self.reduced(epochs),
            kernel: kernel.to_string(),
            seeds: (0..self.runs as u64).collect(),
            digests: BTreeMap::from([(
                data.name.clone(),
                [data.train.sha256(), data.test.sha256()],
            )]),
            ..FigureRecord::default()
        }
    }

    /// Ends a study that was asked to stop.
    fn check_stop(&self) -> Result<(), Error> {
        if self.keeping.safety.stop.is_requested() {
            Err(Error::Stopped)
        } else {
            Ok(())
        }
    }

    /// What makes the study smaller than it is, in words.
    fn reduced(&self, epochs: usize) -> Option<String> {
        let mut parts = Vec::new();
        if self.runs != RUNS {
            parts.push(format!(
                "{} instead of {RUNS}",
                crate::count::plural(self.runs, "run")
            ));
        }
        let length = self.length(epochs);
        if length != epochs {
            parts.push(format!(
                "{} instead of {epochs}",
                crate::count::plural(length, "epoch")
            ));
        }
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    /// The sweep that a study is, if it is one; its runs can be shared among machines.
    ///
    /// # Errors
    ///
    /// What is wrong with the request.
    pub fn sweep(&self, study: Study) -> Result<Option<SweepRequest>, Error> {
        if self.runs == 0 || self.runs > MOST_RUNS {
            return Err(Error::Runs {
                setting: "runs",
                low: 1,
                high: MOST_RUNS,
                found: self.runs,
            });
        }
        if self.epochs == Some(0) {
            return Err(spinet_train::Error::OutOfRange {
                setting: "epochs",
                expected: "at least 1",
                found: "0".to_owned(),
            }
            .into());
        }
        let Some(text) = study.sweep_text() else {
            return Ok(None);
        };
        let mut file = SweepFile::parse(text, Path::new(study.name()))?;
        file.seeds = (0..self.runs as u64).collect();
        let own = file.points[0].config.epochs;
        for point in &mut file.points {
            point.config.epochs = self.length(own);
            point.config.check()?;
        }
        Ok(Some(SweepRequest {
            file,
            name: study.name().to_owned(),
            text: text.to_owned(),
            reduced: self.reduced(own),
            kernel: Some(self.kernel),
            threads: self.threads,
            keeping: self.keeping.clone(),
            source: self.source.clone(),
            command: self.command.clone(),
        }))
    }

    /// The work that a study is, in the measure of [`SweepRequest::work`].
    ///
    /// # Errors
    ///
    /// What is wrong with the request.
    pub fn work(&self, study: Study) -> Result<u64, Error> {
        match self.sweep(study)? {
            Some(sweep) => sweep.work(None),
            None => Ok(match study {
                Study::Weights => weights::work(self),
                Study::Zeros => zeros::work(self),
                other => forgetting::work(other, self),
            }),
        }
    }

    /// Runs a study. `advance` is called from any thread with the work done since its last call.
    ///
    /// # Errors
    ///
    /// What is wrong with the request, data that is missing, a run that diverged or was
    /// interrupted.
    pub fn make(
        &self,
        study: Study,
        advance: &(dyn Fn(Progress) + Sync),
    ) -> Result<AnyRecord, Error> {
        match self.sweep(study)? {
            Some(sweep) => Ok(AnyRecord::Sweep(crate::sweep(&sweep, advance)?)),
            None => Ok(AnyRecord::Figure(match study {
                Study::Weights => weights::weights(self, advance)?,
                Study::Zeros => zeros::zeros(self, advance)?,
                other => forgetting::forgetting_of_tasks(other, self, advance)?,
            })),
        }
    }
}

//! Figures 3 to 5 of the BDNN-dsd paper.
//!
//! ```text
//! weights.rs   Figure 3: histograms of the weights after training with each method
//! *.toml       Figure 4: accuracy and L against the three parameters, as a sweep
//! zeros.rs     Figure 5: zero weights and zero bounds over the epochs, and how many of them stay zero
//! record.rs    what Figures 3 and 5 show, as numbers
//! draw.rs      the record as SVG
//! ```

mod draw;
mod record;
mod weights;
mod zeros;

pub(crate) use draw::short;
pub use draw::{figure_markdown, figure_svg, figure_text};
pub use record::{FigureCurve, FigurePanel, FigureRecord};

use std::path::Path;

use spinet_data::Source;
use spinet_nn::Kernel;

use crate::reproduce::MOST_RUNS;
use crate::{Error, Keeping, Progress, SweepFile, SweepRecord, SweepRequest};

/// A figure of the paper that is no table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaperFigure {
    /// Figure 3.
    Weights,
    /// Figure 4, on 60,000 samples.
    Parameters,
    /// Figure 4, on 1,200 samples.
    ParametersSmall,
    /// Figure 5.
    Zeros,
}

impl PaperFigure {
    /// Every figure, in the order of the paper.
    pub const ALL: [Self; 4] = [Self::Weights, Self::Parameters, Self::ParametersSmall, Self::Zeros];

    /// The word that asks for it on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Weights => "figure3",
            Self::Parameters => "figure4",
            Self::ParametersSmall => "figure4-1200",
            Self::Zeros => "figure5",
        }
    }

    /// Name of its record.
    pub fn name(self) -> &'static str {
        match self {
            Self::Weights => "figure-3",
            Self::Parameters => "figure-4",
            Self::ParametersSmall => "figure-4-1200",
            Self::Zeros => "figure-5",
        }
    }

    /// The figure that a word asks for.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|figure| figure.word() == word)
    }

    /// The sweep behind it, if it is one.
    fn sweep_text(self) -> Option<&'static str> {
        match self {
            Self::Parameters => Some(include_str!("figure-4.toml")),
            Self::ParametersSmall => Some(include_str!("figure-4-1200.toml")),
            Self::Weights | Self::Zeros => None,
        }
    }
}

/// How to make a figure.
#[derive(Clone, Debug)]
pub struct FigureRequest {
    /// Runs of each setting; run k has the seed k.
    pub runs: usize,
    /// Another number of epochs than the figure's own.
    pub epochs: Option<usize>,
    /// How products with pixels are computed.
    pub kernel: Kernel,
    /// Threads in all.
    pub threads: usize,
    /// Where runs are kept.
    pub keeping: Keeping,
    /// Where data sets are.
    pub source: Source,
    /// The command, as the record names it.
    pub command: String,
}

/// What a figure was made of.
#[derive(Clone, Debug, PartialEq)]
pub enum FigureData {
    /// Figures 3 and 5.
    Figure(FigureRecord),
    /// Figure 4.
    Sweep(SweepRecord),
}

/// Runs behind every figure.
const RUNS: usize = 5;

impl FigureRequest {
    /// What makes the figure smaller than it is, in words.
    fn reduced(&self, epochs: usize) -> Option<String> {
        let mut parts = Vec::new();
        if self.runs != RUNS {
            parts.push(format!("{} instead of {RUNS}", crate::count::plural(self.runs, "run")));
        }
        if let Some(shorter) = self.epochs.filter(|shorter| *shorter != epochs) {
            parts.push(format!("{} instead of {epochs}", crate::count::plural(shorter, "epoch")));
        }
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    /// The sweep behind a figure, if it is one; its runs can be shared among machines.
    ///
    /// # Errors
    ///
    /// What is wrong with the request.
    pub fn sweep(&self, figure: PaperFigure) -> Result<Option<SweepRequest>, Error> {
        if self.runs == 0 || self.runs > MOST_RUNS {
            return Err(Error::Runs { setting: "runs", low: 1, high: MOST_RUNS, found: self.runs });
        }
        if self.epochs == Some(0) {
            return Err(spinet_train::Error::OutOfRange { setting: "epochs", expected: "at least 1", found: "0".to_owned() }.into());
        }
        let Some(text) = figure.sweep_text() else { return Ok(None) };
        let mut file = SweepFile::parse(text, Path::new(figure.name()))?;
        file.seeds = (0..self.runs as u64).collect();
        let own = file.points[0].config.epochs;
        for point in &mut file.points {
            point.config.epochs = self.epochs.unwrap_or(own);
            point.config.check()?;
        }
        Ok(Some(SweepRequest {
            file,
            name: figure.name().to_owned(),
            text: text.to_owned(),
            reduced: self.reduced(own),
            kernel: Some(self.kernel),
            threads: self.threads,
            keeping: self.keeping.clone(),
            source: self.source.clone(),
            command: self.command.clone(),
        }))
    }

    /// The work that a figure is, in the measure of [`SweepRequest::work`].
    ///
    /// # Errors
    ///
    /// What is wrong with the request.
    pub fn work(&self, figure: PaperFigure) -> Result<u64, Error> {
        match self.sweep(figure)? {
            Some(sweep) => sweep.work(None),
            None if figure == PaperFigure::Weights => Ok(weights::work(self)),
            None => Ok(zeros::work(self)),
        }
    }

    /// Makes a figure; `advance` is told how much work was done since its last call, from any thread.
    ///
    /// # Errors
    ///
    /// What is wrong with the request, data that is missing, a run that diverged or was interrupted.
    pub fn make(&self, figure: PaperFigure, advance: &(dyn Fn(Progress) + Sync)) -> Result<FigureData, Error> {
        match self.sweep(figure)? {
            Some(sweep) => Ok(FigureData::Sweep(crate::sweep(&sweep, advance)?)),
            None if figure == PaperFigure::Weights => Ok(FigureData::Figure(weights::weights(self, advance)?)),
            None => Ok(FigureData::Figure(zeros::zeros(self, advance)?)),
        }
    }
}

//! How far a training run is: a moving line on a terminal, one plain line for every tenth of the
//! epochs elsewhere.

use std::fmt::Write;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use spinet::Evaluation;

use crate::output::Output;
use crate::show::number::{duration, thousands};

const TEMPLATE: &str = "epoch {pos} of {len} [{bar:20}] {msg}  {left} left";

/// The progress of one run.
pub(crate) struct TrainBar {
    bar: ProgressBar,
    epochs: usize,
    tenths_shown: usize,
}

impl TrainBar {
    pub(crate) fn new(epochs: usize) -> Self {
        let bar = ProgressBar::with_draw_target(Some(epochs as u64), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            let left = |state: &ProgressState, text: &mut dyn Write| {
                let _ = text.write_str(&duration(state.eta()));
            };
            bar.set_style(style.progress_chars("=> ").with_key("left", left));
        }
        Self {
            bar,
            epochs,
            tenths_shown: 0,
        }
    }

    /// Shows that so many epochs are done, and the newest evaluation, with its epoch where that is
    /// an earlier one.
    pub(crate) fn show(&mut self, epochs_done: usize, newest: &Evaluation, output: &Output) {
        let Evaluation {
            measure,
            test_loss,
            epoch,
            ..
        } = newest;
        let of_epoch = if *epoch == epochs_done {
            String::new()
        } else {
            format!(" after epoch {}", thousands(*epoch as u64))
        };
        if !self.bar.is_hidden() {
            self.bar.set_position(epochs_done as u64);
            self.bar.set_message(format!(
                "{} {measure}  loss {test_loss:.2}{of_epoch}",
                measure.name()
            ));
            return;
        }
        let tenths = epochs_done.saturating_mul(10) / self.epochs;
        if tenths > self.tenths_shown {
            self.tenths_shown = tenths;
            let (done, all) = (thousands(epochs_done as u64), thousands(self.epochs as u64));
            output.note(&format!(
                "epoch {done} of {all}: {} {measure}, loss {test_loss:.4}{of_epoch}",
                measure.name()
            ));
        }
    }

    /// Takes the moving line away.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

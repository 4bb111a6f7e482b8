//! How far a download is: a moving line on a terminal, one plain line for each file elsewhere.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use spinet::data::FetchProgress;

use crate::output::Output;
use crate::show::number::file_size;

const TEMPLATE: &str = "{prefix} [{bar:20}] {decimal_bytes} of {decimal_total_bytes}  {eta} left";

/// The progress of the files of one dataset.
pub(crate) struct FetchBar {
    bar: ProgressBar,
}

impl FetchBar {
    pub(crate) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style.progress_chars("=> "));
        }
        Self { bar }
    }

    pub(crate) fn show(&self, progress: FetchProgress<'_>, output: &Output) {
        if !self.bar.is_hidden() {
            self.bar.set_prefix(progress.file.to_owned());
            self.bar.set_length(progress.total);
            self.bar.set_position(progress.received);
        } else if progress.received == 0 {
            output.note(&format!(
                "fetching {} ({})",
                progress.file,
                file_size(progress.total)
            ));
        }
    }

    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

//! How far many runs are together: a moving line on a terminal, one plain line for every tenth elsewhere.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::number::duration;
use crate::output::Output;

const TEMPLATE: &str = "{percent:>3} % [{bar:30}] {elapsed} gone, {left} left";

/// The progress of all runs of a command.
pub(crate) struct ReproduceBar {
    bar: ProgressBar,
    all: u64,
    done: AtomicU64,
}

impl ReproduceBar {
    /// A line that is full after `all` units of work.
    pub(crate) fn new(all: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(all), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            let left = |state: &ProgressState, text: &mut dyn Write| {
                let _ = text.write_str(&duration(state.eta()));
            };
            let gone = |state: &ProgressState, text: &mut dyn Write| {
                let _ = text.write_str(&duration(state.elapsed()));
            };
            bar.set_style(style.progress_chars("=> ").with_key("left", left).with_key("elapsed", gone));
        }
        Self { bar, all, done: AtomicU64::new(0) }
    }

    /// So much more is done; called from any thread.
    pub(crate) fn advance(&self, work: u64, output: &Output) {
        let before = self.done.fetch_add(work, Ordering::Relaxed);
        if !self.bar.is_hidden() {
            self.bar.set_position(before + work);
            return;
        }
        let tenth = |done: u64| done.saturating_mul(10) / self.all.max(1);
        if tenth(before + work) > tenth(before) {
            output.note(&format!("{} % done, {} gone", 10 * tenth(before + work), duration(self.bar.elapsed())));
        }
    }

    /// Takes the moving line away.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

//! How far many runs are together: a moving line on a terminal, one plain line for every tenth
//! elsewhere.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use spinet::lab::Progress;

use crate::output::Output;
use crate::show::number::duration;

const TEMPLATE: &str = "{percent:>3} % [{bar:30}] {elapsed} elapsed, {left} left";

/// The progress of all runs of a command.
pub(crate) struct ReproduceBar {
    bar: ProgressBar,
    all: u64,
    behind: AtomicU64,
    found: Arc<AtomicU64>,
}

impl ReproduceBar {
    /// A line that is full after `all` units of work.
    pub(crate) fn new(all: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(all), ProgressDrawTarget::stderr());
        let found = Arc::new(AtomicU64::new(0));
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            let of_left = Arc::clone(&found);
            let rest = move |state: &ProgressState, text: &mut dyn Write| {
                let words = left(
                    state.elapsed(),
                    all,
                    state.pos(),
                    of_left.load(Ordering::Relaxed),
                );
                let _ = text.write_str(&words.map_or_else(|| "?".to_owned(), duration));
            };
            let gone = |state: &ProgressState, text: &mut dyn Write| {
                let _ = text.write_str(&duration(state.elapsed()));
            };
            bar.set_style(
                style
                    .progress_chars("=> ")
                    .with_key("left", rest)
                    .with_key("elapsed", gone),
            );
        }
        Self {
            bar,
            all,
            behind: AtomicU64::new(0),
            found,
        }
    }

    /// So much more is behind the command; called from any thread.
    pub(crate) fn advance(&self, progress: Progress, output: &Output) {
        let work = progress.work();
        if let Progress::Found(work) = progress {
            self.found.fetch_add(work, Ordering::Relaxed);
        }
        let before = self.behind.fetch_add(work, Ordering::Relaxed);
        if !self.bar.is_hidden() {
            self.bar.set_position(before + work);
            return;
        }
        let tenth = |done: u64| done.saturating_mul(10) / self.all.max(1);
        if tenth(before + work) > tenth(before) {
            output.note(&format!(
                "{} % done, {} elapsed",
                10 * tenth(before + work),
                duration(self.bar.elapsed())
            ));
        }
    }

    /// Takes the moving line away.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

/// The time that is left, if work goes on as fast as since the start: what was found done took no
/// time. Unknown before the first piece of work.
fn left(elapsed: Duration, all: u64, behind: u64, found: u64) -> Option<Duration> {
    let done = behind.checked_sub(found).filter(|done| *done > 0)?;
    let times = all.saturating_sub(behind) as f64 / done as f64;
    Duration::try_from_secs_f64(elapsed.as_secs_f64() * times).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_done_does_not_count_as_speed() {
        let minute = Duration::from_mins(1);
        assert_eq!(left(minute, 100, 0, 0), None);
        assert_eq!(left(minute, 100, 50, 50), None);
        assert_eq!(left(minute, 100, 50, 0), Some(minute));
        assert_eq!(left(minute, 100, 60, 50), Some(4 * minute));
        assert_eq!(left(minute, 100, 100, 50), Some(Duration::ZERO));
    }
}

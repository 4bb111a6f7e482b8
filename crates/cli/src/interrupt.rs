//! Ctrl-C and SIGTERM: the first asks every run to save and stop, the second ends the program at once.

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use spinet::Stop;

/// What the program ends with when it was interrupted.
pub(crate) const INTERRUPTED: u8 = 130;

/// The flag that these signals set from now on.
pub(crate) fn stop_on_signals() -> Stop {
    let stop = Stop::default();
    for signal in [SIGINT, SIGTERM] {
        // In this order: the first signal finds the flag unset. Should the system refuse, signals end the program as usual,
        // and the newest checkpoint is a minute old at most.
        let _ = flag::register_conditional_shutdown(signal, i32::from(INTERRUPTED), stop.flag());
        let _ = flag::register(signal, stop.flag());
    }
    stop
}

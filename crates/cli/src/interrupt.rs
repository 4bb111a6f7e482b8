//! Ctrl-C, SIGTERM and a closed terminal (SIGHUP): the first asks every run to save and stop, a
//! second Ctrl-C or SIGTERM ends the program at once.

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use spinet::Stop;

/// What the program ends with when it was interrupted.
pub(crate) const INTERRUPTED: u8 = 130;

/// The flag that these signals set from now on.
pub(crate) fn stop_on_signals() -> Stop {
    let stop = Stop::default();
    for signal in [SIGINT, SIGTERM] {
        // In this order: the first signal finds the flag unset. Should the system refuse, signals
        // end the program as usual, and the newest checkpoint is a minute old at most.
        let _ = flag::register_conditional_shutdown(signal, i32::from(INTERRUPTED), stop.flag());
        let _ = flag::register(signal, stop.flag());
    }
    // A terminal that closes and its shell both send this one, so a second means nothing more.
    #[cfg(unix)]
    if !is_hangup_ignored() {
        let _ = flag::register(signal_hook::consts::SIGHUP, stop.flag());
    }
    stop
}

/// Whether the program was started to outlive its terminal, as by `nohup`; only Linux tells.
#[cfg(unix)]
fn is_hangup_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0);
    ignored & 1 << (signal_hook::consts::SIGHUP - 1) != 0
}

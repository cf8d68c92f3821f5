//! Short words that many tests share: spans and instants, verdicts and scripts, what a timeline shows, gates, and
//! processes.

mod gates;
#[cfg(target_os = "linux")]
mod process;
mod timelines;

pub use gates::{
    FAILURE, SUCCESS, attempt, counts, ends, is_admitted, is_closed, is_half_open, is_open, opened, retries_left,
    send_firsts, took, touchy,
};
#[cfg(target_os = "linux")]
pub use process::{Held, alone};
pub use timelines::{
    GaveUp, always, cancels, drawn, end, failing, fails_every_time, gave_up, script, script_after, sends, waits,
};

use core::time::Duration;

use insist_core::{Instant, Verdict};

/// A second.
pub const SECOND: Duration = Duration::from_secs(1);

/// Long enough for a noisy machine; no test that passes waits for it.
pub const LONG: Duration = Duration::from_secs(60);

/// The longest delay that the machine counts with: 584 years.
pub const LONGEST: Duration = Duration::from_nanos(u64::MAX);

/// A failure that may be tried again.
pub const RETRY: Verdict = Verdict::retry();

/// The same of a server that has too much to do.
pub const THROTTLED: Verdict = Verdict::retry().throttled();

/// A success.
pub const ACCEPT: Verdict = Verdict::Accept;

/// An address where nobody listens: no system hands out this port by itself.
pub const NOBODY: &str = "http://127.0.0.1:1/";

/// So many milliseconds.
#[must_use]
pub const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// So many seconds.
#[must_use]
pub const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// So many milliseconds after the origin.
#[must_use]
pub const fn at(millis: u64) -> Instant {
    Instant::from_nanos(millis * 1_000_000)
}

/// The number in an environment variable such as `INSIST_SEED`.
///
/// # Panics
///
/// If it is set and is no number.
#[must_use]
pub fn set(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is {value:?}; it takes a whole number")))
}

/// Checks that what a test prints is what a file of `tests/tests` has. `INSIST_BLESS=1` writes the file anew.
///
/// # Panics
///
/// If it is not.
#[track_caller]
pub fn assert_as_written(printed: &str, file: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(file);
    if std::env::var_os("INSIST_BLESS").is_some_and(|value| value == "1") {
        std::fs::write(&path, printed).expect("the file can be written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    assert_eq!(printed, written, "it differs from {}", path.display());
}

//! What came of one run.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Histogram;

/// Tells what came of a policy in a world, from one seed. It counts the calls that began after the warm-up and before
/// the end.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Outcome {
    /// The calls.
    pub calls: u64,
    /// Those that succeeded.
    pub succeeded: u64,
    /// Those that had not ended when the world's patience was over; failures too.
    pub unfinished: u64,
    /// Their sends.
    pub sends: u64,
    /// Those sends that were hedges.
    pub hedges: u64,
    /// The most sends of one call.
    pub most_sends: u32,
    /// The times that the calls took that succeeded. Worth nothing without [`success`](Self::success): it falls when
    /// all else fails.
    pub success_times: Histogram,
    /// The times that all calls took, those that failed included.
    pub all_times: Histogram,
    /// The time from the end of the last trouble until every second is as good as before the first, to 95 %; `None`: not
    /// within the run.
    pub recovers: Option<Duration>,
    /// Counts the calls that gave up, by the word of the reason.
    pub reasons: BTreeMap<&'static str, u64>,
    /// Counts the refusals of those calls, by what the gate said.
    pub refusals: BTreeMap<&'static str, u64>,
    /// The run in slices of [`width`](Self::width).
    pub slices: Vec<Slice>,
    /// A second, or less if the run is shorter than a minute, or more if it is longer than a day.
    pub width: Duration,
    /// When the last of the calls ended, after the warm-up.
    pub ended_at: Duration,
    /// Counts what the simulation did: answers, timers, arrivals.
    pub events: u64,
    /// The most calls that lived at once.
    pub most_live: u64,
}

/// Tells what happened in a slice of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Slice {
    /// The calls that began in it.
    pub calls: u64,
    /// Those of them that succeeded, whenever.
    pub succeeded: u64,
    /// All sends in it, of whatever call.
    pub sends: u64,
}

impl Outcome {
    /// Returns the share of the calls that succeeded; 0 if there were none.
    #[must_use]
    pub fn success(&self) -> f64 {
        ratio(self.succeeded, self.calls)
    }

    /// Returns the calls a second that succeeded.
    #[must_use]
    pub fn goodput(&self) -> f64 {
        self.succeeded as f64 / self.seconds().max(f64::MIN_POSITIVE)
    }

    /// Returns the sends for each call, in the mean.
    #[must_use]
    pub fn sends_per_call(&self) -> f64 {
        ratio(self.sends, self.calls)
    }

    /// Returns the most sends of a slice, for each call that a slice has in the mean.
    #[must_use]
    pub fn peak(&self) -> f64 {
        let most = self.slices.iter().map(|slice| slice.sends).max().unwrap_or(0);
        let slices = self.slices.len().max(1) as u64;
        ratio(most * slices, self.calls)
    }

    /// Returns how many calls gave up because a gate refused.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.reasons.get("refused").copied().unwrap_or(0)
    }

    fn seconds(&self) -> f64 {
        self.width.as_secs_f64() * self.slices.len() as f64
    }
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

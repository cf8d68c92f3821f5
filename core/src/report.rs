//! Reports of finished calls.

use core::fmt;
use core::time::Duration;

use crate::action::{Action, Reason};
use crate::call::State;
use crate::gate::Refusal;
use crate::log::{Log, NoDetail};
use crate::time::Instant;

/// Everything that a finished call tells: why it ended, how often and when it was sent, and the seed that repeats it.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Report<D = NoDetail> {
    /// The reason for giving up; `None` if it returned.
    pub reason: Option<Reason>,
    /// The refusal that ended it, if a gate did; it names the gate.
    pub refusal: Option<Refusal>,
    /// True if its result is the fallback's.
    pub fell_back: bool,
    /// The largest hint that was too long to wait for.
    pub hint: Option<Duration>,
    /// The number of attempts that were sent.
    pub attempts: u32,
    /// The number of those that came after the first of their lane.
    pub retries: u32,
    /// The number of lanes that were opened after the first.
    pub hedges: u32,
    /// The attempt whose result was returned.
    pub winner: Option<Winner>,
    /// The instant at which the call started.
    #[cfg_attr(feature = "serde", serde(rename = "started_ns"))]
    pub started: Instant,
    /// The span from the start to the end.
    pub elapsed: Duration,
    /// The seed: the same policy, seed and events give the same call again.
    pub seed: u64,
    /// Every attempt.
    pub log: Log<D>,
}

/// The attempt whose result was returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Winner {
    /// Its id.
    pub attempt: u32,
    /// Its lane.
    pub lane: u8,
}

impl<D> Report<D> {
    /// For drivers: makes the report of a call that has come to this state, and ended at that instant with that action.
    ///
    /// Anything but a terminal action counts as a call that was cancelled.
    pub fn new<const LANES: usize>(
        state: &State<LANES>,
        end: Action,
        started: Instant,
        ended: Instant,
        log: Log<D>,
    ) -> Self {
        let (reason, refusal, hint, winner) = match end {
            Action::Return(attempt) => {
                let lane = state.lane_of(attempt).unwrap_or(0);
                (None, None, None, Some(Winner { attempt, lane }))
            }
            Action::GiveUp(give_up) => (Some(give_up.reason()), give_up.refusal(), give_up.hint(), None),
            _ => (Some(Reason::Cancelled), None, None, None),
        };
        Self {
            reason,
            refusal,
            fell_back: false,
            hint,
            attempts: state.attempts(),
            retries: state.retries(),
            hedges: state.hedges(),
            winner,
            started,
            elapsed: ended.saturating_since(started),
            seed: state.seed(),
            log,
        }
    }
}

/// Prints how the call ended, and then one line for each attempt, with times from the start of the call.
impl<D: fmt::Display> fmt::Display for Report<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { attempts, elapsed, .. } = self;
        let plural = if *attempts == 1 { "" } else { "s" };
        match (self.winner, self.reason) {
            (Some(Winner { attempt, .. }), _) => write!(f, "attempt {attempt} succeeded")?,
            (None, Some(reason)) => write!(f, "gave up: {reason}")?,
            (None, None) => f.write_str("ended")?,
        }
        if let Some(refusal) = self.refusal {
            write!(f, " ({refusal})")?;
        }
        writeln!(f, "; {attempts} attempt{plural} in {elapsed:?}")?;
        self.log.lines(f, self.started)
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;
    use crate::{Call, NoDetail, Policy, Verdict};

    #[test]
    fn a_report_is_a_sentence_and_a_line_an_attempt_counted_from_the_start() {
        let at = |millis: u64| Instant::from_nanos(5_000_000_000 + millis * 1_000_000);
        let policy = Policy::constant(Duration::from_millis(100)).attempts(2);
        let mut log = Log::<NoDetail>::new();
        let mut call = Call::new(&policy, &(), at(0), 7);
        for (now, id) in [(0, 1), (120, 2)] {
            log.on_action(at(now), &call.poll(at(now)));
            let _ = call.handle(at(now + 20), id, Verdict::retry());
            let _ = call.poll(at(now + 20));
            log.ended(id, at(now + 20), Verdict::retry().into());
        }
        let end = call.poll(at(140));
        let report = Report::new(call.state(), end, at(0), at(140), log);
        let says = "gave up: no attempts were left; 2 attempts in 140ms\n\
                    attempt 1 (first in lane 0): sent at 0ns, ended at 20ms: retry\n";
        assert!(report.to_string().starts_with(says), "{report}");
    }
}

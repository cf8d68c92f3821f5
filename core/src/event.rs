//! The events that a hook sees: every decision of a call, as it is made.

use core::fmt;
use core::time::Duration;

use crate::action::Action;
use crate::call::Handled;
use crate::time::Instant;
use crate::verdict::{Hint, Verdict};

/// One decision of a call, and when it was made. `T` and `E` are what attempts end with.
#[derive(Debug)]
#[non_exhaustive]
pub struct Event<'a, T, E> {
    /// The instant, on the clock of the driver.
    pub at: Instant,
    /// The time since the start of the call.
    pub elapsed: Duration,
    /// The decision.
    pub decision: Decision<'a, T, E>,
}

/// A decision, made by the driver (a verdict, a withdrawal) or by the machine (an action).
#[derive(Debug)]
#[non_exhaustive]
pub enum Decision<'a, T, E> {
    /// An attempt ended, and its verdict was handed to the machine.
    Judged(Judged<'a, T, E>),
    /// An attempt that was never sent was taken back, as [`Call::withdraw`](crate::Call::withdraw) does.
    Withdrawn(Withdrawn),
    /// The machine asked for this.
    Action(Action),
}

/// An attempt that was never sent, and what became of its lane.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Withdrawn {
    /// The attempt's id.
    pub attempt: u32,
    /// The effect: when its lane is to send again, for example.
    pub handled: Handled,
}

impl Withdrawn {
    /// For drivers: makes one.
    #[must_use]
    pub const fn new(attempt: u32, handled: Handled) -> Self {
        Self { attempt, handled }
    }
}

/// An attempt that ended, what was concluded from its outcome, and what became of that.
#[derive(Debug)]
#[non_exhaustive]
pub struct Judged<'a, T, E> {
    /// The attempt's id.
    pub attempt: u32,
    /// The outcome; `None` if it could not be started.
    pub outcome: Option<&'a Result<T, E>>,
    /// The verdict on it.
    pub verdict: Verdict,
    /// The effect of the verdict: when the next attempt of its lane is due, for example.
    pub handled: Handled,
}

impl<'a, T, E> Judged<'a, T, E> {
    /// For drivers: makes one.
    #[must_use]
    pub const fn new(attempt: u32, outcome: Option<&'a Result<T, E>>, verdict: Verdict, handled: Handled) -> Self {
        Self { attempt, outcome, verdict, handled }
    }

    /// Returns the error that the attempt ended with, if it was one.
    #[must_use]
    pub const fn error(&self) -> Option<&'a E> {
        match self.outcome {
            Some(Err(error)) => Some(error),
            Some(Ok(_)) | None => None,
        }
    }
}

impl<'a, T, E> Event<'a, T, E> {
    /// For drivers: makes the event of a decision at that instant, of a call that started then.
    #[must_use]
    pub const fn new(started: Instant, at: Instant, decision: Decision<'a, T, E>) -> Self {
        Self { at, elapsed: at.saturating_since(started), decision }
    }
}

macro_rules! copy {
    ($($name:ident),+) => {
        $(
            impl<T, E> Clone for $name<'_, T, E> {
                fn clone(&self) -> Self {
                    *self
                }
            }

            impl<T, E> Copy for $name<'_, T, E> {}
        )+
    };
}

copy!(Event, Decision, Judged);

/// Prints a line of a log, in which times count from the start of the call: `20ms: attempt 1 ended: retry
/// (connection refused); next in 70ms`.
impl<T, E: fmt::Display> fmt::Display for Event<'_, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: ", self.elapsed)?;
        let handled = match &self.decision {
            Decision::Judged(judged) => {
                judged.fmt(f)?;
                judged.handled
            }
            Decision::Withdrawn(withdrawn) => {
                write!(f, "attempt {} is withdrawn: it was never sent", withdrawn.attempt)?;
                withdrawn.handled
            }
            Decision::Action(Action::Wait { until: Some(until), reason }) => {
                return write!(f, "wait {:?} ({reason})", until.saturating_since(self.at));
            }
            Decision::Action(action) => return action.fmt(f),
        };
        match handled {
            Handled::Retry { due } => write!(f, "; next in {:?}", due.saturating_since(self.at)),
            Handled::LaneEnded { reason } => write!(f, "; its lane ends: {reason}"),
            Handled::Late => f.write_str(" (too late)"),
            Handled::Unknown => f.write_str(" (no such attempt)"),
            Handled::Over => Ok(()),
        }
    }
}

/// Prints the attempt's end: `attempt 1 ended: retry (connection refused)`.
impl<T, E: fmt::Display> fmt::Display for Judged<'_, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "attempt {} ended: {}", self.attempt, self.verdict.as_str())?;
        if let Verdict::Retry(failure) = self.verdict {
            match failure.hint {
                Some(Hint::AtLeast(wait)) => write!(f, " after at least {wait:?}")?,
                Some(Hint::Exactly(wait)) => write!(f, " after exactly {wait:?}")?,
                None => {}
            }
        }
        match self.outcome {
            Some(Err(error)) => write!(f, " ({error})"),
            Some(Ok(_)) => Ok(()),
            None => f.write_str(" (it could not be started)"),
        }
    }
}

/// Prints the action, as a line of a log: `send attempt 2 (retry in lane 0)`.
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send(attempt) => {
                write!(f, "send attempt {} ({} in lane {})", attempt.id, attempt.kind, attempt.lane)?;
                match attempt.timeout() {
                    Some(timeout) => write!(f, ", which has {timeout:?}"),
                    None => Ok(()),
                }
            }
            Self::Cancel { attempt, reason } => write!(f, "cancel attempt {attempt} ({reason})"),
            Self::Wait { until: Some(until), reason } => write!(f, "wait until {until} ({reason})"),
            Self::Wait { until: None, .. } => f.write_str("wait for an outcome"),
            Self::Return(id) => write!(f, "return attempt {id}"),
            Self::GiveUp(give_up) => {
                write!(f, "give up: {}", give_up.reason())?;
                match (give_up.refusal(), give_up.hint()) {
                    (Some(refusal), _) => write!(f, " ({refusal})"),
                    (None, Some(hint)) => write!(f, " (asked to wait {hint:?})"),
                    (None, None) => Ok(()),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;
    use crate::action::{Reason, WaitReason};

    #[test]
    fn a_decision_is_a_line_whose_times_count_from_the_start_of_the_call() {
        let at = |millis: u64| Instant::from_nanos(millis * 1_000_000);
        let line = |decision: Decision<'_, u8, &str>| Event::new(at(1_000), at(1_005), decision).to_string();
        let judged = |outcome, verdict, handled| line(Decision::Judged(Judged::new(2, outcome, verdict, handled)));
        let wait = Duration::from_secs(3);
        let (good, bad) = (Ok(1), Err("busy"));
        let retry = Handled::Retry { due: at(1_075) };
        for (line, says) in [
            (judged(Some(&good), Verdict::Accept, Handled::Over), "5ms: attempt 2 ended: accept"),
            (judged(Some(&bad), Verdict::Stop, Handled::Late), "5ms: attempt 2 ended: stop (busy) (too late)"),
            (judged(Some(&bad), Verdict::retry(), retry), "5ms: attempt 2 ended: retry (busy); next in 70ms"),
            (
                judged(None, Verdict::retry(), Handled::Unknown),
                "5ms: attempt 2 ended: retry (it could not be started) (no such attempt)",
            ),
            (
                judged(Some(&good), Verdict::retry().after(wait), Handled::LaneEnded { reason: Reason::Attempts }),
                "5ms: attempt 2 ended: retry after at least 3s; its lane ends: no attempts were left",
            ),
            (
                judged(Some(&good), Verdict::retry().exactly_after(wait), retry),
                "5ms: attempt 2 ended: retry after exactly 3s; next in 70ms",
            ),
            (
                line(Decision::Action(Action::Wait { until: Some(at(1_075)), reason: WaitReason::Backoff })),
                "5ms: wait 70ms (backoff)",
            ),
            (line(Decision::Action(Action::Return(2))), "5ms: return attempt 2"),
            (
                line(Decision::Withdrawn(Withdrawn::new(2, retry))),
                "5ms: attempt 2 is withdrawn: it was never sent; next in 70ms",
            ),
        ] {
            assert_eq!(line, says);
        }
    }
}

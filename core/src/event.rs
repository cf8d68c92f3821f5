//! What a hook sees: every decision of a call, as it is made.

use core::fmt;

use crate::action::Action;
use crate::call::Handled;
use crate::time::Instant;
use crate::verdict::{Hint, Verdict};

/// One decision of a call, and when it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// When.
    pub at: Instant,
    /// What.
    pub decision: Decision,
}

/// What was decided, by the driver (a verdict) or by the machine (an action).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// An attempt ended with this verdict, which was handed to the machine.
    Judged {
        /// The attempt's id.
        attempt: u32,
        /// What was concluded from its outcome.
        verdict: Verdict,
        /// What became of the verdict.
        handled: Handled,
    },
    /// The machine asked for this.
    Action(Action),
}

impl Event {
    /// For drivers: a decision that was made at that instant.
    #[must_use]
    pub const fn new(at: Instant, decision: Decision) -> Self {
        Self { at, decision }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.decision)
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Judged { attempt, verdict, handled } => {
                write!(f, "attempt {attempt} ended: {}", verdict.as_str())?;
                match verdict {
                    Verdict::Retry { hint: Some(Hint::AtLeast(wait)), .. } => write!(f, " after at least {wait:?}")?,
                    Verdict::Retry { hint: Some(Hint::Exactly(wait)), .. } => write!(f, " after exactly {wait:?}")?,
                    _ => {}
                }
                match handled {
                    Handled::Counted | Handled::Over => Ok(()),
                    Handled::Late => f.write_str(" (too late)"),
                    Handled::Unknown => f.write_str(" (no such attempt)"),
                }
            }
            Self::Action(action) => action.fmt(f),
        }
    }
}

/// What is to be done, as a line of a log: `send attempt 2 (retry 1 in lane 0)`.
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
            Self::Cancel(id) => write!(f, "cancel attempt {id}"),
            Self::Wait { until: Some(until), reason } => write!(f, "wait until {until} ({})", reason.as_str()),
            Self::Wait { until: None, .. } => f.write_str("wait for an outcome"),
            Self::Return(id) => write!(f, "return attempt {id}"),
            Self::GiveUp(stop) => {
                write!(f, "give up: {}", stop.reason())?;
                match stop.hint() {
                    Some(hint) => write!(f, " (asked to wait {hint:?})"),
                    None => Ok(()),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use core::time::Duration;

    use super::*;

    #[test]
    fn a_decision_is_a_line() {
        let judged = |verdict, handled| {
            Event::new(Instant::from_nanos(5_000_000), Decision::Judged { attempt: 2, verdict, handled })
        };
        let wait = Duration::from_secs(3);
        for (event, line) in [
            (judged(Verdict::Accept, Handled::Over), "5ms: attempt 2 ended: accept"),
            (judged(Verdict::Stop, Handled::Late), "5ms: attempt 2 ended: stop (too late)"),
            (judged(Verdict::retry(), Handled::Unknown), "5ms: attempt 2 ended: retry (no such attempt)"),
            (judged(Verdict::retry().after(wait), Handled::Counted), "5ms: attempt 2 ended: retry after at least 3s"),
            (
                judged(Verdict::retry().exactly_after(wait), Handled::Counted),
                "5ms: attempt 2 ended: retry after exactly 3s",
            ),
            (Event::new(Instant::ZERO, Decision::Action(Action::Return(2))), "0ns: return attempt 2"),
        ] {
            assert_eq!(event.to_string(), line);
        }
    }
}

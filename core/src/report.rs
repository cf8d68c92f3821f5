//! What a finished call tells.

use core::time::Duration;

use crate::action::{Action, Reason};
use crate::call::Call;
use crate::gate::{Gate, Refusal};
use crate::log::{Log, NoDetail};
use crate::time::Instant;

/// What a finished call tells: why it ended, how often and when it was sent, and the seed that repeats it.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Report<D = NoDetail> {
    /// Why it gave up; `None` if it returned.
    pub reason: Option<Reason>,
    /// The refusal that ended it, if a gate did; it names the gate.
    pub refusal: Option<Refusal>,
    /// Whether its result is the fallback's.
    pub fell_back: bool,
    /// The largest hint that was too long to wait for.
    pub hint: Option<Duration>,
    /// How many attempts were sent.
    pub attempts: u32,
    /// How many of them came after the first of their lane.
    pub retries: u32,
    /// How many lanes were opened after the first.
    pub hedges: u32,
    /// The attempt whose result was returned.
    pub winner: Option<Winner>,
    /// When the call started.
    #[cfg_attr(feature = "serde", serde(rename = "started_ns"))]
    pub started: Instant,
    /// From the start to the end.
    pub elapsed: Duration,
    /// The seed: the same policy, seed and events give the same call again.
    pub seed: u64,
    /// Every attempt.
    pub log: Log<D>,
}

/// The attempt whose result was returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Winner {
    /// Its id.
    pub attempt: u32,
    /// Its lane.
    pub lane: u8,
}

impl<D> Report<D> {
    /// For drivers: what a call tells that ended at that instant with that action.
    ///
    /// Anything but a terminal action counts as a call that was cancelled.
    pub fn new<P, G: Gate, const LANES: usize>(
        call: &Call<P, G, LANES>,
        end: Action,
        started: Instant,
        ended: Instant,
        log: Log<D>,
    ) -> Self {
        let (reason, hint, winner) = match end {
            Action::Return(attempt) => {
                let lane = call.state().lane_of(attempt).unwrap_or(0);
                (None, None, Some(Winner { attempt, lane }))
            }
            Action::GiveUp(stop) => (Some(stop.reason()), stop.hint(), None),
            _ => (Some(Reason::Cancelled), None, None),
        };
        Self {
            reason,
            refusal: call.gate().last_refusal().filter(|_| reason == Some(Reason::Refused)),
            fell_back: false,
            hint,
            attempts: call.attempts(),
            retries: call.retries(),
            hedges: call.hedges(),
            winner,
            started,
            elapsed: ended.saturating_since(started),
            seed: call.seed(),
            log,
        }
    }
}

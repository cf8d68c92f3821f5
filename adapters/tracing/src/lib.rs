//! The decisions of a call as spans and events of the `tracing` crate: the hook that the drivers' feature `tracing`
//! uses, for drivers of your own.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

use alloc::vec::Vec;

use insist_core::{Action, Decision, Event, Hint, Hook, Verdict, WaitReason};
use tracing::{Level, Span, debug, field, span};

/// A hook that tells `tracing` what a call decides, one for each call (the drivers' word `trace` makes it):
///
/// - a span `call` (level debug) for the whole, in the span of whoever makes the call; at the end with `attempts` and
///   `winner`, or `reason` and `hint`;
/// - in it a span `attempt` for each send, with `id`, `lane`, `retry`, `kind`, `timeout`, and at its end `verdict`,
///   `hint` and `sent`;
/// - in it an event for each wait between attempts, with its length as `wait`, and `reason`.
///
/// ```
/// use insist_blocking::{Policy, retry};
///
/// let result = retry(&Policy::zero(), |attempt| if attempt.id < 2 { Err("busy") } else { Ok(7) })
///     .trace()
///     .call();
/// assert_eq!(result, Ok(7));
/// ```
#[derive(Debug)]
pub struct Tracing {
    call: Span,
    attempts: u32,
    in_flight: Vec<(u32, Span)>,
}

impl Tracing {
    /// Opens the span of a call, in the current one.
    #[must_use]
    pub fn new() -> Self {
        let (winner, reason, hint) = (field::Empty, field::Empty, field::Empty);
        let call = span!(Level::DEBUG, "call", attempts = field::Empty, winner, reason, hint);
        Self { call, attempts: 0, in_flight: Vec::new() }
    }

    fn act(&mut self, event: &Event, action: &Action) {
        match action {
            Action::Send(attempt) => {
                let (id, lane, retry, kind) = (attempt.id, attempt.lane, attempt.retry, attempt.kind.as_str());
                let timeout = attempt.timeout().map(field::debug);
                let (verdict, hint, sent) = (field::Empty, field::Empty, field::Empty);
                let parent = &self.call;
                let span =
                    span!(parent: parent, Level::DEBUG, "attempt", id, lane, retry, kind, timeout, verdict, hint, sent);
                self.attempts = id;
                self.in_flight.push((id, span));
            }
            Action::Cancel(id) => {
                if let Some(span) = self.take(*id) {
                    span.record("verdict", "cancelled");
                }
            }
            Action::Wait { until, reason: reason @ WaitReason::Backoff } => {
                let wait = until.map(|until| field::debug(until.saturating_since(event.at)));
                debug!(parent: &self.call, wait, reason = reason.as_str(), "waits");
            }
            // What waits beside an attempt decides nothing.
            Action::Wait { .. } => {}
            Action::Return(id) => {
                self.call.record("attempts", self.attempts).record("winner", *id);
            }
            Action::GiveUp(stop) => {
                self.call.record("attempts", self.attempts).record("reason", stop.reason().as_str());
                if let Some(hint) = stop.hint() {
                    self.call.record("hint", field::debug(hint));
                }
            }
        }
    }

    fn judge(&mut self, id: u32, verdict: &Verdict) {
        let Some(span) = self.take(id) else { return };
        span.record("verdict", verdict.as_str());
        if let Verdict::Retry { sent, hint } = verdict {
            span.record("sent", field::debug(sent));
            match hint {
                Some(Hint::AtLeast(wait) | Hint::Exactly(wait)) => _ = span.record("hint", field::debug(wait)),
                None => {}
            }
        }
    }

    fn take(&mut self, id: u32) -> Option<Span> {
        let index = self.in_flight.iter().position(|(other, _)| *other == id)?;
        Some(self.in_flight.swap_remove(index).1)
    }
}

impl Default for Tracing {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, E> Hook<T, E> for Tracing {
    const LOOKS: bool = true;

    fn see(&mut self, event: &Event) {
        match &event.decision {
            Decision::Action(action) => self.act(event, action),
            Decision::Judged { attempt, verdict, .. } => self.judge(*attempt, verdict),
        }
    }
}

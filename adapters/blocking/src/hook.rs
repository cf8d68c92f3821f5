//! Who sees the decisions of a call: nobody, a user's function, or a log that is being kept for a report.

use std::cell::Cell;
use std::time::Duration;

use insist::{Action, Attempt, Decision, End, Event, Handled, Instant, Log, Policy, Verdict};

/// Who sees every decision: `()` is nobody, a function is a hook.
pub trait Hook {
    /// Whether anybody looks. If not, events are not made, and no clock is read for them.
    const LOOKS: bool;

    /// A decision was made.
    fn see(&mut self, event: &Event);
}

impl Hook for () {
    const LOOKS: bool = false;

    #[inline]
    fn see(&mut self, _: &Event) {}
}

impl<F: FnMut(&Event)> Hook for F {
    const LOOKS: bool = true;

    #[inline]
    fn see(&mut self, event: &Event) {
        self(event);
    }
}

/// Both, in order.
impl<A: Hook, B: Hook> Hook for (A, B) {
    const LOOKS: bool = A::LOOKS || B::LOOKS;

    #[inline]
    fn see(&mut self, event: &Event) {
        self.0.see(event);
        self.1.see(event);
    }
}

/// Keeps the log of a call, and hands each event on.
pub(crate) struct Recorder<'d, H, D> {
    hook: H,
    log: Log<D>,
    /// What is to be said of the outcome that is being judged.
    detail: &'d Cell<Option<D>>,
    in_flight: Vec<(Attempt, Instant)>,
    attempt_timeout: Option<Duration>,
    /// The call's deadline, and its start once the first event has told it.
    deadline: Option<Duration>,
    started: Option<Instant>,
    is_over: bool,
}

impl<'d, H: Hook, D> Recorder<'d, H, D> {
    pub(crate) fn new<B>(hook: H, policy: &Policy<B>, detail: &'d Cell<Option<D>>) -> Self {
        Self {
            hook,
            log: Log::new(),
            detail,
            in_flight: Vec::new(),
            attempt_timeout: policy.get_attempt_timeout(),
            deadline: policy.get_deadline(),
            started: None,
            is_over: false,
        }
    }

    pub(crate) fn into_log(self) -> Log<D> {
        self.log
    }

    fn note(&mut self, at: Instant, decision: &Decision) {
        self.started.get_or_insert(at);
        match decision {
            Decision::Action(Action::Send(attempt)) => {
                self.log.sent(attempt, at);
                self.in_flight.push((*attempt, at));
            }
            Decision::Action(Action::Cancel(id)) => {
                let end = if self.is_timeout(*id, at) { End::Timeout } else { End::Cancelled };
                self.end(*id, at, end);
            }
            Decision::Judged { attempt, verdict, handled: handled @ (Handled::Counted | Handled::Over) } => {
                self.is_over = *handled == Handled::Over;
                if let Some(detail) = self.detail.take() {
                    self.log.detail(*attempt, detail);
                }
                self.end(*attempt, at, end_of(*verdict));
            }
            _ => {}
        }
    }

    fn end(&mut self, id: u32, at: Instant, end: End) {
        self.log.ended(id, at, end);
        self.in_flight.retain(|(attempt, _)| attempt.id != id);
    }

    /// The machine does not say why it cancels: at an attempt's timeout, and else because the call ends.
    fn is_timeout(&self, id: u32, at: Instant) -> bool {
        let Some(timeout) = self.attempt_timeout.filter(|_| !self.is_over) else { return false };
        let sent = self.in_flight.iter().find(|(attempt, _)| attempt.id == id).map(|(_, sent)| *sent);
        let has_passed = |from: Option<Instant>, span| from.is_some_and(|from| at.saturating_since(from) >= span);
        has_passed(sent, timeout) && !self.deadline.is_some_and(|deadline| has_passed(self.started, deadline))
    }
}

impl<H: Hook, D> Hook for Recorder<'_, H, D> {
    const LOOKS: bool = true;

    fn see(&mut self, event: &Event) {
        self.note(event.at, &event.decision);
        self.hook.see(event);
    }
}

const fn end_of(verdict: Verdict) -> End {
    match verdict {
        Verdict::Accept => End::Accept,
        Verdict::Retry { sent, .. } => End::Retry(sent),
        Verdict::Stop => End::Stop,
    }
}

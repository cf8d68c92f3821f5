//! The hook: a span for the call, one for each attempt, events for waits and for giving up.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write};

use insist_core::{
    Action, AttemptEnd, CancelReason, Decision, Event, GiveUp, Hook, Judged, Reason, Refusal, Verdict, WaitReason,
    Withdrawn,
};
use tracing::{Level, Span, debug, enabled, field, span, warn};

use crate::error_text::{Debugged, Displayed, ErrorText, Text};

/// A hook that shows what a call decides as spans and events. Each call needs one of its own; the drivers' methods
/// `trace` and `trace_as` make it.
///
/// - A span `call` (level debug) for the whole call, inside the caller's span, with `name` and `otel.name` if it was
///   given a name; at its end it gets `attempts`, and `winner`, or `reason` and `hint`.
/// - Inside it, a span `attempt` for each send, with `id`, `lane`, `retry`, `kind`, `timeout`. It is entered while its
///   operation runs. At its end it gets `end` (`accept`, `retry`, `stop`, `timeout`, `lost`, `deadline` or
///   `cancelled`), `error`, and for a failure that is retried `sent`, `throttled`, `hint`.
/// - In the call's span, an event for each wait between attempts (level debug), with its length as `wait`, and
///   `reason`.
/// - There too, an event when the call gives up (level warn), with `reason`, `attempts`, `hint`, and the last `error`.
///
/// A call that is dropped before its end is shown as `cancelled`. If no subscriber wants any of this, nothing is
/// allocated and the call runs as if it had no hook.
///
/// The text of an error is its [`Display`](fmt::Display); [`debug_errors`](Self::debug_errors) and
/// [`describe_errors`](Self::describe_errors) are for errors that have none.
///
/// ```
/// use insist_core::{Terms, Policy};
/// use insist_tracing::Tracing;
///
/// #[derive(Debug)]
/// enum ShopError {
///     Closed,
/// }
///
/// let terms = Terms::new(Policy::aws()).notify_with(Tracing::named("price").debug_errors());
/// // retry(terms, |_| Err::<u32, _>(ShopError::Closed)).call()
/// # insist_core::Hook::<u32, ShopError>::is_listening(&terms.hook);
/// # let _ = ShopError::Closed;
/// ```
#[derive(Debug)]
pub struct Tracing<D = Displayed> {
    call: Span,
    /// True if a subscriber wants the warning of a call that gives up.
    warns: bool,
    attempts: u32,
    /// Counts the ids of attempts that were never sent.
    withdrawn: u32,
    state: State,
    in_flight: Vec<(u32, Span)>,
    /// The text of the latest error, if the warning is wanted.
    error: String,
    text: D,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Described,
    Running,
    Ended,
}

impl Tracing {
    /// Opens the span of a call, in the current one.
    #[must_use]
    pub fn new() -> Self {
        Self::open(None)
    }

    /// Opens the span of a call, and names the call: `get price`, for example.
    ///
    /// The names of spans are fixed in `tracing`, so this one goes into the field `name`, and into `otel.name`, from
    /// which OpenTelemetry takes a span's name.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self::open(Some(name))
    }

    fn open(name: Option<&str>) -> Self {
        let call = span!(
            Level::DEBUG,
            "call",
            name = name,
            otel.name = name,
            attempts = field::Empty,
            winner = field::Empty,
            reason = field::Empty,
            hint = field::Empty,
        );
        let warns = enabled!(Level::WARN);
        let (in_flight, error) = (Vec::new(), String::new());
        Self { call, warns, attempts: 0, withdrawn: 0, state: State::Described, in_flight, error, text: Displayed }
    }

    /// Writes errors as `{:?}`.
    #[must_use]
    pub fn debug_errors(self) -> Tracing<Debugged> {
        self.with_text(Debugged)
    }

    /// Writes errors as this function does.
    ///
    /// ```
    /// use std::fmt::Formatter;
    /// use insist_tracing::Tracing;
    ///
    /// struct Status(u16);
    /// let tracing = Tracing::new().describe_errors(|error: &Status, f: &mut Formatter<'_>| write!(f, "{}", error.0));
    /// # insist_core::Hook::<(), Status>::is_listening(&tracing);
    /// ```
    #[must_use]
    pub fn describe_errors<E, F: Fn(&E, &mut fmt::Formatter<'_>) -> fmt::Result>(self, describe: F) -> Tracing<F> {
        self.with_text(describe)
    }

    fn with_text<D>(mut self, text: D) -> Tracing<D> {
        // Leaves this value without a span, so that its drop records nothing.
        let call = core::mem::replace(&mut self.call, Span::none());
        let (in_flight, error) = (Vec::new(), String::new());
        Tracing { call, warns: self.warns, attempts: 0, withdrawn: 0, state: State::Described, in_flight, error, text }
    }
}

impl Default for Tracing {
    fn default() -> Self {
        Self::new()
    }
}

impl<D> Tracing<D> {
    fn act<T, E>(&mut self, event: &Event<'_, T, E>, action: &Action) {
        match action {
            Action::Send(attempt) => {
                self.attempts = attempt.id.saturating_sub(self.withdrawn);
                let span = span!(
                    parent: &self.call,
                    Level::DEBUG,
                    "attempt",
                    id = attempt.id,
                    lane = attempt.lane,
                    retry = attempt.retry,
                    kind = attempt.kind.as_str(),
                    timeout = attempt.timeout().map(field::debug),
                    end = field::Empty,
                    error = field::Empty,
                    sent = field::Empty,
                    throttled = field::Empty,
                    hint = field::Empty,
                );
                if !span.is_disabled() {
                    self.in_flight.push((attempt.id, span));
                }
            }
            Action::Cancel { attempt, reason } => {
                if let Some(span) = self.take(*attempt) {
                    span.record("end", reason.as_str());
                }
            }
            Action::Wait { until, reason: reason @ (WaitReason::Backoff | WaitReason::Gate) } => {
                let wait = until.map(|until| field::debug(until.saturating_since(event.at)));
                self.call.in_scope(|| debug!(wait, reason = reason.as_str(), "waits"));
            }
            // A wait while an attempt is in flight is no decision.
            Action::Wait { .. } => {}
            Action::Return(id) => {
                self.state = State::Ended;
                self.call.record("attempts", self.attempts).record("winner", *id);
            }
            Action::GiveUp(give_up) => self.give_up(give_up),
        }
    }

    fn give_up(&mut self, give_up: &GiveUp) {
        self.state = State::Ended;
        let (reason, hint) = (give_up.reason().as_str(), give_up.hint().map(field::debug));
        self.call.record("attempts", self.attempts).record("reason", reason);
        if let Some(hint) = &hint {
            self.call.record("hint", hint);
        }
        let error = Some(self.error.as_str()).filter(|error| !error.is_empty());
        let refusal = give_up.refusal().map(Refusal::reason);
        self.call.in_scope(|| warn!(reason, refusal, attempts = self.attempts, hint, error, "gave up"));
    }

    fn judge<T, E>(&mut self, judged: &Judged<'_, T, E>)
    where
        D: ErrorText<E>,
    {
        if !judged.handled.counts() {
            return;
        }
        if self.warns && judged.outcome.is_some() {
            self.error.clear();
            if let Some(error) = judged.error() {
                // If the text fails to print, what it printed so far is kept.
                _ = write!(self.error, "{}", Text(&self.text, error));
            }
        }
        let Some(span) = self.take(judged.attempt) else { return };
        span.record("end", judged.verdict.as_str());
        if let Some(error) = judged.error() {
            span.record("error", field::display(Text(&self.text, error)));
        }
        if let Verdict::Retry(failure) = judged.verdict {
            span.record("sent", field::debug(failure.sent));
            if failure.throttled {
                span.record("throttled", true);
            }
            if let Some(hint) = failure.hint {
                span.record("hint", field::debug(hint.span()));
            }
        }
    }

    /// It was never sent, so it is none of the attempts that are counted.
    fn withdraw(&mut self, withdrawn: &Withdrawn) {
        if !withdrawn.handled.counts() {
            return;
        }
        (self.withdrawn, self.attempts) = (self.withdrawn.saturating_add(1), self.attempts.saturating_sub(1));
        if let Some(span) = self.take(withdrawn.attempt) {
            span.record("end", AttemptEnd::Withdrawn.as_str());
        }
    }

    fn take(&mut self, id: u32) -> Option<Span> {
        let index = self.in_flight.iter().position(|(other, _)| *other == id)?;
        Some(self.in_flight.swap_remove(index).1)
    }

    fn span(&self, id: u32) -> Option<&Span> {
        self.in_flight.iter().find(|(other, _)| *other == id).map(|(_, span)| span)
    }
}

impl<T, E, D: ErrorText<E>> Hook<T, E> for Tracing<D> {
    fn is_listening(&self) -> bool {
        self.warns || !self.call.is_disabled()
    }

    fn on_event(&mut self, event: &Event<'_, T, E>) {
        self.state = State::Running;
        match &event.decision {
            Decision::Action(action) => self.act(event, action),
            Decision::Judged(judged) => self.judge(judged),
            Decision::Withdrawn(withdrawn) => self.withdraw(withdrawn),
            _ => {}
        }
    }

    fn enter(&mut self, attempt: u32) {
        if let Some(span) = self.span(attempt) {
            span.with_subscriber(|(id, subscriber)| subscriber.enter(id));
        }
    }

    fn leave(&mut self, attempt: u32) {
        if let Some(span) = self.span(attempt) {
            span.with_subscriber(|(id, subscriber)| subscriber.exit(id));
        }
    }
}

/// Marks the call and its attempts in flight as cancelled, if it is dropped before its end.
impl<D> Drop for Tracing<D> {
    fn drop(&mut self) {
        if self.state != State::Running {
            return;
        }
        for (_, span) in self.in_flight.drain(..) {
            span.record("end", CancelReason::Cancelled.as_str());
        }
        self.call.record("attempts", self.attempts).record("reason", Reason::Cancelled.as_str());
    }
}

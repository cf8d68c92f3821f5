//! The hook: counts the attempts, the waits and the end of a call.

use std::mem::take;
use std::time::Duration;

use insist_core::{Action, AttemptEnd, CancelReason, Event, Hook, Instant, Kind, Reason, Refusal, WaitReason};

use crate::handles::Handles;
use crate::notes::{Note, Noted};
use crate::recorder::{self, Address};

/// A hook that counts and times what a call does. Each call needs one of its own; the drivers' methods `metrics` and
/// `metrics_as` make it.
///
/// [The crate](crate#what-is-recorded) lists the metrics. They go to the recorder that is current when the call starts. If
/// there is none, nothing is allocated and the call runs as if it had no hook. If it is one for a thread alone
/// (`metrics::with_local_recorder`), what the call does on other threads is recorded once it is back, at the latest when
/// it ends.
///
/// ```
/// use insist_core::{Policy, Terms};
/// use insist_metrics::Metrics;
///
/// let terms = Terms::new(Policy::aws()).notify_with(Metrics::named("price"));
/// // retry(terms, |_| fetch()).call()
/// # assert!(!insist_core::Hook::<u32, ()>::is_listening(&terms.hook));
/// ```
#[derive(Debug)]
pub struct Metrics {
    handles: Handles,
    state: State,
    in_flight: Vec<InFlight>,
    wait: Option<Wait>,
    /// The events that came where another recorder is current.
    notes: Vec<Note>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Described,
    /// With this recorder.
    Running(Address),
    /// Ended, or it has no recorder.
    Silent,
}

#[derive(Clone, Copy, Debug)]
struct InFlight {
    id: u32,
    kind: Kind,
    sent: Instant,
}

#[derive(Clone, Copy, Debug)]
struct Wait {
    reason: WaitReason,
    since: Instant,
}

impl Metrics {
    /// Makes the hook of one call.
    #[must_use]
    pub const fn new() -> Self {
        Self::make(None)
    }

    /// Makes the hook of one call, whose metrics get the label `call` with this name: `price`, for example.
    ///
    /// Each name has metrics of its own, which a recorder keeps for ever, so there should be few. That is why it is
    /// static; a name that is read from a configuration becomes so by `String::leak`.
    #[must_use]
    pub const fn named(name: &'static str) -> Self {
        Self::make(Some(name))
    }

    const fn make(name: Option<&'static str>) -> Self {
        Self {
            handles: Handles::new(name),
            state: State::Described,
            in_flight: Vec::new(),
            wait: None,
            notes: Vec::new(),
        }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    fn act(&mut self, action: &Action, at: Instant) {
        match action {
            // As long as it waits for the same, it is one wait: a gate may be asked many times.
            Action::Wait { reason, .. } if self.wait.is_some_and(|wait| wait.reason == *reason) => return,
            // The cancels at a call's end take no time, and one on the way may leave the wait as it is.
            Action::Cancel { attempt, reason } => return self.ended(*attempt, AttemptEnd::from(*reason).as_str(), at),
            Action::Wait { .. } | Action::Send(_) | Action::Return(_) | Action::GiveUp(_) => {}
        }
        if let Some(Wait { reason, since }) = self.wait.take() {
            self.handles.wait(reason, at.saturating_since(since));
        }
        match action {
            Action::Wait { reason: reason @ (WaitReason::Backoff | WaitReason::Gate), .. } => {
                self.wait = Some(Wait { reason: *reason, since: at });
            }
            Action::Send(attempt) => self.in_flight.push(InFlight { id: attempt.id, kind: attempt.kind, sent: at }),
            _ => {}
        }
    }

    fn ended(&mut self, id: u32, end: &'static str, at: Instant) {
        let Some(index) = self.in_flight.iter().position(|attempt| attempt.id == id) else { return };
        let InFlight { kind, sent, .. } = self.in_flight.swap_remove(index);
        // One that was withdrawn was never sent.
        let took = if end == AttemptEnd::Withdrawn.as_str() { None } else { Some(at.saturating_since(sent)) };
        self.handles.attempt(kind, end, took);
    }

    fn over(&mut self, result: &'static str, refusal: Option<Refusal>, elapsed: Duration) {
        self.state = State::Silent;
        if let Some(refusal) = refusal {
            self.handles.refusal(refusal);
        }
        self.handles.call(result, Some(elapsed));
    }

    fn record(&mut self, note: Note) {
        match note.what {
            Noted::Ended(attempt, end) => self.ended(attempt, end, note.at),
            Noted::Action(action) => {
                self.act(&action, note.at);
                match action {
                    Action::Return(_) => self.over("returned", None, note.elapsed),
                    Action::GiveUp(give_up) => self.over(give_up.reason().as_str(), give_up.refusal(), note.elapsed),
                    Action::Send(_) | Action::Cancel { .. } | Action::Wait { .. } => {}
                }
            }
        }
    }

    /// Records the events that came elsewhere.
    fn catch_up(&mut self) {
        for note in take(&mut self.notes) {
            self.record(note);
        }
    }
}

impl<T, E> Hook<T, E> for Metrics {
    fn is_listening(&self) -> bool {
        recorder::is_there()
    }

    fn on_event(&mut self, event: &Event<'_, T, E>) {
        // Another hook may listen where this one does not.
        if self.state == State::Described {
            self.state = if recorder::is_there() { State::Running(recorder::current()) } else { State::Silent };
        }
        let State::Running(recorder) = self.state else { return };
        let Some(note) = Note::of(event) else { return };
        if recorder != recorder::current() {
            self.notes.push(note);
            return;
        }
        if !self.notes.is_empty() {
            self.catch_up();
        }
        self.record(note);
    }
}

/// Counts the call and its attempts in flight as cancelled, if it is dropped before its end.
impl Drop for Metrics {
    fn drop(&mut self) {
        self.catch_up();
        let State::Running(_) = self.state else { return };
        for attempt in self.in_flight.drain(..) {
            self.handles.attempt(attempt.kind, CancelReason::Cancelled.as_str(), None);
        }
        self.handles.call(Reason::Cancelled.as_str(), None);
    }
}

//! A driver of one's own: an event loop on one thread, with a heap of timers and a list of calls in flight.
//!
//! Time is virtual: the loop jumps to what is due next. One that waits for sockets would wait that long for them
//! instead, and hand in what they brought. Nothing else about it is special.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;
use std::time::Duration;

use insist_core::{
    Action, Call, CallEnd, Decision, Event, Gate, GaveUp, Hook, Instant, Judged, NoDetail, Policy, Recorder, Repeat,
    Report, Verdict,
};

/// When an attempt answers and with what; `None` is never.
pub type Answers<'a, T, E> = Box<dyn Fn(u32) -> Option<(Duration, Result<T, E>)> + 'a>;

/// Concludes from an answer.
pub type Judging<T, E> = fn(&Result<T, E>) -> Verdict;

/// Sees every decision of a call.
pub type Seeing<'a, T, E> = Box<dyn Hook<T, E> + 'a>;

type Keeping<'a, T, E> = Recorder<Seeing<'a, T, E>, fn(&Result<T, E>) -> NoDetail, NoDetail>;

/// A call that is over.
#[derive(Debug)]
pub struct Over<T, E> {
    /// Its value, or why there is none.
    pub result: Result<T, GaveUp<E, T>>,
    /// The report that it tells.
    pub report: Report,
}

/// Says what is due at an instant: at the same one, answers come first, by attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Answer { call: usize, attempt: u32 },
    Poll { call: usize },
}

struct InFlight<'a, T, E, const LANES: usize> {
    call: Call<&'a Policy, &'a dyn Gate, LANES>,
    answers: Answers<'a, T, E>,
    judge: Judging<T, E>,
    /// Holds what the attempts in flight will answer.
    coming: Vec<(u32, Result<T, E>)>,
    last: Option<Result<T, E>>,
    recorder: Keeping<'a, T, E>,
    started: Instant,
}

impl<T, E, const LANES: usize> InFlight<'_, T, E, LANES> {
    fn see(&mut self, at: Instant, decision: Decision<'_, T, E>) {
        self.recorder.on_event(&Event::new(self.started, at, decision));
    }

    /// Takes what an attempt has answered, unless it was cancelled meanwhile.
    fn answer(&mut self, now: Instant, attempt: u32) {
        let Some(index) = self.coming.iter().position(|(id, _)| *id == attempt) else { return };
        // Another answer of this instant has ended the call: its poll will cancel this one.
        if self.call.is_over() {
            return;
        }
        let (_, answer) = self.coming.remove(index);
        let verdict = (self.judge)(&answer);
        let handled = self.call.handle(now, attempt, verdict);
        self.see(now, Decision::Judged(Judged::new(attempt, Some(&answer), verdict, handled)));
        self.last = Some(answer);
    }
}

/// The calls in flight, and when they are due.
pub struct EventLoop<'a, T, E, const LANES: usize> {
    now: Instant,
    calls: Vec<Option<InFlight<'a, T, E, LANES>>>,
    due: BinaryHeap<Reverse<(Instant, Due)>>,
    over: Vec<Option<Over<T, E>>>,
}

impl<T, E, const LANES: usize> fmt::Debug for EventLoop<'_, T, E, LANES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventLoop").field("now", &self.now).field("due", &self.due).finish_non_exhaustive()
    }
}

impl<T, E, const LANES: usize> Default for EventLoop<'_, T, E, LANES> {
    fn default() -> Self {
        Self { now: Instant::ZERO, calls: Vec::new(), due: BinaryHeap::new(), over: Vec::new() }
    }
}

impl<'a, T, E, const LANES: usize> EventLoop<'a, T, E, LANES> {
    /// Takes a call on.
    #[expect(clippy::too_many_arguments, reason = "all that makes a call")]
    pub fn start(
        &mut self,
        policy: &'a Policy,
        gate: &'a dyn Gate,
        repeat: Repeat,
        seed: u64,
        judge: Judging<T, E>,
        answers: Answers<'a, T, E>,
        hook: Seeing<'a, T, E>,
    ) {
        let call = Call::with_lanes(policy, gate, self.now, seed).repeat(repeat);
        let recorder: Keeping<'a, T, E> = Recorder::new(hook, |_| NoDetail);
        let (coming, last, started) = (Vec::new(), None, self.now);
        self.due.push(Reverse((self.now, Due::Poll { call: self.calls.len() })));
        self.calls.push(Some(InFlight { call, answers, judge, coming, last, recorder, started }));
        self.over.push(None);
    }

    /// Runs them all to their end, and gives what became of them in the order in which they were started.
    ///
    /// A call that never ends has no entry.
    pub fn run(mut self) -> Vec<Option<Over<T, E>>> {
        while let Some(Reverse((at, due))) = self.due.pop() {
            self.now = at;
            match due {
                Due::Answer { call, attempt } => {
                    if let Some(flight) = &mut self.calls[call] {
                        flight.answer(at, attempt);
                        // Polled only after all that has answered at this instant.
                        self.due.push(Reverse((at, Due::Poll { call })));
                    }
                }
                Due::Poll { call } => self.poll(call),
            }
        }
        self.over
    }

    /// Does what the machine says until it waits or is over. A poll for nothing does no harm.
    fn poll(&mut self, index: usize) {
        let now = self.now;
        while let Some(flight) = &mut self.calls[index] {
            let action = flight.call.poll(now);
            flight.see(now, Decision::Action(action));
            match action {
                Action::Send(attempt) => {
                    if let Some((after, answer)) = (flight.answers)(attempt.id) {
                        flight.coming.push((attempt.id, answer));
                        let due = Due::Answer { call: index, attempt: attempt.id };
                        self.due.extend(now.checked_add(after).map(|at| Reverse((at, due))));
                    }
                }
                Action::Cancel { attempt, .. } => flight.coming.retain(|(other, _)| *other != attempt),
                Action::Wait { until, .. } => {
                    self.due.extend(until.map(|until| Reverse((until, Due::Poll { call: index }))));
                    return;
                }
                Action::Return(_) | Action::GiveUp(_) => self.end(index, action),
            }
        }
    }

    fn end(&mut self, index: usize, action: Action) {
        if let Some(flight) = self.calls[index].take() {
            let InFlight { call, last, mut recorder, started, .. } = flight;
            let ended = CallEnd { action, last, at: self.now };
            let (result, report) = ended.report(&call, started, recorder.take_log());
            self.over[index] = Some(Over { result, report });
        }
    }
}

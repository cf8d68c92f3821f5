//! Runs scenarios through every driver.

use std::cell::RefCell;
use std::future::{Future, pending};
use std::mem::take;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use insist_blocking::{LiveAttempt, VirtualClock};
use insist_core::{
    Action, Admission, AsPolicy, Attempt, Decision, Event, GaveUp, Handled, Instant, IntoTerms, Kind, Report, Settled,
    Terms, WaitReason,
};
use insist_futures::{Driver, Lanes, Operation, Outcomes, Room, Timer, VirtualTimer};
use insist_tests::event_loop::{Answers, EventLoop, Seeing};
use insist_tests::record::{Asked, Question};
use serde_json::{Value, json};

use crate::scenario::{FALLBACK, Failure, Given, SEED, Scenario, judge};

/// Runs an async call, whatever its timer.
async fn observe<M, O, P, J, H, G, const ROOM: usize>(
    scenario: &Scenario,
    call: Driver<M, O, Terms<P, J, H, G>, ROOM>,
) -> Observed
where
    M: Timer,
    O: Operation + Outcomes<Value = u32, Error = Failure>,
    P: AsPolicy,
    Lanes<ROOM>: Room,
{
    let (notes, mut seen) = (RefCell::default(), Seen::default());
    let gate = scenario.make_gate(&notes);
    let call = call.judge(judge).gate(&gate).repeat(scenario.repeat).seed(SEED).notify(|event| seen.see(event));
    let (result, report) = if scenario.falls_back {
        let (value, report) = call.fallback(|_| FALLBACK).report().await;
        (Ok(value), report)
    } else {
        call.report().await
    };
    drop(gate);
    Observed::new(result, &report, seen, notes.into_inner())
}

pub(crate) async fn answer<F: Future>(answer: Option<(Duration, Given)>, sleep: impl Fn(Duration) -> F) -> Given {
    match answer {
        Some((after, given)) => {
            sleep(after).await;
            given
        }
        None => pending().await,
    }
}

/// By `insist-futures`, in virtual time.
pub(crate) fn futures(scenario: &Scenario) -> Observed {
    futures_by(scenario, scenario.policy)
}

/// The same by these terms, whose policy is the scenario's.
pub(crate) fn futures_by(scenario: &Scenario, terms: impl IntoTerms) -> Observed {
    let timer = VirtualTimer::new();
    let operation = |attempt: Attempt| answer(scenario.answer(attempt.id), |span| timer.sleep(span));
    if scenario.races {
        timer.block_on(observe(scenario, insist_futures::race(&timer, terms, operation)))
    } else {
        timer.block_on(observe(scenario, insist_futures::retry(&timer, terms, operation)))
    }
}

/// By `insist-tokio`, in tokio's paused time.
pub(crate) fn tokio(scenario: &Scenario) -> Observed {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let operation = |attempt: Attempt| answer(scenario.answer(attempt.id), tokio::time::sleep);
    runtime.expect("a runtime").block_on(async {
        if scenario.races {
            observe(scenario, insist_tokio::race(&scenario.policy, operation)).await
        } else {
            observe(scenario, insist_tokio::retry(&scenario.policy, operation)).await
        }
    })
}

/// By `insist-smol`, in real time.
pub(crate) fn smol(scenario: &Scenario) -> Observed {
    let operation = |attempt: Attempt| answer(scenario.answer(attempt.id), async_io::Timer::after);
    async_io::block_on(async {
        if scenario.races {
            observe(scenario, insist_smol::race(&scenario.policy, operation)).await
        } else {
            observe(scenario, insist_smol::retry(&scenario.policy, operation)).await
        }
    })
}

/// By `insist-blocking` on this thread, with a clock that nobody waits for.
pub(crate) fn on_this_thread(scenario: &Scenario) -> Observed {
    on_this_thread_by(scenario, scenario.policy)
}

/// The same by these terms, whose policy is the scenario's.
pub(crate) fn on_this_thread_by(scenario: &Scenario, terms: impl IntoTerms) -> Observed {
    let clock = VirtualClock::new();
    let (notes, mut seen) = (RefCell::default(), Seen::default());
    let gate = scenario.make_gate(&notes);
    let operation = |attempt: &LiveAttempt<'_>| {
        let (after, given) = scenario.answer(attempt.id).expect("an attempt that hangs would hang this thread");
        clock.advance(after);
        given
    };
    let call = insist_blocking::retry(terms, operation).clock(&clock).judge(judge).gate(&gate);
    let call = call.repeat(scenario.repeat).seed(SEED).notify(|event| seen.see(event));
    let (result, report) = if scenario.falls_back {
        let (value, report) = call.fallback(|_| FALLBACK).report();
        (Ok(value), report)
    } else {
        call.report()
    };
    drop(gate);
    Observed::new(result, &report, seen, notes.into_inner())
}

/// Returns what an attempt on a thread of its own answers.
pub(crate) fn answer_on_thread(scenario: &Scenario, attempt: &LiveAttempt<'_>) -> Given {
    match scenario.answer(attempt.id) {
        Some((after, given)) => {
            std::thread::sleep(after);
            given
        }
        None => {
            while !attempt.is_cancelled() {
                std::thread::sleep(Duration::from_millis(1));
            }
            Ok(0)
        }
    }
}

/// By `insist-blocking` on threads, in real time.
pub(crate) fn on_threads(scenario: &Scenario) -> Observed {
    let (notes, mut seen) = (RefCell::default(), Seen::default());
    let gate = scenario.make_gate(&notes);
    let script = Arc::new(scenario.clone());
    let operation = move |attempt: &LiveAttempt<'_>| answer_on_thread(&script, attempt);
    let call = insist_blocking::race(&scenario.policy, operation).judge(judge).gate(&gate);
    let call = call.repeat(scenario.repeat).seed(SEED).notify(|event| seen.see(event));
    let (result, report) = call.report();
    drop(gate);
    Observed::new(result, &report, seen, notes.into_inner())
}

/// By `insist-blocking`, the first attempt on this thread, in real time.
pub(crate) fn first_on_caller(scenario: &Scenario) -> Observed {
    let (notes, seen) = (Arc::<Mutex<Vec<Asked>>>::default(), Arc::<Mutex<Seen>>::default());
    let gate = scenario.make_gate(Arc::clone(&notes));
    let script = Arc::new(scenario.clone());
    let operation = move |attempt: &LiveAttempt<'_>| answer_until_cancelled(&script, attempt);
    let sees = Arc::clone(&seen);
    let call = insist_blocking::race(scenario.policy, operation).first_on_caller().judge(judge).gate(gate);
    let call = call.repeat(scenario.repeat).seed(SEED).notify(move |event| sees.lock().unwrap().see(event));
    let (result, report) = call.report();
    let (seen, notes) = (take(&mut *seen.lock().unwrap()), take(&mut *notes.lock().unwrap()));
    Observed::new(result, &report, seen, notes)
}

/// What an attempt answers that can be interrupted.
pub(crate) fn answer_until_cancelled(scenario: &Scenario, attempt: &LiveAttempt<'_>) -> Given {
    let (cancel, cancelled) = channel();
    attempt.on_cancel(move || _ = cancel.send(()));
    match scenario.answer(attempt.id) {
        Some((after, given)) => {
            _ = cancelled.recv_timeout(after);
            given
        }
        None => {
            _ = cancelled.recv();
            Ok(0)
        }
    }
}

/// By an event loop that runs all of them at once, with this much room.
pub(crate) fn by_hand<const LANES: usize>(scenarios: &[Scenario]) -> Vec<Observed> {
    let notes: Vec<_> = scenarios.iter().map(|_| RefCell::default()).collect();
    let seen: Vec<_> = scenarios.iter().map(|_| RefCell::<Seen>::default()).collect();
    let gates: Vec<_> = scenarios.iter().zip(&notes).map(|(scenario, notes)| scenario.make_gate(notes)).collect();
    let mut calls = EventLoop::<_, _, LANES>::default();
    for ((scenario, gate), seen) in scenarios.iter().zip(&gates).zip(&seen) {
        let answers: Answers<'_, _, _> = Box::new(|id| scenario.answer(id));
        let hook: Seeing<'_, _, _> = Box::new(|event: &Event<'_, _, _>| seen.borrow_mut().see(event));
        calls.start(&scenario.policy, gate, scenario.repeat, SEED, judge, answers, hook);
    }
    let over = calls.run();
    drop(gates);
    let observe = |(((scenario, over), notes), seen): (((&Scenario, Option<_>), RefCell<_>), RefCell<_>)| {
        let insist_tests::event_loop::Over { result, mut report } = over.expect("every call ends");
        report.fell_back = scenario.falls_back && result.is_err();
        let result = if report.fell_back { Ok(FALLBACK) } else { result };
        Observed::new(result, &report, seen.into_inner(), notes.into_inner())
    };
    scenarios.iter().zip(over).zip(notes).zip(seen).map(observe).collect()
}

/// Holds what a driver made of a scenario.
#[derive(Debug)]
pub(crate) struct Observed {
    pub(crate) result: Result<u32, GaveUp<Failure, u32>>,
    pub(crate) report: Value,
    pub(crate) lines: String,
    pub(crate) started: Instant,
    pub(crate) seen: Seen,
    pub(crate) asked: Vec<Asked>,
}

impl Observed {
    pub(crate) fn new(
        result: Result<u32, GaveUp<Failure, u32>>,
        report: &Report,
        seen: Seen,
        asked: Vec<Asked>,
    ) -> Self {
        Self {
            result,
            report: serde_json::to_value(report).expect("a report is JSON"),
            lines: report.to_string(),
            started: report.started,
            seen,
            asked,
        }
    }

    /// The report of a clock that began when the call did.
    pub(crate) fn since_start(&self) -> Value {
        let mut report = self.report.clone();
        let start = report["started_ns"].as_u64().unwrap_or_default();
        let shift = |value: &mut Value| *value = json!(value.as_u64().map(|nanos| nanos - start));
        shift(&mut report["started_ns"]);
        for entry in report["log"]["entries"].as_array_mut().into_iter().flatten() {
            shift(&mut entry["sent_ns"]);
            shift(&mut entry["ended_ns"]);
        }
        report
    }
}

/// Holds what a hook saw.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Decisions in order, with the error of each that failed. Waits are left out: how often a driver polls while it
    /// waits is its own affair.
    pub(crate) order: Vec<String>,
    /// Until when sends were held back by the gate.
    pub(crate) held: Vec<Instant>,
    /// Holds what each verdict led to.
    pub(crate) handled: Vec<(u32, Handled)>,
}

impl Seen {
    pub(crate) fn see(&mut self, event: &Event<'_, u32, Failure>) {
        let line = match event.decision {
            Decision::Judged(judged) => {
                self.handled.push((judged.attempt, judged.handled));
                let error = judged.error().map(|error| format!(" ({error})")).unwrap_or_default();
                format!("{} ended: {}{error}", judged.attempt, judged.verdict.as_str())
            }
            Decision::Action(Action::Send(attempt)) => {
                let retry = match attempt.retry {
                    0 => String::new(),
                    retry => format!(" {retry}"),
                };
                format!("send {}: {}{retry} in lane {}", attempt.id, attempt.kind, attempt.lane)
            }
            Decision::Action(Action::Cancel { attempt, reason }) => format!("cancel {attempt}: {reason}"),
            Decision::Action(Action::Return(id)) => format!("return {id}"),
            Decision::Action(Action::GiveUp(give_up)) => format!("give up: {}", give_up.reason().as_str()),
            Decision::Action(Action::Wait { until, reason }) => {
                if let (Some(until), WaitReason::Gate) = (until, reason) {
                    self.held.push(until);
                    self.held.dedup();
                }
                return;
            }
            other => panic!("{other:?} is not known here"),
        };
        self.order.push(line);
    }
}

/// Checks that whatever was reserved is sent or refunded, and whatever was admitted is settled.
pub(crate) fn gate_is_even(asked: &[Asked]) -> Result<(), String> {
    let count = |is: fn(&Question) -> bool| asked.iter().filter(|asked| is(&asked.question)).count();
    let reserved = count(|question| matches!(question, Question::Reserve(_, Ok(()))));
    let refunded = count(|question| matches!(question, Question::Refund(..)));
    let admitted = count(|question| matches!(question, Question::Admit(_, Admission::Yes)));
    let firsts =
        count(|question| matches!(question, Question::Admit(cause, Admission::Yes) if cause.kind == Kind::First));
    let unsent =
        count(|question| matches!(question, Question::Settle(cause, Settled::Unsent(_)) if cause.kind != Kind::First));
    let settled = count(|question| matches!(question, Question::Settle(..)));
    let sent_or_refunded = refunded + admitted - firsts - unsent;
    if reserved == sent_or_refunded && admitted == settled { Ok(()) } else { Err(format!("{asked:?}")) }
}

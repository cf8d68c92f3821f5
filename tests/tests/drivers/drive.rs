//! Runs scenarios through every driver.

use std::cell::RefCell;
use std::future::{Future, pending};
use std::sync::Arc;
use std::time::Duration;

use insist_blocking::{LiveAttempt, VirtualClock};
use insist_core::{Attempt, Policy};
use insist_futures::{Driver, Lanes, Operation, Outcomes, Room, Timer, VirtualTimer};
use insist_tests::event_loop::{Answers, EventLoop};

use crate::observed::Observed;
use crate::scenario::{FALLBACK, Failure, Given, SEED, Scenario, judge};

/// Runs an async call, whatever its timer.
async fn observe<M, O, const ROOM: usize>(
    scenario: &Scenario,
    call: Driver<M, &Policy, O, (), (), (), ROOM>,
) -> Observed
where
    M: Timer,
    O: Operation + Outcomes<Value = u32, Error = Failure>,
    Lanes<ROOM>: Room,
{
    let (notes, mut events) = (RefCell::default(), Vec::new());
    let gate = scenario.make_gate(&notes);
    let call = call.judge(judge).gate(&gate).repeat(scenario.repeat).seed(SEED).notify(|event| events.push(*event));
    let (result, report) = if scenario.falls_back {
        let (value, report) = call.fallback(|_| FALLBACK).report().await;
        (Ok(value), report)
    } else {
        call.report().await
    };
    drop(gate);
    Observed::new(result, &report, &events, notes.into_inner())
}

async fn answer<F: Future>(answer: Option<(Duration, Given)>, sleep: impl Fn(Duration) -> F) -> Given {
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
    let timer = VirtualTimer::new();
    let operation = |attempt: Attempt| answer(scenario.answer(attempt.id), |span| timer.sleep(span));
    if scenario.races {
        timer.block_on(observe(scenario, insist_futures::race(&timer, &scenario.policy, operation)))
    } else {
        timer.block_on(observe(scenario, insist_futures::retry(&timer, &scenario.policy, operation)))
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
    let clock = VirtualClock::new();
    let (notes, mut events) = (RefCell::default(), Vec::new());
    let gate = scenario.make_gate(&notes);
    let operation = |attempt: &LiveAttempt<'_>| {
        let (after, given) = scenario.answer(attempt.id).expect("an attempt that hangs would hang this thread");
        clock.advance(after);
        given
    };
    let call = insist_blocking::retry(&scenario.policy, operation).clock(&clock).judge(judge).gate(&gate);
    let call = call.repeat(scenario.repeat).seed(SEED).notify(|event| events.push(*event));
    let (result, report) = if scenario.falls_back {
        let (value, report) = call.fallback(|_| FALLBACK).report();
        (Ok(value), report)
    } else {
        call.report()
    };
    drop(gate);
    Observed::new(result, &report, &events, notes.into_inner())
}

/// By `insist-blocking` on threads, in real time.
pub(crate) fn on_threads(scenario: &Scenario) -> Observed {
    let (notes, mut events) = (RefCell::default(), Vec::new());
    let gate = scenario.make_gate(&notes);
    let script = Arc::new(scenario.clone());
    let operation = move |attempt: &LiveAttempt<'_>| match script.answer(attempt.id) {
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
    };
    let call = insist_blocking::race(&scenario.policy, operation).judge(judge).gate(&gate);
    let call = call.repeat(scenario.repeat).seed(SEED).notify(|event| events.push(*event));
    let (result, report) = call.report();
    drop(gate);
    Observed::new(result, &report, &events, notes.into_inner())
}

/// By an event loop that runs all of them at once, with this much room.
pub(crate) fn by_hand<const LANES: usize>(scenarios: &[Scenario]) -> Vec<Observed> {
    let notes: Vec<_> = scenarios.iter().map(|_| RefCell::default()).collect();
    let gates: Vec<_> = scenarios.iter().zip(&notes).map(|(scenario, notes)| scenario.make_gate(notes)).collect();
    let mut calls = EventLoop::<_, _, LANES>::default();
    for (scenario, gate) in scenarios.iter().zip(&gates) {
        let answers: Answers<'_, _, _> = Box::new(|id| scenario.answer(id));
        calls.start(&scenario.policy, gate, scenario.repeat, SEED, judge, answers);
    }
    let over = calls.run();
    drop(gates);
    let observe = |(scenario, (over, notes)): (&Scenario, (Option<_>, RefCell<_>))| {
        let insist_tests::event_loop::Over { result, mut report, events } = over.expect("every call ends");
        report.fell_back = scenario.falls_back && result.is_err();
        let result = if report.fell_back { Ok(FALLBACK) } else { result };
        Observed::new(result, &report, &events, notes.into_inner())
    };
    scenarios.iter().zip(over.into_iter().zip(notes)).map(observe).collect()
}

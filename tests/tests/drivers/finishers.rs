//! Every finisher says the same of the same call, whichever driver carries it out, and none panics, whatever the policy
//! is.

use std::cell::RefCell;
use std::sync::Arc;

use insist_blocking::{LiveAttempt, VirtualClock};
use insist_core::{Attempt, GaveUp, Jitter, Policy, Terms};
use insist_futures::{Driver, Lanes, Operation, Outcomes, Room, Timer, VirtualTimer};
use insist_tests::words::ms;

use crate::drive::{answer, answer_on_thread, gate_is_even};
use crate::in_real_time;
use crate::scenario::Outcome::{Fails, Ok as Succeeds};
use crate::scenario::{FALLBACK, Failure, Given, SEED, Scenario, judge};
use crate::table::table;

/// Holds what the finishers say of the same call.
#[derive(Clone, Debug, PartialEq)]
struct Finished {
    call: Given,
    try_call: Result<u32, GaveUp<Failure>>,
    /// Holds what awaiting it gives, which is what `try_call` does; none on threads.
    awaited: Option<Result<u32, GaveUp<Failure>>>,
    report: Result<u32, GaveUp<Failure, u32>>,
    fallback: u32,
}

impl Finished {
    /// Returns whether all say what the report says.
    fn agree(&self) -> bool {
        let own = match self.report.clone().map_err(GaveUp::split) {
            Ok(value) => Ok(value),
            Err((Some(last), _)) => last,
            Err((None, none)) => Err(none.into()),
        };
        self.call == own
            && self.awaited.as_ref().is_none_or(|awaited| *awaited == self.try_call)
            && self.try_call == self.report.clone().map_err(GaveUp::without_value)
            && self.fallback == self.report.clone().unwrap_or(FALLBACK)
    }

    /// Returns whether a call of another driver ended the same. How many lanes there is room for is each driver's
    /// affair.
    fn is_like(&self, other: &Self) -> bool {
        match (&self.report, &other.report) {
            (Err(one), Err(other)) => {
                let mut one = one.clone();
                one.room = other.room;
                one == *other
            }
            (one, other) => one == other,
        }
    }
}

/// Gives each finisher the same call, on any timer.
async fn each<M, O, const ROOM: usize>(
    scenario: &Scenario,
    make: impl Fn() -> Driver<M, O, Terms<Policy>, ROOM>,
) -> Finished
where
    M: Timer,
    O: Operation + Outcomes<Value = u32, Error = Failure>,
    Lanes<ROOM>: Room,
{
    let notes = RefCell::default();
    let call = || make().judge(judge).gate(scenario.make_gate(&notes)).repeat(scenario.repeat).seed(SEED);
    let finished = Finished {
        call: call().call().await,
        try_call: call().try_call().await,
        awaited: Some(call().await),
        report: call().report().await.0,
        fallback: call().fallback(|_| FALLBACK).await,
    };
    assert_eq!(gate_is_even(&notes.borrow()), Ok(()), "{}", scenario.name);
    finished
}

/// The same for calls of insist-blocking, which have no type that can be named.
macro_rules! each_blocking {
    ($scenario:ident, $make:expr) => {{
        let notes = RefCell::default();
        let call = || $make.judge(judge).gate($scenario.make_gate(&notes)).repeat($scenario.repeat).seed(SEED);
        let finished = Finished {
            call: call().call(),
            try_call: call().try_call(),
            awaited: None,
            report: call().report().0,
            fallback: call().fallback(|_| FALLBACK).call(),
        };
        assert_eq!(gate_is_even(&notes.borrow()), Ok(()), "{}", $scenario.name);
        finished
    }};
}

fn futures(scenario: &Scenario) -> Finished {
    let timer = VirtualTimer::new();
    let operation = |attempt: Attempt| answer(scenario.answer(attempt.id), |span| timer.sleep(span));
    if scenario.races {
        timer.block_on(each(scenario, || insist_futures::race(&timer, scenario.policy, operation)))
    } else {
        timer.block_on(each(scenario, || insist_futures::retry(&timer, scenario.policy, operation)))
    }
}

fn tokio(scenario: &Scenario) -> Finished {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let operation = |attempt: Attempt| answer(scenario.answer(attempt.id), tokio::time::sleep);
    runtime.expect("a runtime").block_on(async {
        if scenario.races {
            each(scenario, || insist_tokio::race(scenario.policy, operation)).await
        } else {
            each(scenario, || insist_tokio::retry(scenario.policy, operation)).await
        }
    })
}

fn smol(scenario: &Scenario) -> Finished {
    let operation = |attempt: Attempt| answer(scenario.answer(attempt.id), async_io::Timer::after);
    async_io::block_on(async {
        if scenario.races {
            each(scenario, || insist_smol::race(scenario.policy, operation)).await
        } else {
            each(scenario, || insist_smol::retry(scenario.policy, operation)).await
        }
    })
}

fn on_this_thread(scenario: &Scenario) -> Finished {
    let clock = VirtualClock::new();
    let operation = |attempt: &LiveAttempt<'_>| {
        let (after, given) = scenario.answer(attempt.id).expect("an attempt that hangs would hang this thread");
        clock.advance(after);
        given
    };
    each_blocking!(scenario, insist_blocking::retry(scenario.policy, operation).clock(&clock))
}

fn on_threads(scenario: &Scenario) -> Finished {
    let script = Arc::new(scenario.clone());
    let operation = move |attempt: &LiveAttempt<'_>| answer_on_thread(&script, attempt);
    each_blocking!(scenario, insist_blocking::race(scenario.policy, operation.clone()))
}

impl Scenario {
    /// Carries it out by each finisher, which agree.
    #[track_caller]
    fn finishes(&self, driver: &str, run: fn(&Self) -> Finished) -> Finished {
        let finished = run(self);
        assert!(finished.agree(), "{driver}: {}: {:?}: {finished:#?}", self.name, self.policy);
        finished
    }

    /// Carries it out by each finisher, and all end as it ended elsewhere.
    #[track_caller]
    fn finishes_like(&self, elsewhere: &Finished, driver: &str, run: fn(&Self) -> Finished) {
        let finished = self.finishes(driver, run);
        let is_like = finished.is_like(elsewhere);
        assert!(is_like, "{driver}: {}: {:?}: {finished:#?} is not {elsewhere:#?}", self.name, self.policy);
    }

    /// Returns whether insist-blocking carries it out on the thread that calls.
    fn is_for_one_thread(&self) -> bool {
        !self.races && !self.interrupts()
    }
}

#[test]
fn finishers_agree_about_every_scenario_in_virtual_time() {
    for scenario in table() {
        let said = scenario.finishes("insist-futures", futures);
        assert!(scenario.is_told_by(&said.report), "{}: {said:?}", scenario.name);
        scenario.finishes_like(&said, "insist-tokio", tokio);
        if scenario.is_for_one_thread() {
            scenario.finishes_like(&said, "insist-blocking", on_this_thread);
        }
    }
}

#[test]
fn finishers_agree_about_every_scenario_in_real_time() {
    let scenarios: Vec<_> = table().into_iter().filter(|scenario| !scenario.is_tied).collect();
    let is_right = |scenario: &Scenario, finished: Finished| {
        if scenario.is_told_by(&finished.report) && finished.agree() { Ok(()) } else { Err(format!("{finished:#?}")) }
    };
    in_real_time(&scenarios, |scenario| is_right(scenario, smol(scenario)));
    let for_threads: Vec<_> = scenarios.into_iter().filter(|scenario| !scenario.is_for_one_thread()).collect();
    in_real_time(&for_threads, |scenario| is_right(scenario, on_threads(scenario)));
}

/// Valid ones at the edge, and one of each that is invalid.
fn odd_policies() -> Vec<Policy> {
    let plain = Policy::constant(ms(10));
    let invalid = [
        plain.attempts(0),
        plain.lane_attempts(0),
        plain.lanes(0),
        plain.attempt_timeout(ms(0)),
        plain.deadline(ms(0)),
        plain.floor(ms(9)).cap(ms(3)),
        plain.jitter(Jitter::fraction(2.0)),
        plain.unlimited_attempts(),
        Policy::exponential(ms(10)).factor(f64::NAN),
    ];
    assert!(invalid.iter().all(|policy| policy.validate().is_err()), "{invalid:?}");
    let valid = [
        Policy::stop(),
        Policy::zero().attempts(9).lane_attempts(2),
        plain.deadline(ms(25)),
        plain.deadline(ms(1)),
        plain.unlimited_attempts().deadline(ms(105)),
        plain.attempt_timeout(ms(1)).attempts(2),
        plain.lanes(255),
        plain.lanes(4).hedge_after(ms(5)),
    ];
    assert!(valid.iter().all(|policy| policy.validate().is_ok()), "{valid:?}");
    invalid.into_iter().chain(valid).collect()
}

#[test]
fn no_finisher_panics_whatever_the_policy_is_and_all_agree() {
    for policy in odd_policies() {
        // An attempt that takes no time, so that nothing has to interrupt it.
        let fails = (1..=300).map(|id| (id, 0, Fails)).collect::<Vec<_>>();
        for outcomes in [fails, vec![(1, 0, Succeeds)]] {
            let retries = Scenario::new("odd", policy).by_retry().given(&outcomes);
            let said = retries.finishes("insist-futures", futures);
            retries.finishes_like(&said, "insist-tokio", tokio);
            retries.finishes_like(&said, "insist-blocking", on_this_thread);
            let races = Scenario { races: true, ..retries };
            let said = races.finishes("insist-futures", futures);
            races.finishes_like(&said, "insist-tokio", tokio);
            // How much fits into a time is not known where it is real.
            let real = on_threads(&races);
            assert!(policy.validate().is_ok() || real.agree() && real.is_like(&said), "{policy:?}: {real:#?}");
        }
    }
}

//! What is given to a driver beside a policy: a seed, a clock, a size; and that it does what it is told.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use insist_blocking::VirtualClock;
use insist_core::{Attempt, Policy, Terms};
use insist_futures::VirtualTimer;
use insist_tests::words::ms;

use crate::drive::{self, Observed, answer};
use crate::scenario::Outcome::Fails;
use crate::scenario::{SEED, Scenario, judge};
use crate::table::table;

/// A call of one lane that is not interrupted, for every driver.
fn scenarios() -> Vec<Scenario> {
    let is_plain = |scenario: &Scenario| !scenario.races && !scenario.interrupts() && !scenario.falls_back;
    table().into_iter().filter(is_plain).collect()
}

#[track_caller]
fn is_same(scenario: &Scenario, way: &str, seen: &Observed, by_reference: &Observed) {
    let scene = format!("{}: {way}", scenario.name);
    assert_eq!(seen.report, by_reference.report, "{scene}");
    assert_eq!(seen.result, by_reference.result, "{scene}");
    assert_eq!(seen.seen.order, by_reference.seen.order, "{scene}");
}

#[test]
fn a_policy_may_be_given_by_value_by_reference_by_pointer_and_in_terms() {
    for scenario in scenarios() {
        let policy: Policy = scenario.policy;
        let (future, thread) = (drive::futures(&scenario), drive::on_this_thread(&scenario));
        macro_rules! given {
            ($($terms:expr),+ $(,)?) => {
                $(
                    is_same(&scenario, stringify!($terms), &drive::futures_by(&scenario, $terms), &future);
                    is_same(&scenario, stringify!($terms), &drive::on_this_thread_by(&scenario, $terms), &thread);
                )+
            };
        }
        let terms = Terms::new(policy);
        let shared = Arc::new(policy);
        let borrowing = Terms::new(&policy);
        given!(policy, &shared, Arc::new(policy), Rc::new(policy), Box::new(policy));
        given!(terms, &terms, borrowing, &borrowing, Terms::new(Arc::clone(&shared)));
    }
}

#[test]
fn terms_that_hold_everything_are_one_value_for_calls_of_every_driver() {
    for scenario in scenarios() {
        let notes = RefCell::default();
        let terms = || {
            let terms = Terms::new(scenario.policy).judge(judge).gate(scenario.make_gate(&notes));
            terms.repeat(scenario.repeat).seed(SEED)
        };
        let expected = drive::futures(&scenario);
        let timer = VirtualTimer::new();
        let by_future = terms();
        let operation = |attempt: Attempt| answer(scenario.answer(attempt.id), |span| timer.sleep(span));
        let (result, report) = timer.block_on(insist_futures::retry(&timer, &by_future, operation).report());
        assert_eq!(result, expected.result, "{}", scenario.name);
        assert_eq!(serde_json::to_value(&report).ok(), Some(expected.report), "{}", scenario.name);

        let expected = drive::on_this_thread(&scenario);
        let (clock, on_thread) = (VirtualClock::new(), terms());
        let call = insist_blocking::retry(&on_thread, |attempt| {
            let (after, given) = scenario.answer(attempt.id).expect("it does not hang");
            clock.advance(after);
            given
        });
        let (result, report) = call.clock(&clock).report();
        assert_eq!(result, expected.result, "{}", scenario.name);
        assert_eq!(serde_json::to_value(&report).ok(), Some(expected.report), "{}", scenario.name);
    }
}

/// Returns how long it waited before each retry.
fn waits(seen: &Observed) -> Vec<Duration> {
    let report = seen.since_start();
    let entries = report["log"]["entries"].as_array().cloned().unwrap_or_default();
    let nanos = |entry: &serde_json::Value, field: &str| entry[field].as_u64().expect("an instant");
    entries
        .windows(2)
        .map(|pair| Duration::from_nanos(nanos(&pair[1], "sent_ns") - nanos(&pair[0], "ended_ns")))
        .collect()
}

#[test]
fn jittered_waits_are_those_that_the_policy_tells_in_every_driver() {
    for policy in [Policy::exponential(ms(100)).attempts(5), Policy::decorrelated(ms(40)).attempts(5)] {
        let told: Vec<_> = policy.delays(SEED).take(4).collect();
        assert!(told.iter().all(|wait| wait.subsec_nanos() % 1_000_000 != 0), "{told:?}");
        let scenario = Scenario::new("jitter", policy).given(&[1, 2, 3, 4, 5].map(|id| (id, 10, Fails)));
        assert_eq!(waits(&drive::futures(&scenario)), told);
        assert_eq!(waits(&drive::on_this_thread(&scenario)), told);
        assert_eq!(waits(&drive::by_hand::<1>(std::slice::from_ref(&scenario))[0]), told);
        // tokio's sleeps end at a millisecond.
        for (wait, told) in waits(&drive::tokio(&scenario)).into_iter().zip(told) {
            assert!(wait >= told && wait <= told + ms(1), "{wait:?} for {told:?}");
        }
    }
}

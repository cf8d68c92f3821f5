//! All throttles at once, around random calls that overlap: each may refuse what the others let through, and nothing
//! may leak (law 12).

use std::time::Duration;

use insist_core::Verdict::{Accept, Stop};
use insist_core::{Action, AdaptiveRate, AdaptiveThrottle, Call, Handled, Instant, Jitter, Policy, RetryShare};
use insist_tests::words::{RETRY, THROTTLED, at, ms};

use crate::aws::{Costs, available, quota as aws_quota};
use crate::grpc::{Pushback, RetryThrottle};

const POLICY: Policy = Policy::exponential(ms(100))
    .jitter(Jitter::Full)
    .attempts(6)
    .lanes(3)
    .hedge_after(ms(80))
    .attempt_timeout(ms(1000))
    .deadline(Duration::from_secs(20));

/// Twenty calls at a time, moved on at random, some of them dropped; then all are dropped. In debug builds a place that
/// is given back twice underflows and panics.
#[test]
fn calls_that_overlap_leave_nothing_behind() {
    let mut random = fastrand::Rng::with_seed(7);
    let concurrency = RetryShare::default();
    let throttle = RetryThrottle::new(1000, 1.0).unwrap();
    let quota = aws_quota(Costs::V2_1, 500);
    // A call follows the other without a pause, so with the usual 2 it would turn away nearly all.
    let adaptive = AdaptiveThrottle::new(200.0).seed(7);
    let limiter = AdaptiveRate::new();
    let make = |now: Instant, seed: u64| {
        let own = (&quota, Pushback::new());
        let shared = ((&adaptive, &concurrency), (&throttle, &limiter));
        Call::with_lanes::<3>(&POLICY, (shared, own), now, seed)
    };
    let mut calls: Vec<_> = (0..20).map(|seed| (make(at(0), seed), Vec::new())).collect();
    let (mut returned, mut gave_up, mut retried) = (0, 0, 0);
    for step in 1..120_000 {
        let now = at(step * 5);
        let (call, in_flight): &mut (_, Vec<u32>) = random.choice(&mut calls).unwrap();
        if !in_flight.is_empty() && random.bool() {
            let id = in_flight.swap_remove(random.usize(0..in_flight.len()));
            let verdict = random.choice([Accept, Accept, Accept, RETRY, THROTTLED, Stop]).unwrap();
            assert_ne!(call.handle(now, id, verdict), Handled::Unknown);
        }
        let is_over = match call.poll(now) {
            Action::Send(attempt) => {
                in_flight.push(attempt.id);
                false
            }
            Action::Cancel { attempt, .. } => {
                in_flight.retain(|other| *other != attempt);
                false
            }
            Action::Wait { .. } => random.u8(..) == 0,
            Action::Return(_) => {
                returned += 1;
                true
            }
            Action::GiveUp(_) => {
                gave_up += 1;
                true
            }
        };
        if is_over {
            retried += call.state().retries() + call.state().hedges();
            (*call, *in_flight) = (make(now, step), Vec::new());
        }
    }
    assert!(returned > 100 && gave_up > 100 && retried > 100, "{returned} {gave_up} {retried}");
    calls.clear();
    assert_eq!(concurrency.state().in_flight, 0);
    assert_eq!(concurrency.state().retries, 0);
    assert!(available(&quota, at(0)) <= 500 && throttle.thousandths() <= 1_000_000);
}

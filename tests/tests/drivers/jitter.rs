//! Waits that are drawn: every driver draws the same, and they are those that the policy tells beforehand.

use std::time::Duration;

use insist_core::Policy;
use insist_tests::by_hand::ms;

use crate::drive;
use crate::observed::Observed;
use crate::scenario::Outcome::Fails;
use crate::scenario::{SEED, Scenario};

/// How long it waited before each retry.
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

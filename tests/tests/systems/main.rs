//! Other systems: what their presets carry, the vectors of their own tests, and their faults, one file a system.
//!
//! An id such as F7, or the name of a test, says which vector of the system a test is; where insist differs on purpose,
//! the test asserts what insist does and says why. A comment that begins with "Fault" has ids of `docs/faults.md`. The
//! gates and backoffs that only another system has are written here as a user would write them.

mod aws;
mod backoff;
mod backon;
mod cenkalti;
mod draws;
mod elastic;
mod envoy;
mod failsafe;
mod faults;
mod finagle;
mod gobreaker;
mod grpc;
mod hand;
mod others;
mod pester;
mod polly;
mod reqwest;
mod resilience4j;
mod retryablehttp;
mod sre;
mod tenacity;
mod together;
mod tokio_retry;
mod tower;

use std::time::Duration;

use insist_core::Policy;

#[test]
fn presets_stand_in_constants() {
    const MINE: Policy = Policy::aws().attempts(5).deadline(Duration::from_secs(30));
    assert_eq!(MINE.get_attempts(), Some(5));
    assert_eq!(MINE.get_cap(), Some(Duration::from_secs(20)));
}

#[test]
fn no_preset_changes_how_hints_are_honoured() {
    for (name, policy) in Policy::PRESETS {
        assert!(policy.get_hints(), "{name}");
        assert_eq!(policy.get_hint_limit(), Some(Duration::from_secs(300)), "{name}");
        assert_eq!(policy.get_floor(), Duration::ZERO, "{name}");
        assert_eq!(policy.get_attempt_timeout(), None, "{name}");
    }
}

//! Tenacity (github.com/jd/tenacity).
//!
//! T1 - T15 are all here. Left out of its suite: what formats a call's state, and conditions on results, which are
//! verdicts here and need no combinators.
//!
//! Its `stop_all` is a gate for one call: it refuses a retry once both limits are reached, where a policy ends a call
//! at the first.

use std::cell::Cell;
use std::time::Duration;

use insist_core::{
    Action, AtEnd, Cause, Gate, Instant, Jitter, List, Policy, PolicyError, Reason, Refusal, Repeat, Script, play,
    play_with,
};
use insist_tests::words::{ACCEPT, RETRY, always, at, drawn, end, failing, gave_up, ms, script, secs, sends, waits};

struct BothLimits {
    attempts: u32,
    span: Duration,
    failed: Cell<u32>,
}

impl BothLimits {
    /// For a call that starts at the origin.
    fn new(attempts: u32, span: Duration) -> Self {
        Self { attempts, span, failed: Cell::new(0) }
    }
}

impl Gate for BothLimits {
    fn reserve(&self, now: Instant, _: &Cause) -> Result<(), Refusal> {
        self.failed.set(self.failed.get() + 1);
        let elapsed = now.saturating_since(Instant::ZERO);
        if self.failed.get() >= self.attempts && elapsed >= self.span {
            return Err(Refusal::new(&"attempts and time are both used up"));
        }
        Ok(())
    }
}

/// Seconds that double, without jitter and cap, as tenacity's are.
const EXPONENTIAL: Policy = Policy::exponential(secs(1)).no_cap().jitter(Jitter::None).attempts(100);

/// T1, test_exponential.
#[test]
fn seconds_double() {
    assert_eq!(waits(&EXPONENTIAL, 8), [1, 2, 4, 8, 16, 32, 64, 128].map(secs));
}

/// test_exponential_with_max_wait.
#[test]
fn seconds_double_up_to_the_cap() {
    let policy = EXPONENTIAL.cap(secs(40));
    assert_eq!(waits(&policy, 8), [1, 2, 4, 8, 16, 32, 40, 40].map(secs));
    assert_eq!(policy.delays(0).nth(49), Some(secs(40)));
}

/// T3, test_exponential_with_min_wait.
#[test]
fn no_wait_is_below_the_floor() {
    let policy = EXPONENTIAL.floor(secs(20));
    assert_eq!(waits(&policy, 8), [20, 20, 20, 20, 20, 32, 64, 128].map(secs));
    assert_eq!(policy.delays(0).nth(19), Some(secs(524_288)));
}

/// T4b, test_exponential_with_min_wait_and_multiplier.
#[test]
fn the_floor_holds_for_another_base_too() {
    let policy = Policy::exponential(secs(2)).no_cap().jitter(Jitter::None).attempts(100).floor(secs(20));
    assert_eq!(waits(&policy, 8), [20, 20, 20, 20, 32, 64, 128, 256].map(secs));
    assert_eq!(policy.delays(0).nth(19), Some(secs(1_048_576)));
}

/// test_exponential_with_min_wait_andmax__wait.
#[test]
fn floor_and_cap_hold_together() {
    let policy = EXPONENTIAL.floor(secs(10)).cap(secs(100));
    assert_eq!(waits(&policy, 9), [10, 10, 10, 10, 16, 32, 64, 100, 100].map(secs));
    assert_eq!(policy.delays(0).nth(19), Some(secs(100)));
}

/// T5, test_exponential_caps_when_max_multiplier_ratio_underflows: 1e300 s capped at 1e-100 s. Time has nanoseconds
/// here and ends after 584 years, and a factor that makes no sense is refused (nothing is silently clamped).
#[test]
fn the_largest_base_stays_at_the_smallest_cap() {
    for cap in [Duration::ZERO, Duration::from_nanos(1)] {
        let policy = Policy::exponential(Duration::MAX).factor(1e19).cap(cap).jitter(Jitter::None).attempts(100);
        assert_eq!(waits(&policy, 99), [cap; 99]);
    }
    assert_eq!(Policy::exponential(secs(1)).factor(1e300).validate(), Err(PolicyError::Factor));
}

/// T7, test_wait_chain_multiple_invocations.
#[test]
fn a_list_repeats_its_last_wait_and_starts_anew_with_each_call() {
    let list = List::new(&[1, 2, 3].map(secs));
    let policy = Policy::list(list, AtEnd::Repeat).jitter(Jitter::None).attempts(5);
    for seed in 0..2 {
        let timeline = play(&policy, seed, &always(RETRY));
        assert_eq!(sends(&timeline), [0, 1_000, 3_000, 6_000, 9_000].map(at));
        assert_eq!(gave_up(&timeline).reason, Reason::Attempts);
        assert_eq!(gave_up(&timeline).last, Some(5));
    }
}

/// T9, test_wait_random_exponential_statistically: within 8 % of half of what the delay is before jitter.
#[test]
fn full_jitter_waits_half_as_long_in_the_mean() {
    const SEEDS: u32 = 4_000;
    let policy = Policy::exponential(ms(500)).cap(secs(60)).jitter(Jitter::Full).attempts(10);
    for (number, mean) in (1..).zip([0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]) {
        let seen = drawn(&policy, number, SEEDS.into()).iter().sum::<Duration>().as_secs_f64() / f64::from(SEEDS);
        assert!((seen - mean).abs() <= mean * 0.08, "retry {number} waits {seen} s in the mean, not {mean} s");
    }
}

/// T11, test_stop_after_attempt.
#[test]
fn a_number_of_attempts_ends_the_call_however_late_it_is() {
    let long = secs(6_546);
    let policy = Policy::zero().attempts(3);
    let after_two = play(&policy, 7, &failing(2, long).outcome(3, ms(0), ACCEPT));
    assert_eq!(end(&after_two).1, Action::Return(3));
    let after_three = play(&policy, 7, &failing(4, long));
    assert_eq!(sends(&after_three).len(), 3);
    assert_eq!(gave_up(&after_three).reason, Reason::Attempts);
    assert_eq!(gave_up(&after_three).last, Some(3));
}

/// T13, test_stop_before_delay.
#[test]
fn a_wait_that_would_reach_the_deadline_is_not_begun() {
    let after = |failed: u64, wait| {
        let policy = Policy::constant(wait).jitter(Jitter::None).attempts(2).deadline(secs(1));
        let timeline = play(&policy, 7, &script(&[(failed, RETRY), (0, ACCEPT)]));
        (sends(&timeline).len(), end(&timeline).0)
    };
    assert_eq!(after(999, Duration::from_micros(100)), (2, at(999).checked_add(Duration::from_micros(100)).unwrap()));
    assert_eq!(after(999, ms(1)), (1, at(999)));
    assert_eq!(after(1_000, ms(1)), (1, at(1_000)));
}

/// The pairs that tenacity asks its conditions about: as many attempts have failed when so many milliseconds are over.
const ASKED: [(u32, u64); 6] = [(1, 100), (2, 200), (2, 800), (4, 800), (3, 1_800), (4, 1_800)];

/// The last of so many failures comes after so long.
fn failing_until(attempts: u32, millis: u64) -> Script {
    (1..=attempts)
        .fold(Script::new(), |script, id| script.outcome(id, ms(if id == attempts { millis } else { 0 }), RETRY))
}

/// test_stop_any: attempts and a deadline, as any policy has them.
#[test]
fn the_first_of_two_limits_ends_a_call() {
    let policy = Policy::zero().attempts(4).deadline(secs(1));
    let goes_on = ASKED.map(|(attempts, millis)| {
        let timeline = play(&policy, 7, &failing_until(attempts, millis));
        sends(&timeline).len() > attempts as usize
    });
    assert_eq!(goes_on, [true, true, true, false, false, false]);
}

/// T15, test_stop_all. A policy's limits are promises, each of which holds (laws 2 and 6); who wants both at once says
/// so with a gate of the call's own.
#[test]
fn a_call_can_be_ended_by_two_limits_together() {
    let policy = Policy::zero().unlimited_attempts().deadline(secs(3_600));
    let goes_on = ASKED.map(|(attempts, millis)| {
        let gate = BothLimits::new(4, secs(1));
        let timeline = play_with(&policy, &gate, Repeat::Always, Instant::ZERO, 7, &failing_until(attempts, millis));
        sends(&timeline).len() > attempts as usize
    });
    assert_eq!(goes_on, [true, true, true, true, true, false]);
    let timeline =
        play_with(&policy, &BothLimits::new(4, secs(1)), Repeat::Always, Instant::ZERO, 7, &failing_until(4, 1_800));
    assert_eq!(gave_up(&timeline).reason, Reason::Refused);
    assert_eq!(gave_up(&timeline).last, Some(4));
    assert_eq!(end(&timeline).0, at(1_800));
}

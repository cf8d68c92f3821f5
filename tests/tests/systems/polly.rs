//! Polly (App-vNext/Polly, v8).
//!
//! PL22 is the health of its circuit breaker. Polly's vectors say what it makes of a random number; insist takes none
//! from outside, so here that number names the quantile of what many seeds draw. Left out: contexts and telemetry,
//! which are the user's closure and the hook here.
//!
//! Its exponential backoff with jitter is a backoff of one's own here: each wait ends at a point that is drawn on a
//! smooth curve, so that the waits of many clients together have no peaks. A wait needs the draw of the wait before it, which
//! the machine gives again. Vectors have draws of their own, so there the number drawn for a retry is asked of a function.

use std::time::Duration;

use insist_blocking::{VirtualClock, retry};
use insist_core::{
    Action, Backoff, Breaker, BreakerState, Call, Jitter, Policy, Reason, RetryContext, Rng, Verdict, play,
};
use insist_tests::words::{
    ACCEPT, FAILURE, RETRY, SUCCESS, always, at, attempt, cancels, drawn, end, gave_up, ms, script, secs, sends, waits,
};

struct SmoothBackoff<D> {
    base: Duration,
    draw: D,
}

impl<D: Fn(u32) -> f64> SmoothBackoff<D> {
    /// `draw` gives a number from 0 up to 1 for the retry with that number, the same each time.
    fn new(base: Duration, draw: D) -> Self {
        Self { base, draw }
    }

    /// Returns where on the curve the wait before this retry ends, in base delays. 0 before the first.
    fn point(&self, number: u32) -> f64 {
        if number == 0 {
            return 0.0;
        }
        let place = f64::from(number - 1) + (self.draw)(number);
        place.exp2() * (4.0 * place).sqrt().tanh() / 1.4
    }
}

impl<D: Fn(u32) -> f64> Backoff for SmoothBackoff<D> {
    fn delay(&self, retry: RetryContext, _: &mut dyn Rng) -> Option<Duration> {
        let delay = (self.point(retry.number) - self.point(retry.number - 1)) * self.base.as_secs_f64();
        // What no float or no duration holds is the longest there is.
        Some(Duration::try_from_secs_f64(delay).unwrap_or(Duration::MAX))
    }
}

/// The same with the machine's draws: it keeps nothing.
struct DrawnSmoothBackoff(Duration);

impl Backoff for DrawnSmoothBackoff {
    fn delay(&self, retry: RetryContext, rng: &mut dyn Rng) -> Option<Duration> {
        let (now, before) = (unit(rng), retry.earlier(1).map_or(0.0, |mut rng| unit(&mut rng)));
        let draw = |number| if number == retry.number { now } else { before };
        SmoothBackoff::new(self.0, draw).delay(retry, rng)
    }
}

/// A number from 0 up to 1.
fn unit(rng: &mut dyn Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// ± 25 %, Polly's jitter of delays that do not double.
const QUARTER: Jitter = Jitter::fraction(0.25);

/// Up to three hedges; a failure sends the next at once.
const HEDGING: Policy =
    Policy::stop().attempts(4).lane_attempts(1).lanes(4).hedge_after(secs(1)).hedge_on_failure(true);

/// Checks where in the drawn waits of that retry these shares of them end, in seconds.
#[track_caller]
fn assert_quantiles(policy: &Policy, number: usize, quantiles: &[(f64, f64)]) {
    const SEEDS: u64 = 20_000;
    let drawn = drawn(policy, number, SEEDS);
    for (share, expected) in quantiles {
        let seen = drawn[((SEEDS - 1) as f64 * share) as usize].as_secs_f64();
        assert!((seen - expected).abs() < 0.01 * expected, "{share} of the waits end at {seen} s, not {expected} s");
    }
    assert!(drawn[0].as_secs_f64() >= quantiles[0].1);
    assert!(drawn[drawn.len() - 1].as_secs_f64() <= quantiles[quantiles.len() - 1].1);
}

/// PL1 - PL4, Constant_Jitter_Ok.
#[test]
fn a_constant_delay_is_spread_evenly_by_a_quarter() {
    let policy = Policy::constant(secs(1)).jitter(QUARTER);
    assert_quantiles(&policy, 1, &[(0.0, 0.75), (0.4, 0.95), (0.6, 1.05), (1.0, 1.25)]);
    assert_quantiles(&policy, 2, &[(0.0, 0.75), (0.4, 0.95), (0.6, 1.05), (1.0, 1.25)]);
}

/// PL6 - PL10, Linear_Jitter_Ok: its attempt 2 is the third retry.
#[test]
fn a_linear_delay_is_spread_evenly_by_a_quarter() {
    let policy = Policy::linear(secs(1)).jitter(QUARTER).attempts(4);
    assert_eq!(waits(&policy.jitter(Jitter::None), 9), [1, 2, 3].map(secs));
    assert_quantiles(&policy, 3, &[(0.0, 2.25), (0.4, 2.85), (0.5, 3.0), (0.6, 3.15), (1.0, 3.75)]);
}

/// PL12, MaxDelay_Ok, without jitter.
#[test]
fn each_shape_is_cut_at_the_cap() {
    for policy in [Policy::constant(secs(10)), Policy::linear(secs(10)), Policy::exponential(secs(10))] {
        let policy = policy.cap(secs(1)).jitter(Jitter::None).attempts(4);
        assert_eq!(waits(&policy, 9), [secs(1); 3]);
    }
}

/// PL12, MaxDelay_Ok, with jitter. There what is drawn above the cap becomes the cap, so that all clients wait equally
/// long; here the range is cut before the draw (law 8).
#[test]
fn jitter_at_the_cap_spreads_below_it() {
    for policy in [Policy::constant(secs(10)), Policy::linear(secs(10)), Policy::exponential(secs(10))] {
        let policy = policy.cap(secs(1)).jitter(QUARTER).attempts(4);
        assert_quantiles(&policy, 3, &[(0.0, 0.75), (0.5, 0.875), (1.0, 1.0)]);
    }
}

/// GetRetryDelay_Overflow_ReturnsMaxTimeSpan and …OverflowWithMaxDelay_ReturnsMaxDelay.
#[test]
fn a_day_that_has_doubled_a_thousand_times_is_the_longest_there_is_or_the_cap() {
    let day = secs(86_400);
    let policy = Policy::exponential(day).no_cap().jitter(Jitter::None).attempts(2_000);
    assert_eq!(policy.delays(7).nth(1_000), Some(Duration::from_nanos(u64::MAX)));
    assert_eq!(policy.cap(day * 2).delays(7).nth(1_000), Some(day * 2));
}

/// A number from 0 up to 1 that follows from a seed and a retry's number.
fn lot(seed: u64, number: u32) -> f64 {
    fastrand::Rng::with_seed(seed << 32 | u64::from(number)).f64()
}

/// PL14, GetRetryDelay_Exponential_Is_Positive_When_No_Maximum_Delay, with Polly's formula and with a shape of
/// insist's.
#[test]
fn no_delay_is_zero_or_negative_however_often_it_has_grown() {
    for seed in 0..20 {
        let own = SmoothBackoff::new(secs(2), |number| lot(seed, number));
        let smooth = Policy::new(own).jitter(Jitter::None).attempts(1_027);
        assert_eq!(smooth.delays(seed).filter(|delay| !delay.is_zero()).count(), 1_026);
        let built_in = Policy::exponential(secs(2)).no_cap().attempts(1_027);
        assert_eq!(built_in.delays(seed).filter(|delay| !delay.is_zero()).count(), 1_026);
    }
}

/// GetRetryDelay_Exponential_Does_Not_Exceed_MaxDelay.
#[test]
fn no_delay_of_a_backoff_of_ones_own_exceeds_the_cap() {
    let own = SmoothBackoff::new(secs(2), |number| lot(7, number));
    let policy = Policy::new(own).jitter(Jitter::None).cap(secs(30)).attempts(1_027);
    assert!(policy.delays(7).all(|delay| !delay.is_zero() && delay <= secs(30)));
    assert_eq!(policy.delays(7).last(), Some(secs(30)));
}

/// PL16, DecorrelatedJitterBackoffV2_Meets_Specification: from 0 to below 4 × 2^attempt × the base delay.
#[test]
fn a_smooth_delay_stays_below_four_times_the_delay_without_jitter() {
    for base in [ms(1), ms(7_800), secs(3_600)] {
        for seed in 0..20 {
            let own = SmoothBackoff::new(base, |number| lot(seed, number));
            let policy = Policy::new(own).jitter(Jitter::None).attempts(2_049);
            for (attempt, delay) in (0..).zip(policy.delays(seed)) {
                let bound = (base.as_nanos() as f64 * f64::from(attempt).exp2() * 4.0).min(u64::MAX as f64);
                assert!(delay.as_nanos() as f64 <= bound, "{delay:?} in attempt {attempt}");
            }
        }
    }
}

/// PL16's formula by numbers that were worked out from it: the draws are all equal, the base is a second.
#[test]
fn smooth_delays_are_those_of_the_formula() {
    for (draw, expected) in [
        (0.0, [0.0, 1.377182, 1.460067, 2.86585, 5.717807, 11.430272]),
        (0.25, [0.646924, 1.01357, 1.720438, 3.40451, 6.79837, 13.592378]),
        (0.5, [0.897405, 1.093004, 2.035748, 4.045979, 8.083632, 16.163663]),
        (0.75, [1.12836, 1.250132, 2.414001, 4.809443, 9.612264, 19.221529]),
    ] {
        let policy = Policy::new(SmoothBackoff::new(secs(1), |_| draw)).jitter(Jitter::None).attempts(7);
        for (delay, expected) in waits(&policy, 6).iter().zip(expected) {
            assert!((delay.as_secs_f64() - expected).abs() < 1e-6, "{delay:?} is not {expected} s for {draw}");
        }
    }
}

/// Each point on the curve is drawn once, so the waits up to a retry add up to where its point lies.
#[test]
fn smooth_waits_add_up_to_points_on_the_curve_without_any_memory() {
    for seed in 0..200 {
        let policy = Policy::new(DrawnSmoothBackoff(secs(1))).jitter(Jitter::None).attempts(11);
        let waited: Duration = policy.delays(seed).sum();
        let last = SmoothBackoff::new(secs(1), |_| 0.0);
        let (low, high) = (last.point(10), SmoothBackoff::new(secs(1), |_| 1.0).point(10));
        assert!((low..high).contains(&waited.as_secs_f64()), "{waited:?} is not from {low} up to {high}");
    }
}

/// PL24, …AllAttemptsFailAndTheOriginalCallIsTheSlowest…, in parallel and hedged: the result of the original is what
/// comes back, here because it was judged last.
#[test]
fn the_original_that_fails_last_is_what_a_race_or_a_hedge_hands_back() {
    for (delay, last) in [(0, 0), (1_000, 2_000)] {
        let policy = HEDGING.attempts(3).hedge_on_failure(false).hedge_after(ms(delay));
        let timeline = play(&policy, 7, &script(&[(last + 200, RETRY), (0, RETRY), (0, RETRY)]));
        assert_eq!(sends(&timeline), [0, delay, 2 * delay].map(at));
        assert_eq!(gave_up(&timeline).reason, Reason::Attempts);
        assert_eq!(gave_up(&timeline).last, Some(1));
        assert_eq!(end(&timeline).0, at(last + 200));
    }
}

/// PL24 as a fallback, one after the other, and ExceptionsHandled_ShouldThrowLastException. There the original's result
/// comes back although others followed; here the latest that had a verdict does (Ties), because it tells how things
/// stand now.
#[test]
fn the_latest_is_handed_back_where_attempts_follow_each_other() {
    let timeline = play(&Policy::zero().attempts(3), 7, &script(&[(200, RETRY); 3]));
    assert_eq!(sends(&timeline), [0, 200, 400].map(at));
    assert_eq!(gave_up(&timeline).reason, Reason::Attempts);
    assert_eq!(gave_up(&timeline).last, Some(3));
}

/// PL26, ExecuteAsync_ExceptionsHandled_ShouldThrowAnyException: the third hedge fails in a way that is not handled.
#[test]
fn a_failure_that_no_attempt_mends_ends_the_call_and_is_handed_back() {
    let outcomes = [(0, RETRY), (0, RETRY), (0, RETRY), (0, Verdict::Stop)];
    let timeline = play(&HEDGING, 7, &script(&outcomes));
    assert_eq!(sends(&timeline), [at(0); 4]);
    assert_eq!(gave_up(&timeline).reason, Reason::Stopped);
    assert_eq!(gave_up(&timeline).last, Some(4));
}

/// ExecuteAsync_PrimaryExceptionNotHandled_Rethrow.
#[test]
fn an_original_that_no_attempt_mends_is_not_hedged() {
    let timeline = play(&HEDGING, 7, &script(&[(0, Verdict::Stop)]));
    assert_eq!(sends(&timeline), [at(0)]);
    assert_eq!(gave_up(&timeline).reason, Reason::Stopped);
    assert_eq!(gave_up(&timeline).last, Some(1));
}

/// ExecuteAsync_ExceptionsHandled_ShouldReturnLastResult.
#[test]
fn the_last_hedge_may_still_succeed() {
    let timeline = play(&HEDGING, 7, &script(&[(0, RETRY), (0, RETRY), (0, RETRY), (0, ACCEPT)]));
    assert_eq!(end(&timeline), (at(0), Action::Return(4)));
}

/// PL28, ExecuteAsync_InfiniteHedgingDelay_EnsureNoConcurrentExecutions.
#[test]
fn with_an_infinite_hedge_delay_no_two_attempts_are_in_flight() {
    let policy = HEDGING.hedge_after(Duration::MAX);
    let timeline = play(&policy, 7, &script(&[(86_400_000, RETRY), (86_400_000, RETRY), (86_400_000, ACCEPT)]));
    assert_eq!(sends(&timeline), [0, 86_400_000, 172_800_000].map(at));
    assert!(cancels(&timeline).is_empty(), "{timeline}");
    assert_eq!(end(&timeline), (at(259_200_000), Action::Return(3)));
    // And where nothing fails, nothing else is ever sent.
    let mut call = Call::with_lanes::<4>(&policy, &(), at(0), 7);
    assert!(matches!(call.poll(at(0)), Action::Send(_)));
    assert!(matches!(call.poll(at(1 << 40)), Action::Wait { until: None, .. }));
}

/// ExecuteAsync_ZeroHedgingDelay_EnsureAllTasksSpawnedAtOnce.
#[test]
fn with_no_hedge_delay_all_are_sent_at_once() {
    let timeline = play(&HEDGING.hedge_after(Duration::ZERO), 7, &script(&[(86_400_000, ACCEPT); 4]));
    assert_eq!(sends(&timeline), [at(0); 4]);
    assert_eq!(cancels(&timeline), [2, 3, 4]);
}

/// A retry by the formula, through a driver: the waits are those of the policy.
#[test]
fn a_call_waits_by_a_backoff_of_ones_own() {
    let policy = Policy::new(SmoothBackoff::new(secs(1), |_| 0.5)).jitter(Jitter::None).attempts(4);
    let clock = VirtualClock::new();
    let result = retry(&policy, |attempt| Err::<(), _>(attempt.id)).clock(&clock).try_call();
    assert_eq!(result.unwrap_err().last, Some(Err(4)));
    assert_eq!(clock.elapsed(), waits(&policy, 3).iter().sum::<Duration>());
    let sent = sends(&play(&policy, 7, &always(RETRY)));
    assert!(sent.iter().map(|sent| sent.as_nanos() / 1_000_000).eq([0, 897, 1_990, 4_026]), "{sent:?}");
}

/// PL22: a window of 10 s, two reports every 2 s, read before the next two.
#[test]
fn the_window_forgets() {
    let breaker = Breaker::new(1.0).min_throughput(100).window(Duration::from_secs(10));
    let mut seen = Vec::new();
    for step in 0..6 {
        if step < 5 {
            attempt(&breaker, at(step * 2000), if step < 2 { FAILURE } else { SUCCESS });
            attempt(&breaker, at(step * 2000), SUCCESS);
        }
        let BreakerState::Closed { attempts, failures, ratio, .. } = breaker.state(at(step * 2000 + 2000)) else {
            panic!()
        };
        seen.push((attempts, ratio, failures));
    }
    assert_eq!(seen, [(2, 0.5, 1), (4, 0.5, 2), (6, 2.0 / 6.0, 2), (8, 0.25, 2), (8, 0.125, 1), (6, 0.0, 0)]);
}

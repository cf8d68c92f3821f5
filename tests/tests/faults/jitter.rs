//! How the waits are spread: each drawn anew, to the nanosecond, evenly, and differently for each call.

use std::collections::BTreeSet;
use std::time::Duration;

use insist_blocking::{VirtualClock, retry};
use insist_core::{AtEnd, Jitter, List, Policy};

use crate::{SECOND, endless, ms};

/// The first delays of as many calls.
fn draws(policy: Policy, calls: u64) -> Vec<Duration> {
    (0..calls).map(|seed| policy.delays(seed).next().unwrap()).collect()
}

fn mean(draws: &[Duration]) -> Duration {
    draws.iter().sum::<Duration>() / draws.len() as u32
}

fn nanos(nanos: u64) -> Duration {
    Duration::from_nanos(nanos)
}

/// R3: tokio-retry2 0.9 drew one whole number for all delays; it was 0, or made each as many times too long.
#[test]
fn each_wait_is_drawn_anew() {
    for jitter in [Jitter::Full, Jitter::Equal, Jitter::fraction(0.5)] {
        let drawn: BTreeSet<_> = endless(Policy::constant(SECOND).jitter(jitter)).delays(1).take(1000).collect();
        assert!(drawn.len() > 990, "{jitter:?}: {}", drawn.len());
    }
}

/// R14: backon 1.6 began all calls with one seed where there is no std. R32: tower 0.5 gave each session the same.
#[test]
fn calls_of_one_policy_do_not_wait_in_step() {
    let policy = Policy::constant(SECOND).jitter(Jitter::Full);
    let waited: BTreeSet<_> = (0..200)
        .map(|_| {
            let clock = VirtualClock::new();
            retry(&policy, |_| Err::<(), _>("down")).clock(&clock).call().unwrap_err();
            clock.elapsed()
        })
        .collect();
    assert_eq!(waited.len(), 200);
}

/// R31: tower 0.5 dropped the part of its jitter below a second, and with a base of 1 s all of it.
#[test]
fn jitter_on_a_whole_second_has_its_nanoseconds() {
    let drawn = draws(Policy::constant(SECOND).jitter(Jitter::fraction(0.99)), 10_000);
    assert!(drawn.iter().all(|delay| (ms(10)..=ms(1990)).contains(delay)));
    let below_a_microsecond: BTreeSet<_> = drawn.iter().map(|delay| delay.subsec_nanos() % 1000).collect();
    assert!(below_a_microsecond.len() > 990);
    assert!((ms(980)..ms(1020)).contains(&mean(&drawn)), "{:?}", mean(&drawn));
}

/// R38: fure 0.6 rounded its jitter up to whole seconds, so that a second was always a second.
#[test]
fn full_jitter_on_a_second_is_hardly_ever_a_second() {
    let drawn = draws(Policy::constant(SECOND).jitter(Jitter::Full), 10_000);
    assert!(drawn.iter().filter(|delay| **delay == SECOND).count() < 2);
    assert!((ms(480)..ms(520)).contains(&mean(&drawn)), "{:?}", mean(&drawn));
}

/// R39: exponential-backoff panicked where its jitter was below a hundredth.
#[test]
fn a_tiny_fraction_is_a_tiny_spread() {
    for fraction in [0.0, f64::MIN_POSITIVE, 1e-9, 0.001, 0.009_999] {
        let policy = Policy::constant(SECOND).jitter(Jitter::fraction(fraction));
        assert_eq!(policy.validate(), Ok(()));
        let most = SECOND.mul_f64(fraction) + nanos(1);
        assert!(draws(policy, 1000).iter().all(|delay| delay.abs_diff(SECOND) <= most), "{fraction}");
    }
}

/// R39: exponential-backoff never drew a delay a little above its middle, and 3.6 % too much on the whole.
#[test]
fn a_spread_around_a_delay_has_no_hole_and_its_mean_is_the_delay() {
    let drawn = draws(Policy::constant(SECOND).jitter(Jitter::fraction(0.3)), 28_000);
    let mut bins = [0; 28];
    for delay in &drawn {
        bins[(delay.saturating_sub(ms(700)).as_micros() / 21_429) as usize] += 1;
    }
    assert!(bins.iter().all(|bin| (800..1200).contains(bin)), "{bins:?}");
    assert!((ms(996)..ms(1004)).contains(&mean(&drawn)), "{:?}", mean(&drawn));
}

/// E8: elastic's jitter on 7 ms lies from 3 to 9, on 1 ms it is 0.
#[test]
fn a_spread_of_a_few_nanoseconds_is_as_wide_below_as_above() {
    for base in [1, 2, 3, 7] {
        let drawn = draws(Policy::constant(nanos(base)).jitter(Jitter::fraction(0.5)), 1000);
        let (least, most) = (*drawn.iter().min().unwrap(), *drawn.iter().max().unwrap());
        assert_eq!(least + most, nanos(2 * base), "{least:?} {most:?}");
    }
    let halves: BTreeSet<_> = draws(Policy::constant(nanos(7)).jitter(Jitter::Equal), 1000).into_iter().collect();
    assert_eq!(halves, (3..=7).map(nanos).collect());
}

/// O4: go-retryablehttp has no jitter by default. yoshuawuyts/exponential-backoff #36: it had some and did not use it.
#[test]
fn jitter_is_full_unless_it_is_said_otherwise() {
    assert_eq!(Policy::default().get_jitter(), Jitter::Full);
    for policy in [
        Policy::linear(SECOND),
        Policy::exponential(SECOND),
        Policy::fibonacci(SECOND),
        Policy::new(|_: insist_core::RetryContext| Some(SECOND))
            .attempts(3)
            .backoff(insist_core::Shape::Constant { base: SECOND }),
    ] {
        let drawn = draws(policy, 2000);
        assert!(drawn.iter().all(|delay| *delay <= SECOND) && (ms(470)..ms(530)).contains(&mean(&drawn)));
    }
    // A delay that was written down is what was written, unless jitter is asked for.
    let reshaped = Policy::default().shape(insist_core::Shape::Constant { base: SECOND });
    for exact in [Policy::constant(SECOND), Policy::list(List::new(&[SECOND]), AtEnd::Repeat), reshaped] {
        assert_eq!(exact.get_jitter(), Jitter::None);
        assert!(draws(exact, 20).iter().all(|delay| *delay == SECOND));
    }
}

//! Numbers that make no sense are refused by name, and none hang or panic.

use std::time::Duration;

use insist_blocking::retry;
use insist_core::{Breaker, Budget, Jitter, Policy, PolicyError, Reason, play};

use insist_tests::by_hand::RETRY;

use crate::{SECOND, end, failing, ms, secs};

/// R13: with a factor of −1 backon 1.6 waited as long as its cap, and NaN was as good as any number.
#[test]
fn a_factor_that_makes_no_sense_is_refused_by_name() {
    for factor in [-1.0, 0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 2.0_f64.powi(64)] {
        let policy = Policy::exponential(SECOND).factor(factor);
        assert_eq!(policy.validate(), Err(PolicyError::Factor), "{factor}");
        let mut runs = 0;
        let gave_up = retry(&policy, |_| {
            runs += 1;
            Err::<(), &str>("down")
        });
        let gave_up = gave_up.try_call().unwrap_err();
        assert_eq!((gave_up.reason, runs), (Reason::Invalid, 0));
        assert!(gave_up.to_string().ends_with("factor is not a number above 0 and below 2^64"), "{gave_up}");
    }
    assert_eq!(Policy::exponential(SECOND).factor(0.5).validate(), Ok(()));
}

/// R24: retry-policies 0.5 counted its steps up to the longest delay when it was built, for ever from a base of 0.
#[test]
fn a_base_of_zero_is_built_at_compile_time_and_ends() {
    const POLICIES: [Policy; 3] = [
        Policy::exponential(Duration::ZERO).cap(SECOND).attempts(50),
        Policy::fibonacci(Duration::ZERO).cap(Duration::ZERO).attempts(50),
        Policy::exponential(Duration::ZERO).unlimited_attempts().lane_attempts(50).deadline(SECOND),
    ];
    for policy in POLICIES {
        assert_eq!(policy.delays(1).count(), 49);
        assert_eq!(end(&play(&policy, 1, &failing(50, ms(1)))).0, ms(50));
    }
}

/// R39: exponential-backoff panicked where its least delay was above its longest.
#[test]
fn a_floor_above_the_cap_is_refused_and_nothing_panics() {
    let policy = Policy::exponential(SECOND).floor(secs(10)).cap(secs(2));
    assert_eq!(policy.validate(), Err(PolicyError::FloorAboveCap { floor: secs(10), cap: secs(2) }));
    assert_eq!(
        policy.validate().unwrap_err().to_string(),
        "floor is 10s, above the cap of 2s; lower the floor or raise the cap",
    );
    for jitter in [Jitter::None, Jitter::Full, Jitter::fraction(1.0)] {
        assert!(policy.jitter(jitter).delays(1).count() <= 2, "it may be asked, and does no harm");
    }
    for fraction in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
        let policy = Policy::exponential(SECOND).jitter(Jitter::fraction(fraction));
        assert_eq!(policy.validate(), Err(PolicyError::Fraction), "{fraction}");
        assert!(policy.delays(1).count() <= 2);
    }
}

/// R35: tower 0.5 divided by a period of 0.
#[test]
fn a_window_of_nothing_is_refused_and_divides_nothing() {
    use insist_core::{Cause, Gate, Instant};
    for window in [Duration::ZERO, Duration::from_nanos(1), Duration::from_nanos(9)] {
        let budget = Budget::new(0.5).window(window);
        assert!(budget.validate().unwrap_err().to_string().contains("window"), "{window:?}");
        assert_eq!(budget.reserve(Instant::ZERO, &RETRY).unwrap_err().reason(), "budget is invalid");
        let _ = (budget.admit(Instant::ZERO, &Cause::FIRST), budget.state(Instant::from_nanos(u64::MAX)));
        let breaker = Breaker::new(0.5).window(window);
        assert!(breaker.validate().unwrap_err().to_string().contains("window"), "{window:?}");
        let _ = (breaker.admit(Instant::ZERO, &Cause::FIRST), breaker.state(Instant::from_nanos(u64::MAX)));
    }
}

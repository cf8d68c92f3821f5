//! Numbers that make no sense are said, and a breaker that has them refuses.

use std::time::Duration;

use insist_core::{Admission, Breaker, Cause, Gate, Settled};

use super::{FAILURE, at, is_admitted};

#[test]
fn what_makes_no_sense_is_said_in_a_sentence() {
    let breaker = Breaker::default;
    for (breaker, said) in [
        (Breaker::new(0.0), "the ratio of the breaker is not a number above 0 and up to 1"),
        (Breaker::new(1.1), "the ratio of the breaker is not a number above 0 and up to 1"),
        (Breaker::new(f64::NAN), "the ratio of the breaker is not a number above 0 and up to 1"),
        (breaker().min_throughput(0), "min_throughput is 0; the breaker needs at least 1"),
        (
            breaker().window(Duration::ZERO),
            "the window of the breaker is 0ns; it needs at least 10ms, a millisecond a slot",
        ),
        (breaker().open_for(Duration::ZERO), "open_for is 0ns; the breaker needs at least 1ms"),
        (breaker().probes(0, 0), "0 of 0 probes are to succeed; it takes at least 1 and no more than there are"),
        (breaker().probes(2, 3), "3 of 2 probes are to succeed; it takes at least 1 and no more than there are"),
    ] {
        assert_eq!(breaker.validate().unwrap_err().to_string(), said);
        let Admission::No(refusal) = breaker.admit(at(0), &Cause::FIRST) else { panic!("{said}") };
        assert_eq!(refusal.reason(), "breaker is invalid");
        breaker.settle(at(0), &Cause::FIRST, &Settled::Ended(FAILURE, at(0)));
        let _ = breaker.state(at(0));
        assert!(!is_admitted(&breaker, at(0)));
    }
    assert_eq!(breaker().validate(), Ok(()));
}

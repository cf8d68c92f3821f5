//! Cenkalti (github.com/cenkalti/backoff), v4.
//!
//! C1, C8, C10, C12 and C14 are in `tests/presets/cenkalti.rs`, by verdicts; C10 is here once more with the factor that
//! its test really has, and C14 with values and errors. Left out: TestCustomStop, TestGetElapsedTime and the tickers,
//! because no wait of insist's stands for "stop" and a call is asked for its actions, not for its age.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use insist_blocking::{Canceller, VirtualClock, retry};
use insist_core::{Jitter, Policy, Reason};

use super::{secs, waits};

/// C10, TestBackOffOverflow.
#[test]
fn an_interval_that_would_outgrow_the_longest_is_the_longest() {
    let (most, nanos) = (i64::MAX as u64, Duration::from_nanos);
    let policy = Policy::exponential(nanos(most / 2)).factor(2.1).cap(nanos(most)).jitter(Jitter::None);
    assert_eq!(waits(&policy.attempts(4), 9), [most / 2, most, most].map(nanos));
}

/// TestGetRandomizedInterval: 2 ± a half is 1, 2 or 3, a third each.
#[test]
fn each_nanosecond_of_an_interval_is_drawn_as_often_as_the_others_ends_included() {
    let policy = Policy::constant(Duration::from_nanos(2)).jitter(Jitter::fraction(0.5));
    let mut counts = [0_u32; 5];
    for seed in 0..9_000 {
        counts[policy.delays(seed).next().unwrap().as_nanos() as usize] += 1;
    }
    assert_eq!((counts[0], counts[4]), (0, 0));
    assert!(counts[1..=3].iter().all(|count| (2_850..=3_150).contains(count)), "{counts:?}");
}

/// TestRetry and TestRetryWithData.
#[test]
fn a_call_that_succeeds_the_third_time_is_made_three_times_and_gives_its_value() {
    let (policy, clock) = (Policy::cenkalti(), VirtualClock::new());
    let mut made = 0;
    let result = retry(&policy, |_| {
        made += 1;
        if made == 3 { Ok(42) } else { Err("error") }
    })
    .seed(7)
    .clock(&clock)
    .call();
    assert_eq!((result, made), (Ok(42), 3));
    // 500 ms and 750 ms, each less a half at least.
    assert!(clock.elapsed() >= Duration::from_millis(625));
}

/// TestRetryContext. The caller's last error is there beside the reason, where cenkalti has one or the other.
#[test]
fn a_call_that_is_cancelled_in_its_third_attempt_makes_no_fourth() {
    let policy = Policy::constant(Duration::from_millis(1)).unlimited_attempts().deadline(secs(60));
    let (canceller, clock) = (Canceller::new(), VirtualClock::new());
    let gave_up = retry(&policy, |attempt| {
        if attempt.id == 3 {
            canceller.cancel();
        }
        Err::<(), _>(attempt.id)
    })
    .clock(&clock)
    .cancel_with(&canceller)
    .try_call()
    .unwrap_err();
    assert_eq!((gave_up.reason, gave_up.attempts), (Reason::Cancelled, 3));
}

/// TestMaxTriesZero (its issue 80): no retries are one attempt.
#[test]
fn a_call_without_retries_is_made_once() {
    let mut made = 0;
    let result = retry(&Policy::zero().attempts(1), |_| {
        made += 1;
        Err::<(), _>("err")
    })
    .call();
    assert_eq!((result, made), (Err("err"), 1));
}

#[derive(Debug)]
struct Wrapped(io::Error);

impl fmt::Display for Wrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wrapped")
    }
}

impl Error for Wrapped {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

fn is_permanent(error: &(dyn Error + 'static)) -> bool {
    let own = error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::InvalidInput);
    own || error.source().is_some_and(is_permanent)
}

/// C14, TestRetryPermanent. There an error is wrapped to say that it is permanent; here `when` looks at the error,
/// which is handed back as it came.
#[test]
fn what_is_permanent_ends_the_call_and_comes_back_as_it_is_also_when_it_is_wrapped() {
    type Made = Result<u32, Box<dyn Error>>;
    type Operation<'a> = &'a dyn Fn() -> Made;
    let of = |kind: io::ErrorKind| -> Box<dyn Error> { io::Error::from(kind).into() };
    let (eof, permanent) = (io::ErrorKind::UnexpectedEof, io::ErrorKind::InvalidInput);
    let cases: [(Operation<'_>, u32, Option<&str>); 4] = [
        (&|| Ok(1), 1, None),
        (&|| Err(of(eof)), 2, Some("unexpected end of file")),
        (&|| Err(of(permanent)), 1, Some("invalid input parameter")),
        (&|| Err(Wrapped(permanent.into()).into()), 1, Some("wrapped")),
    ];
    for (operation, expected, error) in cases {
        let mut made = 0;
        let result = retry(&Policy::zero().attempts(2), |_| {
            made += 1;
            operation()
        })
        .when(|error| !is_permanent(&**error))
        .call();
        assert_eq!((made, result.err().map(|error| error.to_string()).as_deref()), (expected, error));
    }
}

//! Cenkalti (github.com/cenkalti/backoff), v4: 500 ms × 1.5, ± 50 %, for 15 minutes.
//!
//! C10 is here twice: by verdicts, and with the factor that its test really has; C14 by verdicts, and with values and
//! errors. Left out: TestCustomStop, TestGetElapsedTime and the tickers, because no wait of insist's stands for "stop"
//! and a call is asked for its actions, not for its age.

use std::error::Error;
use std::time::Duration;
use std::{fmt, io};

use insist_blocking::{Canceller, VirtualClock, retry};
use insist_core::{Action, Jitter, Policy, PolicyError, Reason, Script, Verdict, play};
use insist_tests::words::{at, failing, fails_every_time, gave_up, ms, secs, sends, waits};

use crate::draws::{assert_ranges, endless};

const LIMIT: u64 = 15 * 60 * 1000;

#[test]
fn its_numbers() {
    let cenkalti = Policy::cenkalti();
    assert_eq!(cenkalti.get_cap(), Some(ms(60_000)));
    assert!(!cenkalti.get_cap_stops());
    assert_eq!(cenkalti.get_attempts(), None);
    assert_eq!(cenkalti.get_deadline(), Some(ms(LIMIT)));
}

#[test]
fn each_wait_is_drawn_from_half_less_up_to_half_more_and_is_cut_at_the_cap() {
    let mut ranges = Vec::new();
    let mut delay = 0.5;
    for _ in 0..16 {
        let cut: f64 = f64::min(delay, 60.0);
        ranges.push((Duration::from_secs_f64(cut / 2.0), Duration::from_secs_f64(f64::min(cut * 1.5, 60.0))));
        delay *= 1.5;
    }
    assert_eq!(ranges[0], (ms(250), ms(750)));
    assert_eq!(ranges[15], (ms(30_000), ms(60_000)));
    assert_ranges(&Policy::cenkalti(), &ranges);
}

#[test]
fn it_sends_as_long_as_there_is_time() {
    for seed in 0..50 {
        let failed = fails_every_time(&Policy::cenkalti(), seed);
        let sends = sends(&failed);
        let last = *sends.last().unwrap();
        // Twelve waits below the cap take about 129 s, and then each takes from 30 s up to 60 s.
        assert!((23..=45).contains(&sends.len()), "seed {seed}: {} sends", sends.len());
        assert!(last < at(LIMIT) && last >= at(LIMIT - 60_000), "seed {seed}: the last at {last}");
        assert_eq!(gave_up(&failed).reason, Reason::Deadline, "no wait is begun that is too long");
        assert_eq!(gave_up(&failed).at, last, "no wait is begun that is too long");
    }
}

#[test]
fn c1_intervals_double_up_to_the_cap_and_spread_by_a_tenth() {
    let policy = Policy::exponential(ms(500)).cap(ms(5000)).jitter(Jitter::fraction(0.1)).attempts(11);
    let exact = [500, 1000, 2000, 4000, 5000, 5000, 5000, 5000, 5000, 5000].map(ms);
    assert_eq!(waits(&policy.jitter(Jitter::None), 99), exact);
    assert_ranges(&policy, &exact.map(|wait| (wait * 9 / 10, (wait * 11 / 10).min(ms(5000)))));
}

#[test]
fn c8_time_that_has_passed_ends_it() {
    let script = Script::new().outcome(1, ms(LIMIT + 1), Verdict::retry());
    let timeline = play(&Policy::cenkalti(), 7, &script);
    assert_eq!(sends(&timeline).len(), 1);
    assert_eq!(gave_up(&timeline).reason, Reason::Deadline);
    assert_eq!(gave_up(&timeline).at, at(LIMIT));
}

#[test]
fn c10_the_largest_numbers_do_not_wrap() {
    let most = i64::MAX as u64;
    let span = Duration::from_nanos;
    let policy = Policy::exponential(span(most / 2)).cap(span(most)).jitter(Jitter::None).attempts(5);
    assert_eq!(waits(&policy, 9), [most / 2, most - 1, most, most].map(span));
}

#[test]
fn c12_a_number_of_retries_is_kept_and_starts_anew_for_the_next_call() {
    for retries in 17..29 {
        let policy = Policy::zero().attempts(retries + 1);
        let mut given_up = policy.delays(0);
        assert_eq!(given_up.by_ref().take(retries as usize / 2).count(), retries as usize / 2);
        let mut waits = policy.delays(0);
        assert_eq!(waits.by_ref().count(), retries as usize);
        assert_eq!([(); 7].map(|()| waits.next()), [None; 7]);
        assert!(policy.delays(0).next().is_some());
    }
}

#[test]
fn c14_what_is_permanent_is_sent_once() {
    let policy = Policy::cenkalti();
    for (verdict, sent) in [(Verdict::Accept, 1), (Verdict::Stop, 1), (Verdict::retry(), 2)] {
        let script = Script::new().outcome(1, ms(1), verdict).outcome(2, ms(1), Verdict::Accept);
        let timeline = play(&policy, 7, &script);
        assert_eq!(sends(&timeline).len(), sent, "{verdict:?}");
        let returns = matches!(timeline.steps.last().map(|step| step.action), Some(Action::Return(_)));
        assert_eq!(returns, verdict != Verdict::Stop, "{verdict:?}");
    }
}

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
    assert_eq!(counts[0], 0);
    assert_eq!(counts[4], 0);
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
    assert_eq!(result, Ok(42));
    assert_eq!(made, 3);
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
    assert_eq!(gave_up.reason, Reason::Cancelled);
    assert_eq!(gave_up.attempts, 3);
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
    assert_eq!(result, Err("err"));
    assert_eq!(made, 1);
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
        assert_eq!(made, expected);
        assert_eq!(result.err().map(|error| error.to_string()).as_deref(), error);
    }
}

/// Fault cenkalti/backoff #80: the 0 of a limit was no limit in one release and no retry in another.
#[test]
fn no_number_of_attempts_stands_for_another() {
    assert_eq!(Policy::zero().attempts(0).validate(), Err(PolicyError::NoAttempts));
    assert_eq!(Policy::zero().lane_attempts(0).validate(), Err(PolicyError::NoLaneAttempts));
    assert_eq!(Policy::zero().unlimited_attempts().validate(), Err(PolicyError::Endless));
    for attempts in [1, 2, 7] {
        let timeline = play(&Policy::zero().attempts(attempts), 1, &failing(10, ms(1)));
        assert_eq!(sends(&timeline).len(), attempts as usize);
    }
}

/// Fault O3: cenkalti's backoff and gRPC spread a delay after it was capped, by up to a half and a fifth too much.
#[test]
fn the_presets_of_systems_that_exceed_their_caps_do_not() {
    for policy in [Policy::cenkalti(), Policy::grpc(), Policy::aws(), Policy::elastic()] {
        let (cap, policy) = (policy.get_cap().unwrap(), endless(policy));
        assert!((0..200).flat_map(|seed| policy.delays(seed).take(40)).all(|delay| delay <= cap), "{policy:?}");
    }
}

//! The limit of additive increase and multiplicative decrease: Netflix's numbers, what counts as a drop, and its bounds.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use insist_core::{
    Action, Admission, AimdLimit, AttemptEnd, Call, Cause, Failure, Gate, Instant, Policy, Reason, Refusal, Settled,
    Verdict, WaitReason,
};
use insist_tests::words::{RETRY, THROTTLED, at, ms, secs};

fn admits(limit: &AimdLimit, count: u32) -> bool {
    (0..count).all(|_| limit.admit(at(0), &Cause::FIRST) == Admission::Yes)
}

/// One that was sent at 0 ends so.
fn ends(limit: &AimdLimit, millis: u64, end: impl Into<AttemptEnd>) {
    limit.settle(at(millis), &Cause::FIRST, &Settled::Ended(end.into(), at(0)));
}

/// concurrency-limits, `AIMDLimitTest`: `testDefault`, `increaseOnSuccess`, `decreaseOnDrops`.
#[test]
fn a_success_raises_it_by_one_and_a_drop_takes_a_tenth() {
    let limit = AimdLimit::new(1, 200).start(10);
    assert_eq!(limit.state().limit, 10);
    assert!(admits(&limit, 10));
    ends(&limit, 1, Verdict::Accept);
    assert_eq!(limit.state().limit, 11);
    let limit = AimdLimit::new(1, 200).start(10);
    assert!(admits(&limit, 1));
    ends(&limit, 1, AttemptEnd::Timeout);
    assert_eq!(limit.state().limit, 9);
}

/// Its defaults are Netflix's: from 20 to 200, beginning at 20.
#[test]
fn it_stays_within_its_bounds() {
    let limit = AimdLimit::default();
    assert!(admits(&limit, 20) && !admits(&limit, 1));
    ends(&limit, 1, AttemptEnd::Timeout);
    assert_eq!(limit.state().limit, 20);
    for _ in 0..1000 {
        while admits(&limit, 1) {}
        ends(&limit, 1, Verdict::Accept);
    }
    assert_eq!(limit.state().to_string(), "199 in flight, limit 200");
}

#[test]
fn it_does_not_rise_while_less_than_half_of_it_is_used() {
    let limit = AimdLimit::new(1, 200).start(10);
    assert!(admits(&limit, 5));
    ends(&limit, 1, Verdict::Accept);
    assert_eq!(limit.state().limit, 11);
    ends(&limit, 1, Verdict::Accept);
    assert_eq!(limit.state().limit, 11, "4 of 11");
}

/// A gate sees 503 as a failure like any other, unless it comes with a hint.
#[test]
fn what_timed_out_was_turned_away_or_took_too_long_is_a_drop() {
    let after = |millis, end: AttemptEnd| {
        let limit = AimdLimit::new(1, 200).start(10).slow(secs(1));
        assert!(admits(&limit, 10));
        ends(&limit, millis, end);
        assert_eq!(limit.state().in_flight, 9);
        limit.state().limit
    };
    let hint = RETRY.after(secs(1)).into();
    for end in [AttemptEnd::Timeout, THROTTLED.into(), hint] {
        assert_eq!(after(1, end), 9, "{end}");
    }
    for end in [AttemptEnd::Accept, AttemptEnd::Stop] {
        assert_eq!(after(1000, end), 11, "{end}");
    }
    let failure = AttemptEnd::Retry(Failure::new());
    let unsent = RETRY.unsent().into();
    let others = [failure, unsent, AttemptEnd::Lost, AttemptEnd::Deadline, AttemptEnd::Cancelled];
    for end in others {
        assert_eq!(after(1000, end), 10, "{end}");
    }
    for end in others.into_iter().chain([AttemptEnd::Accept, AttemptEnd::Stop]) {
        assert_eq!(after(1001, end), 9, "{end} after more than a second");
    }
    let limit = AimdLimit::new(1, 200).start(10);
    assert!(admits(&limit, 10));
    limit.settle(at(9000), &Cause::FIRST, &Settled::Unsent(at(0)));
    assert_eq!(limit.state().to_string(), "9 in flight, limit 10", "what was not sent says nothing");
}

/// The ratio is what was written, and not the double next to it: 57 % of 100 are 57.
#[test]
fn every_ratio_of_two_decimals_is_exact() {
    for hundredths in 50..100_u32 {
        for start in 1..=200 {
            let limit = AimdLimit::new(1, 200).start(start).ratio(f64::from(hundredths) / 100.0);
            assert!(admits(&limit, 1));
            ends(&limit, 1, AttemptEnd::Timeout);
            assert_eq!(limit.state().limit, (start * hundredths / 100).max(1), "{hundredths} % of {start}");
        }
    }
}

/// A server that turns away what is beyond 30 at once: the limit finds it, and swings by a tenth below.
#[test]
fn it_finds_what_a_server_takes() {
    let limit = AimdLimit::new(1, 1000);
    let mut seen = Vec::new();
    for round in 0..5000 {
        while limit.admit(at(round), &Cause::FIRST) == Admission::Yes {}
        let is_beyond = limit.state().in_flight > 30;
        let end = if is_beyond { THROTTLED.into() } else { AttemptEnd::Accept };
        limit.settle(at(round), &Cause::FIRST, &Settled::Ended(end, at(round)));
        seen.push(limit.state().limit);
    }
    let late = &seen[1000..];
    assert_eq!(late.iter().min(), Some(&27));
    assert_eq!(late.iter().max(), Some(&31));
}

#[test]
fn a_call_waits_for_room_or_is_refused() {
    let (limit, policy) = (AimdLimit::new(1, 5).waiting(ms(10)), Policy::zero());
    let mut calls = [(); 2].map(|()| Call::new(&policy, &limit, at(0), 7));
    assert!(matches!(calls[0].poll(at(0)), Action::Send(_)));
    assert_eq!(calls[1].poll(at(0)), Action::Wait { until: Some(at(10)), reason: WaitReason::Gate });
    let _ = calls[0].handle(at(9), 1, Verdict::Accept);
    assert!(matches!(calls[1].poll(at(10)), Action::Send(_)));
    assert_eq!(limit.state().to_string(), "1 in flight, limit 2");
    drop(calls);
    assert_eq!(limit.state().to_string(), "0 in flight, limit 2");

    let strict = AimdLimit::new(1, 5);
    let mut calls = [(); 2].map(|()| Call::new(&policy, &strict, at(0), 7));
    assert!(matches!(calls[0].poll(at(0)), Action::Send(_)));
    let Action::GiveUp(give_up) = calls[1].poll(at(0)) else { panic!("it was let through") };
    assert_eq!(give_up.reason(), Reason::Refused);
    assert_eq!(give_up.refusal().map(Refusal::reason), Some("concurrency limit is reached"));
}

#[test]
fn what_makes_no_sense_is_said_and_refuses_everything() {
    for (limit, says) in [
        (AimdLimit::new(0, 5), "the least concurrency limit is 0; nothing would be sent, so it needs at least 1"),
        (AimdLimit::new(6, 5), "the concurrency limit goes from 6 to 5; the most is not below the least"),
        (AimdLimit::new(1, 5).start(6), "the concurrency limit starts at 6; it needs a start from 1 to 5"),
        (
            AimdLimit::new(1, 5).ratio(1.0),
            "the ratio of the concurrency limit is not a number from 0.5 up to, and without, 1",
        ),
        (
            AimdLimit::new(1, 5).ratio(f64::NAN),
            "the ratio of the concurrency limit is not a number from 0.5 up to, and without, 1",
        ),
    ] {
        assert_eq!(limit.validate().expect_err("it makes no sense").to_string(), says);
        let refusal = Refusal::new(&"concurrency limit is invalid");
        assert_eq!(limit.admit(at(0), &Cause::FIRST), Admission::No(refusal));
    }
    assert_eq!(AimdLimit::default().validate(), Ok(()));
    assert_eq!(AimdLimit::new(1, 1).ratio(0.5).validate(), Ok(()));
}

/// However threads meet, no more are in flight than the highest limit, and none is forgotten.
#[test]
fn threads_share_the_limit() {
    let limit = AimdLimit::new(1, 3).start(2);
    let (in_flight, most) = (AtomicU32::new(0), AtomicU32::new(0));
    thread::scope(|scope| {
        for thread in 0..4 {
            let (limit, in_flight, most) = (&limit, &in_flight, &most);
            scope.spawn(move || {
                for step in 0..5000_u32 {
                    if limit.admit(Instant::ZERO, &Cause::FIRST) != Admission::Yes {
                        continue;
                    }
                    most.fetch_max(in_flight.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    in_flight.fetch_sub(1, Ordering::SeqCst);
                    let end = if (step + thread) % 5 == 0 { AttemptEnd::Timeout } else { AttemptEnd::Accept };
                    limit.settle(Instant::ZERO, &Cause::FIRST, &Settled::Ended(end, Instant::ZERO));
                }
            });
        }
    });
    assert!(most.into_inner() <= 3);
    assert_eq!(limit.state().in_flight, 0);
}

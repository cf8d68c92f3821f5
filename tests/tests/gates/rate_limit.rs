//! The rate limit: so many in a span, a burst, and waits that lead to a send.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use insist_core::{
    Action, Admission, Call, Cause, Gate, Instant, Policy, RateLimit, Reason, Refusal, Settled, WaitReason,
};
use insist_tests::expected::first_word;
use insist_tests::words::{SECOND, at, ms};

fn admits(limit: &RateLimit, millis: u64) -> bool {
    limit.admit(at(millis), &Cause::FIRST) == Admission::Yes
}

/// Polly, `RateLimiter`, token bucket: a burst at once, then one each tenth of the span.
#[test]
fn a_burst_goes_at_once_and_then_one_at_each_gap() {
    let limit = RateLimit::new(10, SECOND);
    assert_eq!((0..15).filter(|_| admits(&limit, 0)).count(), 10);
    assert_eq!(limit.state(at(0)).to_string(), "0 of 10 left");
    assert!(!admits(&limit, 99));
    assert!(admits(&limit, 100) && !admits(&limit, 100));
    assert_eq!((0..15).filter(|_| admits(&limit, 350)).count(), 2, "the part of a token is kept");
    assert!(admits(&limit, 400));
    assert_eq!(limit.state(at(5000)).left, 10, "no more than the burst is saved up");
    assert_eq!((0..15).filter(|_| admits(&limit, 5000)).count(), 10);
}

/// In no span are there more than the burst and what the span allows, whatever is asked and when.
#[test]
fn no_span_has_more_than_the_burst_and_its_share() {
    for (attempts, burst) in [(10_u64, 1_u64), (10, 4), (7, 7), (1000, 3)] {
        let limit = RateLimit::new(attempts as u32, SECOND).burst(burst as u32);
        let gap = 1_000_000_000 / attempts;
        let (mut now, mut sent) = (0, Vec::new());
        for number in 0..20_000 {
            now += first_word(3, 0, number) % (2 * gap) / 3;
            if limit.admit(Instant::from_nanos(now), &Cause::FIRST) == Admission::Yes {
                sent.push(now);
            }
        }
        assert!(sent.len() > 100, "{} were let through", sent.len());
        for span in [1, 2, 5, 20] {
            for window in sent.windows(burst as usize + span) {
                let took = window[window.len() - 1] - window[0];
                assert!(took >= span as u64 * gap, "{} in {took} ns, with a burst of {burst}", window.len());
            }
        }
    }
}

#[test]
fn what_waits_is_sent_at_its_turn_and_what_would_wait_too_long_is_refused() {
    let limit = RateLimit::new(10, SECOND).burst(1).waiting(ms(150));
    let policy = Policy::zero();
    let mut calls = [(); 3].map(|()| Call::new(&policy, &limit, at(0), 7));
    assert!(matches!(calls[0].poll(at(0)), Action::Send(_)));
    for call in &mut calls[1..] {
        assert_eq!(call.poll(at(0)), Action::Wait { until: Some(at(100)), reason: WaitReason::Gate });
    }
    // One of those that wait gets the turn, and the other is told of the next.
    assert!(matches!(calls[1].poll(at(100)), Action::Send(_)));
    assert_eq!(calls[2].poll(at(100)), Action::Wait { until: Some(at(200)), reason: WaitReason::Gate });
    assert!(matches!(calls[2].poll(at(200)), Action::Send(_)));
    let strict = RateLimit::new(10, SECOND).burst(1).waiting(ms(99));
    assert!(admits(&strict, 0));
    let Action::GiveUp(give_up) = Call::new(&policy, &strict, at(0), 7).poll(at(0)) else {
        panic!("it was let through")
    };
    assert_eq!(give_up.reason(), Reason::Refused);
    assert_eq!(give_up.refusal().map(Refusal::reason), Some("rate limit is used up"));
}

/// The turn of an attempt that was not sent after all is free again; one that ended has used it.
#[test]
fn only_what_was_not_sent_gives_its_turn_back() {
    let limit = RateLimit::new(10, SECOND).burst(1);
    assert!(admits(&limit, 0) && !admits(&limit, 50));
    limit.settle(at(50), &Cause::FIRST, &Settled::Unsent(at(0)));
    assert!(admits(&limit, 50) && !admits(&limit, 50));
    let policy = Policy::zero();
    let mut call = Call::new(&policy, &limit, at(200), 7);
    assert!(matches!(call.poll(at(200)), Action::Send(_)));
    let _ = call.handle(at(210), 1, insist_core::Verdict::Accept);
    assert!(!admits(&limit, 210) && admits(&limit, 300));
}

#[test]
fn none_is_a_limit_and_no_span_is_none() {
    assert!(matches!(RateLimit::new(0, SECOND).admit(at(0), &Cause::FIRST), Admission::No(_)));
    assert_eq!(RateLimit::new(0, SECOND).state(at(0)).left, 0);
    let open = RateLimit::new(1, Duration::ZERO);
    assert!((0..1000).all(|_| admits(&open, 0)));
    let slow = RateLimit::new(1, Duration::MAX);
    assert!(admits(&slow, 0) && !admits(&slow, u64::from(u32::MAX)));
}

/// Threads that meet take no more than there is, and no less.
#[test]
fn threads_share_the_limit() {
    let limit = RateLimit::new(1000, SECOND).burst(100);
    let admitted = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let yes = (0..1000).filter(|_| admits(&limit, 0)).count();
                admitted.fetch_add(yes as u64, Ordering::Relaxed);
            });
        }
    });
    assert_eq!(admitted.into_inner(), 100);
}

//! When a call is polled, and by whom: spurious wakes, other wakers, other tasks' turns, and polls after its end.

use std::future::{IntoFuture, ready};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use crate::counting::{Counting, Open, poll};
use insist_futures::{Instant, Policy, Timer, VirtualSleep, VirtualTimer, race, retry};

const FIXED: Policy = Policy::constant(Duration::from_millis(100));

/// Counts how often it wakes.
#[derive(Default)]
struct Woken(AtomicU32);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn wakes_for_nothing_cause_no_sends_and_no_sleeps() {
    /// Counts its sleeps.
    struct Counted(VirtualTimer, AtomicU32);
    impl Timer for Counted {
        type Sleep = VirtualSleep;
        fn now(&self) -> Instant {
            self.0.now()
        }
        fn sleep_until(&self, until: Instant) -> VirtualSleep {
            self.1.fetch_add(1, SeqCst);
            self.0.sleep_until(until)
        }
        fn seed(&self) -> u64 {
            1
        }
    }
    let (counting, virtual_timer) = (Counting::default(), VirtualTimer::new());
    let timer = Counted(virtual_timer.clone(), AtomicU32::new(0));
    let operation = |attempt: insist_futures::Attempt| {
        counting.attempt(&virtual_timer, attempt, if attempt.id == 1 { Some((20, false)) } else { None })
    };
    let policy = FIXED.attempt_timeout(Duration::from_millis(50));
    let mut call = pin!(retry(&timer, &policy, operation).gate(&counting).into_future());
    let mut poll_often = |sent, open, sleeps| {
        for _ in 0..1000 {
            assert!(poll(call.as_mut()).is_pending());
            assert_eq!((counting.sent(), counting.open(), timer.1.load(SeqCst)), (sent, open, sleeps));
        }
    };
    poll_often(1, Open::NOTHING.in_flight(1), 1);
    virtual_timer.advance(Duration::from_millis(20));
    poll_often(1, Open::reserved(1), 2);
    virtual_timer.advance(Duration::from_millis(100));
    poll_often(2, Open::NOTHING.in_flight(1), 3);
}

#[test]
fn the_waker_of_the_last_poll_is_woken_and_no_other() {
    let timer = VirtualTimer::new();
    let counting = Counting::default();
    let operation = |attempt: insist_futures::Attempt| counting.attempt(&timer, attempt, Some((20, attempt.id > 1)));
    let mut call = pin!(retry(timer.clone(), &FIXED, operation).into_future());
    let wakers: Vec<_> = (0..4).map(|_| Arc::new(Woken::default())).collect();
    let mut poll_with = |woken: &Arc<Woken>| {
        let waker = Waker::from(Arc::clone(woken));
        call.as_mut().poll(&mut Context::from_waker(&waker))
    };
    let woken = || wakers.iter().map(|woken| woken.0.load(SeqCst)).collect::<Vec<_>>();
    assert!(poll_with(&wakers[0]).is_pending() && poll_with(&wakers[1]).is_pending());
    timer.advance(Duration::from_millis(20)); // the attempt's sleep
    assert_eq!(woken(), [0, 1, 0, 0]);
    assert!(poll_with(&wakers[1]).is_pending() && poll_with(&wakers[2]).is_pending());
    timer.advance(Duration::from_millis(100)); // the call's own
    assert_eq!(woken(), [0, 1, 1, 0]);
    assert!(poll_with(&wakers[3]).is_pending());
    timer.advance(Duration::from_millis(20));
    assert_eq!(woken(), [0, 1, 1, 1]);
    assert_eq!(poll_with(&wakers[0]).map(Result::ok), Poll::Ready(Some(2)));
}

#[test]
fn a_call_that_fails_at_once_for_ever_gives_others_their_turn() {
    let timer = VirtualTimer::new();
    let policy = Policy::zero().unlimited_attempts().deadline(Duration::from_secs(1));
    let mut sent = 0;
    let sends = AtomicU32::new(0);
    let operation = |_| {
        sent += 1;
        sends.store(sent, SeqCst);
        ready(Err::<(), _>("down"))
    };
    let mut call = pin!(retry(timer.clone(), &policy, operation).into_future());
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    for turn in 1..=10 {
        assert!(call.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        // Here another task has its turn; the call has said that it wants to go on.
        assert_eq!((sends.load(SeqCst), woken.0.load(SeqCst)), (32 * turn, turn));
    }
    timer.advance(Duration::from_secs(1));
    assert!(poll(call).is_ready());
}

#[test]
fn a_race_that_fails_at_once_for_ever_gives_others_their_turn() {
    let timer = VirtualTimer::new();
    let policy = Policy::zero().unlimited_attempts().deadline(Duration::from_secs(1)).lanes(3);
    let (mut others, sends) = (0, AtomicU32::new(0));
    let result = timer.block_on(async {
        let operation = |_| {
            let sent = sends.fetch_add(1, SeqCst) + 1;
            ready(if sent < 1000 { Err(sent) } else { Ok(sent) })
        };
        let mut call = pin!(race(timer.clone(), &policy, operation).into_future());
        std::future::poll_fn(|context| {
            others += 1;
            call.as_mut().poll(context)
        })
        .await
    });
    assert_eq!(result.ok(), Some(1000));
    assert!(others >= 1000 / 35, "{others}");
}

#[test]
#[should_panic(expected = "a call was polled after it had ended")]
fn a_call_that_is_polled_after_its_end_panics_and_says_so() {
    let mut call = pin!(retry(VirtualTimer::new(), &FIXED, |_| ready(Ok::<_, ()>(1))).into_future());
    assert!(poll(call.as_mut()).is_ready());
    let _ = poll(call.as_mut());
}

#[test]
#[should_panic(expected = "a call was polled after it had ended")]
fn a_reported_call_that_gave_up_and_is_polled_again_panics_and_says_so() {
    let policy = FIXED.attempts(1);
    let mut call = pin!(race(VirtualTimer::new(), &policy, |_| ready(Err::<(), _>(1))).report());
    assert!(poll(call.as_mut()).is_ready());
    let _ = poll(call.as_mut());
}

#[test]
#[should_panic(expected = "a call was polled after it had ended")]
fn a_call_with_a_fallback_that_is_polled_after_its_end_panics_and_says_so() {
    let policy = FIXED.attempts(1);
    let call = retry(VirtualTimer::new(), &policy, |_| ready(Err::<u32, _>(1))).fallback(|_| 7);
    let mut call = pin!(call.into_future());
    assert_eq!(poll(call.as_mut()), Poll::Ready(7));
    let _ = poll(call.as_mut());
}

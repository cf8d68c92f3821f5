//! Clocks that are odd: one that is never read, and one that is behind its own sleeps.

use std::cell::Cell;
use std::future::{IntoFuture, Ready, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use insist_core::{Admission, Cause, Gate};
use insist_futures::{Attempt, Instant, Policy, Timer, race, retry};

const FIXED: Policy = Policy::constant(Duration::from_millis(100));

/// A timer that nobody may ask for anything.
struct Forbidden;

impl Timer for Forbidden {
    type Sleep = Ready<()>;
    fn now(&self) -> Instant {
        panic!("the clock was read")
    }
    fn sleep_until(&self, _: Instant) -> Ready<()> {
        panic!("a sleep was made")
    }
    fn seed(&self) -> u64 {
        panic!("a seed was drawn")
    }
}

fn finish<F: IntoFuture>(call: F) -> F::Output {
    let mut call = pin!(call.into_future());
    match call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

#[test]
fn a_call_without_timeouts_that_succeeds_at_once_reads_no_clock_and_draws_no_seed() {
    let operation = |attempt: Attempt| ready(Ok::<_, ()>(attempt.id));
    assert_eq!(finish(retry(Forbidden, &Policy::default(), operation)).ok(), Some(1));
    let says = |attempt: Attempt| ready(Ok::<_, &str>(attempt.id));
    assert_eq!(finish(retry(Forbidden, Policy::default(), says).call()), Ok(1));
    assert_eq!(finish(retry(Forbidden, &Policy::default(), operation).fallback(|_| 2)), 1);
    assert_eq!(finish(retry(Forbidden, &Policy::default(), operation).when(|()| false)).ok(), Some(1));
    assert_eq!(finish(race(Forbidden, &Policy::default(), operation)).ok(), Some(1));
}

#[test]
fn a_call_with_timeouts_that_succeeds_at_once_makes_no_sleep_and_draws_no_seed() {
    struct Reads(Cell<u32>);
    impl Timer for Reads {
        type Sleep = Ready<()>;
        fn now(&self) -> Instant {
            self.0.set(self.0.get() + 1);
            Instant::ZERO
        }
        fn sleep_until(&self, _: Instant) -> Ready<()> {
            panic!("a sleep was made")
        }
        fn seed(&self) -> u64 {
            panic!("a seed was drawn")
        }
    }
    let (second, operation) = (Duration::from_secs(1), |attempt: Attempt| ready(Ok::<_, ()>(attempt.id)));
    let timer = Reads(Cell::new(0));
    let policy = FIXED.attempt_timeout(second).deadline(second);
    assert_eq!(finish(retry(&timer, &policy, operation)).ok(), Some(1));
    assert_eq!(timer.0.get(), 2, "when it started, and when it ended");
    assert_eq!(finish(race(&timer, &policy.lanes(3), operation)).ok(), Some(1));
}

/// Sleeps at once, and its clock then says a little less than that.
#[derive(Default)]
struct Behind {
    now: Cell<u64>,
    sleeps: Cell<u32>,
}

const LITTLE: u64 = 1000;

impl Timer for Behind {
    type Sleep = Ready<()>;
    fn now(&self) -> Instant {
        Instant::from_nanos(self.now.get())
    }
    fn sleep_until(&self, until: Instant) -> Ready<()> {
        self.sleeps.set(self.sleeps.get() + 1);
        assert!(self.sleeps.get() < 100, "it waits again and again");
        self.now.set(self.now.get().max(until.as_nanos() - LITTLE));
        ready(())
    }
    fn seed(&self) -> u64 {
        1
    }
}

#[test]
fn a_clock_behind_its_own_sleeps_does_not_make_a_call_wait_again() {
    let operation = |attempt: Attempt| ready(if attempt.id < 3 { Err(()) } else { Ok(attempt.id) });
    for policy in [FIXED, FIXED.attempt_timeout(Duration::from_secs(1))] {
        let timer = Behind::default();
        assert_eq!(finish(retry(&timer, &policy, operation)).ok(), Some(3));
        assert_eq!((timer.sleeps.get(), timer.now.get()), (2, 200_000_000 - 2 * LITTLE + LITTLE));
    }
}

/// Holds every attempt back once, for a second.
struct Holding(Cell<bool>);

impl Gate for Holding {
    fn admit(&self, now: Instant, _: &Cause) -> Admission {
        match now.checked_add(Duration::from_secs(1)) {
            Some(at) if !self.0.replace(!self.0.get()) => Admission::NotBefore(at),
            _ => Admission::Yes,
        }
    }
}

#[test]
fn what_a_gate_holds_back_when_a_wait_is_over_waits_again() {
    let (timer, gate) = (Behind::default(), Holding(Cell::new(true)));
    let sends = Cell::new(Vec::new());
    let operation = |attempt: Attempt| {
        let mut times = sends.take();
        times.push(timer.now.get().div_ceil(1_000_000));
        sends.set(times);
        ready(if attempt.id < 3 { Err(()) } else { Ok(attempt.id) })
    };
    assert_eq!(finish(retry(&timer, &FIXED, operation).gate(&gate)).ok(), Some(3));
    assert_eq!(sends.take(), [0, 1100, 2200]);
}

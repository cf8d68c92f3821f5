//! Nothing is allocated, raced or not, whatever happens.

use std::cell::Cell;
use std::future::{Future, IntoFuture, Ready, poll_fn, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use insist_futures::{Attempt, Budget, Instant, Policy, Timer, Verdict, race, retry};

const POLICY: Policy = Policy::exponential(Duration::from_millis(100)).attempts(5);

/// A clock that a sleep moves at once.
#[derive(Default)]
struct Jumping(Cell<u64>);

impl Timer for Jumping {
    type Sleep = Ready<()>;
    fn now(&self) -> Instant {
        Instant::from_nanos(self.0.get())
    }
    fn sleep_until(&self, until: Instant) -> Ready<()> {
        self.0.set(self.0.get().max(until.as_nanos()));
        ready(())
    }
    fn seed(&self) -> u64 {
        7
    }
}

fn allocations<F: IntoFuture>(call: impl FnOnce() -> F, is_expected: impl FnOnce(F::Output) -> bool) -> u64 {
    let mut is_right = false;
    let info = allocation_counter::measure(|| {
        let mut call = pin!(call().into_future());
        // At most twice: an attempt may wake its call.
        let mut polls = (0..2).map(|_| call.as_mut().poll(&mut Context::from_waker(Waker::noop())));
        if let Some(Poll::Ready(output)) = polls.find(Poll::is_ready) {
            is_right = is_expected(output);
        }
    });
    assert!(is_right);
    info.count_total
}

#[test]
fn a_call_that_succeeds_at_once_allocates_nothing() {
    let timer = Jumping::default();
    let call = || retry(&timer, &POLICY, |_| ready(Ok::<_, ()>(1)));
    assert_eq!(allocations(call, |result| result.is_ok()), 0);
}

#[test]
fn a_call_that_retries_under_a_gate_and_a_judge_allocates_nothing() {
    let (timer, budget) = (Jumping::default(), Budget::default());
    let policy = POLICY.attempt_timeout(Duration::from_secs(1)).deadline(Duration::from_secs(60));
    let operation = |attempt: Attempt| ready(if attempt.id < 4 { Err(()) } else { Ok(attempt.id) });
    let judge = |outcome: &Result<u32, ()>| match outcome {
        Ok(_) => Verdict::Accept,
        Err(()) => Verdict::retry().after(Duration::from_secs(1)),
    };
    let call = || retry(&timer, &policy, operation).judge(judge).gate(&budget);
    assert_eq!(allocations(call, |result| result.ok() == Some(4)), 0);
}

#[test]
fn a_race_allocates_nothing() {
    let timer = Jumping::default();
    let policy = POLICY.lanes(3);
    // The first never ends, the second fails, the third succeeds at its second poll.
    let operation = |attempt: Attempt| {
        let mut polls = 0;
        poll_fn(move |context| {
            polls += 1;
            context.waker().wake_by_ref();
            match attempt.id {
                2 => Poll::Ready(Err(())),
                3 if polls > 1 => Poll::Ready(Ok(attempt.id)),
                _ => Poll::Pending,
            }
        })
    };
    let call = || race(&timer, &policy, operation);
    assert_eq!(allocations(call, |result| result.ok() == Some(3)), 0);
}

#[test]
fn a_hedge_allocates_nothing() {
    let timer = Jumping::default();
    let policy = POLICY.lanes(2).hedge_after(Duration::from_millis(50));
    let operation = |attempt: Attempt| {
        poll_fn(move |_| if attempt.id == 1 { Poll::Pending } else { Poll::Ready(Ok::<_, ()>(attempt.id)) })
    };
    let call = || race(&timer, &policy, operation);
    assert_eq!(allocations(call, |result| result.ok() == Some(2)), 0);
    assert_eq!(timer.0.get(), 50_000_000);
}

#[test]
fn the_counter_counts() {
    let timer = Jumping::default();
    let call = || retry(&timer, &POLICY, |_| Box::pin(ready(Ok::<_, ()>(1))));
    assert_eq!(allocations(call, |result| result.is_ok()), 1);
}

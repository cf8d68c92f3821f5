//! Whole calls as futures, with a sleep that is ready at once and no runtime.

use std::cell::Cell;
use std::future::{Future, IntoFuture, Ready, ready};
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use backon::Retryable;
use insist_core::Instant;
use tower::Service;

use crate::hand::{self, Xorshift};
use crate::operation::{Failed, Operation};
use crate::setting::{ATTEMPTS, BASE, CAP, POLICY, made};
use crate::{Job, repeat};

/// All of them.
pub static JOBS: &[Job] = &[
    Job { name: "insist-futures, constant policy", run: constant },
    Job { name: "insist-futures, borrowed policy", run: borrowed },
    Job { name: "by hand, xorshift", run: by_hand },
    Job { name: "backon", run: backon },
    Job { name: "tower", run: tower },
];

/// Nothing here ever waits.
#[inline(always)]
fn finish<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    match future.as_mut().poll(&mut context) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a call without sleeps waits"),
    }
}

/// A clock that nobody moves, and sleeps that are over.
struct Still(Cell<Instant>);

impl insist_futures::Timer for Still {
    type Sleep = Ready<()>;

    #[inline]
    fn now(&self) -> Instant {
        self.0.get()
    }

    #[inline]
    fn sleep_until(&self, until: Instant) -> Ready<()> {
        self.0.set(until);
        ready(())
    }

    #[inline]
    fn seed(&self) -> u64 {
        black_box(42)
    }
}

fn constant(failures: u32, rounds: u64) {
    repeat(failures, rounds, |failures, _| {
        let mut operation = Operation::new(failures);
        let timer = Still(Cell::new(Instant::ZERO));
        finish(insist_futures::retry(timer, &POLICY, move |_| ready(operation.attempt())).call())
    });
}

fn borrowed(failures: u32, rounds: u64) {
    let policy = made();
    repeat(failures, rounds, |failures, _| {
        let mut operation = Operation::new(failures);
        let timer = Still(Cell::new(Instant::ZERO));
        finish(insist_futures::retry(timer, black_box(&policy), move |_| ready(operation.attempt())).call())
    });
}

fn by_hand(failures: u32, rounds: u64) {
    let mut random = Xorshift(black_box(42));
    repeat(failures, rounds, |failures, _| {
        finish(hand::call_async(Operation::new(failures), |high| random.up_to(high), ready_after))
    });
}

fn ready_after(delay: Duration) -> Ready<()> {
    black_box(delay);
    ready(())
}

fn backon(failures: u32, rounds: u64) {
    repeat(failures, rounds, |failures, _| {
        let mut operation = Operation::new(failures);
        let backoff = backon::ExponentialBuilder::new()
            .with_min_delay(BASE)
            .with_max_delay(CAP)
            .with_max_times(ATTEMPTS as usize - 1)
            .with_jitter();
        finish((move || ready(operation.attempt())).retry(backoff).sleep(ready_after).into_future())
    });
}

/// It brings no delays along here: a policy that counts, and retries at once.
fn tower(failures: u32, rounds: u64) {
    #[derive(Clone)]
    struct Count(u32);
    impl tower::retry::Policy<(), u32, Failed> for Count {
        type Future = Ready<()>;
        #[inline]
        fn retry(&mut self, _: &mut (), result: &mut Result<u32, Failed>) -> Option<Ready<()>> {
            self.0 = self.0.checked_sub(u32::from(result.is_err()))?;
            result.is_err().then(|| ready(()))
        }
        #[inline]
        fn clone_request(&mut self, (): &()) -> Option<()> {
            Some(())
        }
    }
    repeat(failures, rounds, |failures, _| {
        let operation = Cell::new(Operation::new(failures));
        let service = tower::service_fn(|()| {
            let mut one = operation.replace(Operation::new(0));
            let outcome = one.attempt();
            operation.set(one);
            ready(outcome)
        });
        finish(tower::retry::Retry::new(Count(ATTEMPTS - 1), service).call(()))
    });
}

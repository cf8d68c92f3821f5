//! A hedged call as a future, without an executor: it is polled by hand, with a timer that the play moves.

use core::cell::Cell;
use core::future::{Future, IntoFuture, poll_fn};
use core::hint::black_box;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;

use insist_core::{Instant, Policy};
use insist_futures::{Timer, race};

const HEDGED: Policy = Policy::constant(Duration::from_millis(100)).lanes(2).hedge_after(Duration::from_millis(50));

/// Hardware would have a counter and an interrupt.
struct Counter<'a>(&'a Cell<Instant>);

impl<'a> Timer for Counter<'a> {
    type Sleep = Sleep<'a>;
    fn now(&self) -> Instant {
        self.0.get()
    }
    fn sleep_until(&self, until: Instant) -> Sleep<'a> {
        Sleep(self.0, until)
    }
    fn seed(&self) -> u64 {
        7
    }
}

struct Sleep<'a>(&'a Cell<Instant>, Instant);

impl Future for Sleep<'_> {
    type Output = ();
    fn poll(self: core::pin::Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.0.get() >= self.1 { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// The first attempt hangs; 50 ms later a second is sent beside it, and wins at 68 ms.
pub(crate) fn hedged() -> Option<()> {
    let at = |millis: u64| Instant::from_nanos(black_box(millis) * 1_000_000);
    let clock = Cell::new(at(0));
    let call = race(Counter(&clock), black_box(&HEDGED), |attempt| {
        let clock = &clock;
        poll_fn(move |_| match attempt.lane {
            1 if clock.get() >= at(68) => Poll::Ready(Ok::<u32, ()>(attempt.id)),
            _ => Poll::Pending,
        })
    });
    let mut call = pin!(call.into_future());
    let mut context = Context::from_waker(Waker::noop());
    for millis in [0, 49, 50, 67] {
        clock.set(at(millis));
        let Poll::Pending = call.as_mut().poll(&mut context) else { return None };
    }
    clock.set(at(68));
    match call.as_mut().poll(&mut context) {
        Poll::Ready(Ok(2)) => Some(()),
        _ => None,
    }
}

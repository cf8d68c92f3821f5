//! Runs an async closure beside the call that asks for its attempts.
//!
//! The future of an attempt that borrows from its closure cannot be handed out, so the call gets a slot in its place: an
//! attempt that is wanted goes out through it, and an outcome comes in. The closure's future lives in the same task, and
//! is dropped as soon as the call has dropped the slot.

use core::future::{Future, poll_fn};
use core::marker::PhantomData;
use core::pin::{Pin, pin};
use core::task::{Context, Poll};

use insist_core::{Attempt, Instant};

use crate::driver::Driver;
use crate::fast_path::FirstPoll;
use crate::local::Local;
use crate::operation::{Operation, Outcomes, Sealed};
use crate::room::Lanes;
use crate::run::{FinishedOf, Running, work};
use crate::slots::Slots;
use crate::terms::TermsFor;
use crate::timer::Timer;

/// The stand-in in the call for an attempt that runs beside it.
pub(crate) struct Lent<T, E> {
    /// The attempt to run, until it is started.
    wanted: Option<Attempt>,
    outcome: Option<Result<T, E>>,
}

/// Nothing in it is pinned.
impl<T, E> Unpin for Lent<T, E> {}

impl<T, E> Future for Lent<T, E> {
    type Output = Result<T, E>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        self.outcome.take().map_or(Poll::Pending, Poll::Ready)
    }
}

/// An operation whose futures are stand-ins.
pub(crate) struct Lending<T, E>(PhantomData<fn() -> Result<T, E>>);

impl<T, E> Sealed for Lending<T, E> {}

impl<T, E> Outcomes for Lending<T, E> {
    type Value = T;
    type Error = E;
}

impl<T, E> Operation for Lending<T, E> {
    type Future = Lent<T, E>;

    const IS_LENT: bool = true;

    fn send(&mut self, attempt: Attempt, _: Instant) -> Lent<T, E> {
        Lent { wanted: Some(attempt), outcome: None }
    }
}

type Run<M, T, E, S> = Running<M, Lending<T, E>, S, Lanes<1>>;

impl<M: Timer, T, E, S: TermsFor<T, E>> Run<M, T, E, S> {
    fn lent(self: Pin<&mut Self>) -> Option<&mut Lent<T, E>> {
        self.project().slots.slot(0)?.get_mut().as_mut()
    }

    fn work<W>(self: Pin<&mut Self>, attempt: u32, what: impl FnOnce() -> W) -> W {
        let rest = self.project().rest;
        work::<Lending<T, E>, _, _>(&mut rest.hook, rest.listener, attempt, what)
    }

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<FinishedOf<'_, Lending<T, E>, S, Lanes<1>>> {
        match self.as_mut().first_poll(context) {
            FirstPoll::GoOn { news } => self.go_on(context, news),
            FirstPoll::Accepted(_) | FirstPoll::Pending => Poll::Pending,
        }
    }
}

/// Drives a call, and beside it the futures of its closure.
pub(crate) async fn lend<M, F, T, E, S, W>(
    driver: Driver<M, Local<F, T, E>, S>,
    finish: impl FnOnce(FinishedOf<'_, Lending<T, E>, S, Lanes<1>>) -> W,
) -> W
where
    M: Timer,
    F: AsyncFnMut(Attempt) -> Result<T, E>,
    S: TermsFor<T, E>,
{
    let Driver { timer, operation: Local { mut operation, .. }, terms } = driver;
    let driver = Driver::<_, _, _, 1> { timer, operation: Lending(PhantomData), terms };
    let mut run = pin!(Run::new(driver));
    let mut finish = Some(finish);
    let mut finish = |finished: FinishedOf<'_, Lending<T, E>, S, Lanes<1>>| {
        finish.take().map(|finish| finish(finished)).expect("a call ends once")
    };
    loop {
        let wanted = poll_fn(|context| {
            if let Poll::Ready(finished) = run.as_mut().poll(context) {
                return Poll::Ready(Err(finish(finished)));
            }
            let wanted = run.as_mut().lent().and_then(|lent| lent.wanted.take());
            wanted.map_or(Poll::Pending, |attempt| Poll::Ready(Ok(attempt)))
        });
        let attempt = match wanted.await {
            Ok(attempt) => attempt,
            Err(end) => return end,
        };
        let mut attempt_future = pin!(run.as_mut().work(attempt.id, || operation(attempt)));
        let ended = poll_fn(|context| {
            if let Poll::Ready(outcome) = run.as_mut().work(attempt.id, || attempt_future.as_mut().poll(context)) {
                if let Some(lent) = run.as_mut().lent() {
                    lent.outcome = Some(outcome);
                }
            }
            if let Poll::Ready(finished) = run.as_mut().poll(context) {
                return Poll::Ready(Some(finish(finished)));
            }
            // The slot is empty or has another attempt, so this one has ended or was cancelled.
            let is_over = run.as_mut().lent().is_none_or(|lent| lent.wanted.is_some());
            if is_over { Poll::Ready(None) } else { Poll::Pending }
        });
        if let Some(end) = ended.await {
            return end;
        }
    }
}

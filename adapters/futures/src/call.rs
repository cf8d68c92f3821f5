//! What a call's future ends with: why it gave up, or the operation's own result.

use core::future::Future;
use core::ops::Deref;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use insist_core::{Backoff, Gate, GaveUp, Hook, Judge, Policy};

use crate::operation::Operation;
use crate::run::Run;
use crate::slots::{Lanes, Room};
use crate::timer::Timer;

/// A call that says why if it gives up, made by [`Driver::try_call`](crate::Driver::try_call) and by `.await`.
pub type TryCalling<M, P, O, J, H, G, const LANES: usize> = Run<M, P, O, J, H, G, Try, LANES>;

/// A call that ends with the operation's own result, made by [`Driver::call`](crate::Driver::call).
pub type Calling<M, P, O, J, H, const LANES: usize> = Run<M, P, O, J, H, (), Native, LANES>;

/// Ends with a value, or with why there is none.
#[derive(Debug)]
pub enum Try {}

/// Ends with the operation's own result.
#[derive(Debug)]
pub enum Native {}

impl<M, P, B, O, J, H, G, const LANES: usize> Future for TryCalling<M, P, O, J, H, G, LANES>
where
    M: Timer,
    P: Deref<Target = Policy<B>>,
    B: Backoff,
    O: Operation,
    J: Judge<O::Value, O::Error>,
    H: Hook<O::Value, O::Error>,
    G: Gate,
    Lanes<LANES>: Room,
{
    type Output = Result<O::Value, GaveUp<O::Value, O::Error>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let finished = ready!(self.go_on(context));
        Poll::Ready(finished.ended.conclude(finished.call))
    }
}

impl<M, P, B, O, J, H, const LANES: usize> Future for Calling<M, P, O, J, H, LANES>
where
    M: Timer,
    P: Deref<Target = Policy<B>>,
    B: Backoff,
    O: Operation,
    J: Judge<O::Value, O::Error>,
    H: Hook<O::Value, O::Error>,
    Lanes<LANES>: Room,
{
    type Output = Result<O::Value, O::Error>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let finished = ready!(self.go_on(context));
        Poll::Ready(finished.ended.last.expect("nothing ends this call but a result"))
    }
}

//! The futures that `call` and `try_call` make.

use core::fmt;
use core::future::{Future, IntoFuture};
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use insist_core::{GaveUp, IntoTerms, SaysNoOutcome};
use pin_project_lite::pin_project;

use crate::driver::Driver;
use crate::fast_path::FirstPoll;
use crate::machine::Machine;
use crate::operation::Operation;
use crate::room::{Lanes, Room};
use crate::run::Running;
use crate::terms::TermsFor;
use crate::timer::Timer;

macro_rules! ends_with {
    ($(#[$meta:meta])* $name:ident: $output:ty, $($error:ident: $says:ident,)? |$run:ident, $first:pat => $early:expr, $end:ident, $call:ident| $late:expr) => {
        pin_project! {
            $(#[$meta])*
            #[must_use = "nothing is sent before it is awaited"]
            pub struct $name<M, O, S, R = Lanes<1>>
            where
                M: Timer,
                O: Operation,
                S: IntoTerms,
                R: Room,
            {
                #[pin]
                pub(crate) run: Running<M, O, S, R>,
            }
        }

        impl<M, O, S, R> Future for $name<M, O, S, R>
        where
            M: Timer,
            O: Operation,
            $(O::$error: $says,)?
            S: TermsFor<O::Value, O::Error>,
            R: Room,
        {
            type Output = $output;

            #[inline]
            fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
                let mut $run = self.project().run;
                let news = match $run.as_mut().first_poll(context) {
                    FirstPoll::Accepted($first) => return Poll::Ready($early),
                    FirstPoll::Pending => return Poll::Pending,
                    FirstPoll::GoOn { news } => news,
                };
                let finished = ready!($run.go_on(context, news));
                let ($end, $call) = (finished.end, finished.call);
                Poll::Ready($late)
            }
        }

        impl<M, O, S, R> fmt::Debug for $name<M, O, S, R>
        where
            M: Timer,
            O: Operation,
            S: IntoTerms,
            R: Room,
        {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    };
}

ends_with! {
    /// The future of a call that ends with the operation's own result, made by [`Driver::call`].
    Calling: Result<O::Value, O::Error>,
    Error: SaysNoOutcome,
    |run, accepted => accepted, end, call| call.result(end)
}

ends_with! {
    /// The future of a call that says why if it gives up, made by [`Driver::try_call`] and by `.await`.
    TryCalling: Result<O::Value, GaveUp<O::Error>>,
    |run, accepted => Ok(only_ok(accepted)), end, call| call.conclude(end).map_err(GaveUp::without_value)
}

ends_with! {
    /// The future of a call whose error holds the last value too, which a [`fallback`](Driver::fallback) is told.
    Keeping: Result<O::Value, GaveUp<O::Error, O::Value>>,
    |run, accepted => Ok(only_ok(accepted)), end, call| call.conclude(end)
}

impl<M, O, S, const LANES: usize> Driver<M, O, S, LANES>
where
    M: Timer,
    O: Operation,
    S: TermsFor<O::Value, O::Error>,
    Lanes<LANES>: Room,
{
    /// Makes the future of the call, which ends with the operation's own result: the accepted one, or else the last
    /// one, which may be an `Ok` that the judge did not accept.
    ///
    /// If no attempt had an outcome (all took too long, the deadline came first, a gate refused, or the policy is
    /// invalid), it ends with [`NoOutcome`](crate::NoOutcome) converted to the error type.
    ///
    /// ```
    /// use insist_futures::{Policy, VirtualTimer, retry};
    ///
    /// async fn read(timer: VirtualTimer) -> std::io::Result<String> {
    ///     retry(timer, Policy::default(), |_| async { std::fs::read_to_string("Cargo.toml") }).call().await
    /// }
    /// # let timer = VirtualTimer::new();
    /// # assert!(timer.block_on(read(timer.clone())).is_ok());
    /// ```
    #[inline]
    pub fn call(self) -> Calling<M, O, S, Lanes<LANES>>
    where
        O::Error: SaysNoOutcome,
    {
        Calling { run: Running::new(self) }
    }

    /// Makes the future of the call, which says why if it gives up. `.await` does the same.
    ///
    /// Its error is [`GaveUp`], whose source is the last error if there is one. Attempts that took too long have none.
    #[inline]
    pub fn try_call(self) -> TryCalling<M, O, S, Lanes<LANES>> {
        TryCalling { run: Running::new(self) }
    }

    #[inline]
    pub(crate) fn keep(self) -> Keeping<M, O, S, Lanes<LANES>> {
        Keeping { run: Running::new(self) }
    }
}

impl<M, O, S, const LANES: usize> IntoFuture for Driver<M, O, S, LANES>
where
    M: Timer,
    O: Operation,
    S: TermsFor<O::Value, O::Error>,
    Lanes<LANES>: Room,
{
    type Output = Result<O::Value, GaveUp<O::Error>>;
    type IntoFuture = TryCalling<M, O, S, Lanes<LANES>>;

    #[inline]
    fn into_future(self) -> Self::IntoFuture {
        self.try_call()
    }
}

/// Unwraps a result of the fast path, which ends with an `Ok` only.
#[inline]
fn only_ok<T, E>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(_) => unreachable!("an error is handed to the machine"),
    }
}

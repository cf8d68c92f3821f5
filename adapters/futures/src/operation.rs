//! Operations: closures that make a future for each attempt.

use core::future::Future;
use core::pin::Pin;

use insist_core::{Attempt, Instant};

/// The end of an attempt's future: a `Result`.
#[diagnostic::on_unimplemented(
    message = "an attempt ends with a `Result`, and not with `{Self}`",
    label = "this operation's future ends with `{Self}`",
    note = "let it end with `Ok(value)` or `Err(error)`, as in `|_| async {{ Ok::<_, std::io::Error>(value) }}`"
)]
pub trait Outcome {
    /// The value of a success.
    type Value;
    /// The error of a failure.
    type Error;
}

impl<T, E> Outcome for Result<T, E> {
    type Value = T;
    type Error = E;
}

/// The results that the attempts of an operation end with.
pub trait Outcomes {
    /// The value of a success.
    type Value;
    /// The error of a failure.
    type Error;
}

/// Makes a future for each attempt: every `FnMut(Attempt) -> impl Future<Output = Result<T, E>>` does. The trait is
/// sealed.
///
/// Dropping the future cancels the attempt.
#[diagnostic::on_unimplemented(
    message = "`{Self}` makes no futures that end with a `Result`",
    note = "an operation is a function of the attempt, `|attempt| async move {{ … }}`, whose future ends with a `Result`",
    note = "a call made by `retry_local` ends with `.call().await`, `.try_call().await` or `.report().await`, and not \
            with `.await` alone"
)]
pub trait Operation: Outcomes + Sealed {
    /// An attempt in flight.
    #[doc(hidden)]
    type Future: Future<Output = Result<Self::Value, Self::Error>>;

    /// True if an attempt may have to wait before it is sent.
    #[doc(hidden)]
    const MAY_BE_UNSENT: bool = false;

    /// True if its futures only stand for attempts that run elsewhere, where the hook is told of their work.
    #[doc(hidden)]
    const IS_LENT: bool = false;

    /// Makes the future of an attempt, which starts when it is polled.
    #[doc(hidden)]
    fn send(&mut self, attempt: Attempt, now: Instant) -> Self::Future;

    /// Releases what was held ready for the first attempt, because the call has to wait.
    #[doc(hidden)]
    #[inline]
    fn on_wait(&mut self) {}

    /// Returns, of an attempt that has sent nothing yet, when its time is up, the last instant for never; `None` if it has
    /// sent something, or may have.
    #[doc(hidden)]
    #[inline]
    fn unsent_until(_: &Self::Future) -> Option<Instant> {
        None
    }

    /// Takes back what an attempt would have sent, before it is dropped.
    #[doc(hidden)]
    #[inline]
    fn take_back(&mut self, _: Pin<&mut Self::Future>) {}
}

/// Keeps others from implementing [`Operation`].
#[expect(unnameable_types, reason = "it seals the trait `Operation`")]
pub trait Sealed {}

impl<F, A> Sealed for F
where
    F: FnMut(Attempt) -> A,
    A: Future,
{
}

impl<F, A, T, E> Outcomes for F
where
    F: FnMut(Attempt) -> A,
    A: Future<Output = Result<T, E>>,
{
    type Value = T;
    type Error = E;
}

impl<F, A, T, E> Operation for F
where
    F: FnMut(Attempt) -> A,
    A: Future<Output = Result<T, E>>,
{
    type Future = A;

    #[inline]
    fn send(&mut self, attempt: Attempt, _: Instant) -> A {
        self(attempt)
    }
}

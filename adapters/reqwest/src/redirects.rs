//! Notices that an attempt was redirected. A request that followed a redirect has arrived somewhere, so an error of its
//! last connection does not mean that nothing was sent.
//!
//! The redirect policy runs while the attempt is polled, on its thread.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use reqwest::redirect::Policy;

thread_local! {
    static WAS_REDIRECTED: Cell<bool> = const { Cell::new(false) };
}

/// Makes a redirect policy that decides as this one does, and tells the attempt.
pub(crate) fn watched(policy: Policy) -> Policy {
    Policy::custom(move |attempt| {
        WAS_REDIRECTED.set(true);
        policy.redirect(attempt)
    })
}

pin_project! {
    /// An attempt that notices redirects.
    pub(crate) struct Watching<F> {
        #[pin]
        attempt: F,
        was_redirected: bool,
    }
}

impl<F> Watching<F> {
    #[inline]
    pub(crate) const fn new(attempt: F) -> Self {
        Self { attempt, was_redirected: false }
    }
}

impl<F: Future> Future for Watching<F> {
    /// Holds what the attempt ends with, and whether it was redirected.
    type Output = (F::Output, bool);

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        // An attempt may be polled within another's, by a middleware or a resolver.
        let outer = WAS_REDIRECTED.replace(false);
        let polled = this.attempt.poll(context);
        *this.was_redirected |= WAS_REDIRECTED.replace(outer);
        Poll::Ready((ready!(polled), *this.was_redirected))
    }
}

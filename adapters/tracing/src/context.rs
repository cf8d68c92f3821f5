//! Carries the current span to another thread.

use tracing::{Dispatch, Span, dispatcher};

/// The span that is current on one thread, with its subscriber, for work on another. Drivers use it.
///
/// ```
/// use insist_tracing::Context;
///
/// let context = Context::current();
/// let work = std::thread::spawn(move || context.in_scope(|| 6 * 7));
/// assert_eq!(work.join().unwrap(), 42);
/// ```
#[derive(Clone, Debug)]
pub struct Context {
    span: Span,
    dispatch: Dispatch,
}

impl Context {
    /// Captures this thread's current span and subscriber.
    #[must_use]
    pub fn current() -> Self {
        Self { span: Span::current(), dispatch: dispatcher::get_default(Dispatch::clone) }
    }

    /// Runs work inside the span, on any thread.
    pub fn in_scope<R>(&self, work: impl FnOnce() -> R) -> R {
        dispatcher::with_default(&self.dispatch, || self.span.in_scope(work))
    }
}

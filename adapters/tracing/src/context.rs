//! Takes the current span to another thread.

use tracing::{Dispatch, Span, dispatcher};

/// For drivers: the span that is current on one thread, with its subscriber, for work that is done on another.
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
    dispatch: Option<Dispatch>,
}

impl Context {
    /// Takes the span that is current on this thread.
    #[must_use]
    pub fn current() -> Self {
        let span = Span::current();
        let dispatch = span.with_subscriber(|(_, dispatch)| dispatch.clone());
        Self { span, dispatch }
    }

    /// Does this work in the span, on whichever thread.
    pub fn in_scope<R>(&self, work: impl FnOnce() -> R) -> R {
        match &self.dispatch {
            Some(dispatch) => dispatcher::with_default(dispatch, || self.span.in_scope(work)),
            None => work(),
        }
    }
}

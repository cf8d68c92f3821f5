//! The error of a service that insists: the service's own, or why there is neither error nor response.

extern crate alloc;

use alloc::boxed::Box;
use core::fmt;

use insist_core::NoOutcome;

use super::attempt::Unsendable;

/// An error of any type, as tower's own layers give it.
pub type BoxError = Box<dyn core::error::Error + Send + Sync>;

/// The error of a service that insists.
///
/// `E` is the inner service's error. Where that is an [`Error`](core::error::Error), so is this, and it becomes a
/// [`BoxError`] by itself. Where it is a [`BoxError`], because of a layer such as tower's timeout below this one,
/// [`into_boxed`](Self::into_boxed) makes one of it: `ServiceBuilder::new().map_err(Error::into_boxed).layer(…)`.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error<E> {
    /// The service's own error: that of the last attempt, or of its readiness.
    Service(E),
    /// The call gave up without any response or error: all attempts took too long, a gate refused the first, or the
    /// policy is invalid. It says why.
    GaveUp(NoOutcome),
    /// The function given to [`Layer::clone_with`](super::Layer::clone_with) cloned a request once and then no more.
    NotCloned,
}

impl<E> Error<E> {
    /// Returns the service's own error, if it is one.
    pub fn into_service(self) -> Option<E> {
        match self {
            Self::Service(error) => Some(error),
            Self::GaveUp(_) | Self::NotCloned => None,
        }
    }

    /// Returns the service's own error in a box, not wrapped in this; or this, if it is another.
    pub fn into_boxed(self) -> BoxError
    where
        E: Into<BoxError>,
    {
        match self {
            Self::Service(error) => error.into(),
            Self::GaveUp(none) => none.into(),
            Self::NotCloned => Unsendable.into(),
        }
    }
}

/// Prints the error within.
impl<E: fmt::Display> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(error) => error.fmt(f),
            Self::GaveUp(none) => none.fmt(f),
            Self::NotCloned => Unsendable.fmt(f),
        }
    }
}

/// The source is that of the error within, whose text this prints.
impl<E: core::error::Error + 'static> core::error::Error for Error<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Service(error) => error.source(),
            Self::GaveUp(_) | Self::NotCloned => None,
        }
    }
}

//! The error of a retried service: the inner service's own, or why the call has neither error nor response.

extern crate alloc;

use alloc::boxed::Box;
use core::fmt;

use insist_core::NoOutcome;

use super::attempt::Unsendable;

/// An error of any type, as tower's own layers give it.
pub type BoxError = Box<dyn core::error::Error + Send + Sync>;

/// The error of a retried service.
///
/// `E` is the inner service's error. If that is an [`Error`](core::error::Error), so is this, and `?` converts it to a
/// [`BoxError`]. If it is a [`BoxError`], because of a layer such as tower's timeout below this one, convert it with
/// [`into_boxed`](Self::into_boxed): `ServiceBuilder::new().map_err(Error::into_boxed).layer(…)`.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error<E> {
    /// The service's own error: that of the last attempt, or of its readiness.
    Service(E),
    /// The call gave up without any response or error: all attempts took too long, a gate refused the first, or the
    /// policy is invalid.
    GaveUp(NoOutcome),
    /// The function given to [`Layer::clone_with`](super::Layer::clone_with) cloned a request once, but returned `None`
    /// later.
    NotCloned,
}

impl<E> Error<E> {
    /// Returns the service's own error; `None` if the error is not the service's.
    pub fn into_service(self) -> Option<E> {
        match self {
            Self::Service(error) => Some(error),
            Self::GaveUp(_) | Self::NotCloned => None,
        }
    }

    /// Returns the service's own error in a box; any other error of this type is boxed as it is.
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

/// Prints the inner error.
impl<E: fmt::Display> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(error) => error.fmt(f),
            Self::GaveUp(none) => none.fmt(f),
            Self::NotCloned => Unsendable.fmt(f),
        }
    }
}

/// Returns the source of the inner error, whose text this prints.
impl<E: core::error::Error + 'static> core::error::Error for Error<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Service(error) => error.source(),
            Self::GaveUp(_) | Self::NotCloned => None,
        }
    }
}

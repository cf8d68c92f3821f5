//! Turns errors into the texts that spans and events show.

use core::fmt;

/// Writes the text of an error of type `E`: [`Displayed`], [`Debugged`], or a function.
pub trait ErrorText<E> {
    /// Writes the text of an error.
    ///
    /// # Errors
    ///
    /// Those of the formatter.
    fn write(&self, error: &E, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

/// Writes an error as `{}`.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Displayed;

impl<E: fmt::Display> ErrorText<E> for Displayed {
    fn write(&self, error: &E, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        error.fmt(f)
    }
}

/// Writes an error as `{:?}`.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Debugged;

impl<E: fmt::Debug> ErrorText<E> for Debugged {
    fn write(&self, error: &E, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        error.fmt(f)
    }
}

impl<E, F: Fn(&E, &mut fmt::Formatter<'_>) -> fmt::Result> ErrorText<E> for F {
    fn write(&self, error: &E, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self(error, f)
    }
}

/// An error that prints as its text.
pub(crate) struct Text<'a, D, E>(pub(crate) &'a D, pub(crate) &'a E);

impl<D: ErrorText<E>, E> fmt::Display for Text<'_, D, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write(self.1, f)
    }
}

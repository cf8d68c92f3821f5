//! The errors of bodies: those after which another attempt may go on, and those after which none is made.

use std::fmt;
use std::io::{self, ErrorKind};

use insist_ureq::Error;

/// The first words of the error of a body that broke off.
pub(in crate::get) const BROKE_OFF: &str = "the body broke off";

/// The mark of a body that broke off, in an error that may be retried.
#[derive(Debug)]
struct BrokeOff(String);

impl fmt::Display for BrokeOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BrokeOff {}

pub(super) fn broken(text: String) -> Error {
    Error::Io(io::Error::new(ErrorKind::UnexpectedEof, BrokeOff(text)))
}

/// Returns whether an error is that of a body that broke off.
pub(in crate::get) fn is_broken(error: &Error) -> bool {
    matches!(error, Error::Io(error) if error.get_ref().and_then(|inner| inner.downcast_ref::<BrokeOff>()).is_some())
}

/// Makes an error after which no other attempt is made.
pub(super) fn stop(text: String) -> Error {
    Error::Other(text.into())
}

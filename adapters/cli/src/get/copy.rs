//! Copies a response's body to its destination.

use std::io::{self, Read, Write};

use http::Response;
use insist_ureq::{Body, Error};

/// The size of the buffer.
const PIECE: usize = 64 << 10;

/// The reason why a response's body was not copied.
pub(super) enum Broken {
    /// There is no response.
    Call(Error),
    /// The body broke off.
    Body(io::Error),
    /// The body cannot be written.
    Output(io::Error),
}

impl Broken {
    /// Returns how the body broke off, if it did.
    pub(super) fn of_body(&self) -> Option<String> {
        match self {
            Self::Body(error) => Some(error.to_string()),
            Self::Call(_) | Self::Output(_) => None,
        }
    }
}

/// Writes the body, and calls `wrote` with the length of each piece. Of a body that breaks off, it writes what came.
pub(super) fn copy(response: &mut Response<Body>, to: &mut impl Write, wrote: impl Fn(u64)) -> Result<(), Broken> {
    let mut from = response.body_mut().as_reader();
    let mut piece = vec![0; PIECE];
    loop {
        let length = match from.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Broken::Body(error)),
        };
        // A body that arrives slowly is seen as it arrives.
        to.write_all(&piece[..length]).and_then(|()| to.flush()).map_err(Broken::Output)?;
        wrote(length as u64);
    }
}

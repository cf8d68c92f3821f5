//! A response's body on its way to where it is wanted, whole or not at all.

use std::io::{self, Read, Write};

use http::Response;
use insist_ureq::{Body, Error};

/// How much of a body is held at once.
const PIECE: usize = 64 << 10;

/// What keeps a response from being where it is wanted.
pub(super) enum Broken {
    /// There is none.
    Call(Error),
    /// Its body broke off.
    Body(io::Error),
    /// It cannot be written.
    Output(io::Error),
}

impl Broken {
    /// How the body broke off, if that is what it was.
    pub(super) fn of_body(&self) -> Option<String> {
        match self {
            Self::Body(error) => Some(error.to_string()),
            Self::Call(_) | Self::Output(_) => None,
        }
    }
}

/// Writes the body, and says of each piece how long it is. Of one that breaks off it writes what came.
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
        // A body that comes in drops is seen as it comes.
        to.write_all(&piece[..length]).and_then(|()| to.flush()).map_err(Broken::Output)?;
        wrote(length as u64);
    }
}

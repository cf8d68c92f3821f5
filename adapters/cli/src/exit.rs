//! The failures of the command, and their exit statuses.

use std::io;
use std::process::ExitCode;

use crate::say::say;

/// The exit status of a call that gave up, and of a command that failed.
pub(crate) const GAVE_UP: u8 = 1;
/// The exit status of a command line or a script that is invalid.
pub(crate) const USAGE: u8 = 2;

/// A failure of the command.
pub(crate) enum Failure {
    /// The command line or a script is invalid: says where, and what would be valid. Exit status 2.
    Usage(String),
    /// Anything else: exit status 1.
    Failed(String),
    /// Anything else, with an exit status of its own.
    #[cfg_attr(not(feature = "ureq"), expect(dead_code, reason = "only `insist get` has others"))]
    Ended(u8, String),
    /// The reader of standard output has left, as in `insist plan --count 100000 | head`: no message, exit status 0.
    ReaderLeft,
}

impl Failure {
    pub(crate) fn report(self) -> ExitCode {
        match self {
            // In the form of clap's own errors.
            Self::Usage(what) => {
                say!("error: {what}\n\nFor more information, try '--help'.");
                ExitCode::from(USAGE)
            }
            Self::Failed(what) => {
                say!("insist: {what}");
                ExitCode::from(GAVE_UP)
            }
            Self::Ended(status, what) => {
                say!("insist: {what}");
                ExitCode::from(status)
            }
            Self::ReaderLeft => ExitCode::SUCCESS,
        }
    }
}

/// Turns an error of writing to standard output into a failure.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::ReaderLeft
        } else {
            Self::Failed(format!("cannot write to standard output: {error}"))
        }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::from(io::Error::from(error))
    }
}

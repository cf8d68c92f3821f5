//! How the command ends when it does not end well, and the exit status for it.

use std::io;
use std::process::ExitCode;

/// The exit status of a call that gave up, and of a command that failed.
pub(crate) const GAVE_UP: u8 = 1;
const USAGE: u8 = 2;

/// What keeps the command from doing what it was asked to.
pub(crate) enum Failure {
    /// The command line or a script makes no sense: which word, and what would be right. Exit status 2.
    Usage(String),
    /// Anything else: exit status 1.
    Failed(String),
    /// Nobody reads standard output any more, as in `insist plan --count 100000 | head`: nothing to say, status 0.
    ReaderLeft,
}

impl Failure {
    pub(crate) fn report(self) -> ExitCode {
        match self {
            // As clap says what it refuses itself.
            Self::Usage(what) => {
                eprintln!("error: {what}\n\nFor more information, try '--help'.");
                ExitCode::from(USAGE)
            }
            Self::Failed(what) => {
                eprintln!("insist: {what}");
                ExitCode::from(GAVE_UP)
            }
            Self::ReaderLeft => ExitCode::SUCCESS,
        }
    }
}

/// Of writing to standard output.
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

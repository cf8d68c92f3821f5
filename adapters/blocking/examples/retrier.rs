//! Elastic's Retrier in a few lines: it sees the retry number, the request, the response or the error, and answers
//! "wait this long", "go on without a wait", or "abort with this error".

use std::fmt;
use std::time::Duration;

use insist_blocking::{NoOutcome, Policy, Verdict, retry};

/// An outcome that the retrier rejects: what to do next, and the error that the call ends with if this was the last
/// attempt.
enum No {
    Wait(Duration, Error),
    GoOn(Error),
    Abort(Error),
}

impl No {
    fn error(self) -> Error {
        let (Self::Wait(_, error) | Self::GoOn(error) | Self::Abort(error)) = self;
        error
    }
}

fn retrier(number: u32, request: &Request, outcome: Result<Response, Error>) -> Result<Response, No> {
    match outcome {
        Ok(Response { status: 429 }) if number >= 3 => Err(No::Abort(Error::QuotaUsedUp(request.path))),
        Ok(Response { status: status @ (429 | 503) }) => {
            Err(No::Wait(Duration::from_millis(5) * number, Error::Status(status)))
        }
        Ok(response) => Ok(response),
        Err(error) => Err(No::GoOn(error)),
    }
}

/// Calls the service through the retrier: these are the few lines.
fn insist(request: &Request, mut send: impl FnMut(&Request) -> Result<Response, Error>) -> Result<Response, Error> {
    retry(Policy::zero().attempts(10), |attempt| retrier(attempt.retry + 1, request, send(request)))
        .judge(|outcome| match outcome {
            Ok(_) => Verdict::Accept,
            Err(No::Wait(wait, _)) => Verdict::retry().exactly_after(*wait),
            Err(No::GoOn(_)) => Verdict::retry(),
            Err(No::Abort(_)) => Verdict::Stop,
        })
        .notify(|event| println!("  {event}"))
        .call()
        .map_err(No::error)
}

fn main() {
    for (path, statuses) in [("/recovers", [0, 503, 200]), ("/greedy", [429, 429, 429])] {
        println!("{path}");
        let mut statuses = statuses.into_iter();
        let result = insist(&Request { path }, |_| match statuses.next() {
            None | Some(0) => Err(Error::Refused),
            Some(status) => Ok(Response { status }),
        });
        match result {
            Ok(Response { status }) => println!("  = {status}"),
            Err(error) => println!("  = error: {error}"),
        }
    }
}

struct Request {
    path: &'static str,
}

struct Response {
    status: u16,
}

enum Error {
    Refused,
    Status(u16),
    QuotaUsedUp(&'static str),
    NotSent(NoOutcome),
}

/// Made if a call sent nothing, because its policy is invalid, for example.
impl From<NoOutcome> for No {
    fn from(none: NoOutcome) -> Self {
        Self::Abort(Error::NotSent(none))
    }
}

/// Prints the error, for the lines of the log.
impl fmt::Display for No {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Wait(_, error) | Self::GoOn(error) | Self::Abort(error)) = self;
        error.fmt(f)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => f.write_str("connection refused"),
            Self::Status(status) => write!(f, "status {status}"),
            Self::QuotaUsedUp(path) => write!(f, "the quota of {path} is used up"),
            Self::NotSent(none) => none.fmt(f),
        }
    }
}

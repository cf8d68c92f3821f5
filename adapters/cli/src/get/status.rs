//! The exit statuses of `insist get`: curl's, where curl has one for it.

use std::io::{self, ErrorKind};

use insist_core::{AttemptEnd, Failure, Reason, Sent};
use insist_ureq::insisting::{GaveUp, Report};
use insist_ureq::{Error, Timeout};

pub(super) const GAVE_UP: u8 = 1;
pub(super) const LOOK_UP: u8 = 6;
pub(super) const CONNECT: u8 = 7;
pub(super) const NO_HTTP: u8 = 8;
pub(super) const BROKEN: u8 = 18;
pub(super) const STATUS: u8 = 22;
pub(super) const WRITE: u8 = 23;
pub(super) const TIMEOUT: u8 = 28;
pub(super) const TLS: u8 = 35;
pub(super) const REDIRECTS: u8 = 47;
pub(super) const NO_ANSWER: u8 = 56;
pub(super) const CERTIFICATE: u8 = 60;
pub(super) const TOO_LARGE: u8 = 63;
pub(super) const REFUSED: u8 = 75;

/// The statuses in the words of the help.
pub(super) const HELP: &str = "\
Exit status, that of curl where curl has one:
   0  accepted
   1  gave up for another reason than these
   2  usage error
   6  the host's name cannot be looked up
   7  no connection: refused, unreachable, or the proxy does not let through
   8  what came is not HTTP
  18  the body broke off
  22  the last status was retried in vain, or is 400 or more with --fail, --fail-with-body or a file
  23  the body or the report cannot be written
  28  the time was over: --max-time, --attempt-timeout, --deadline, --connect-timeout, --idle-timeout
  35  the TLS handshake failed
  47  too many redirects
  56  the connection broke before an answer came
  60  the certificate of the server is not trusted
  63  the body is larger than --max-filesize
  75  a gate refused: --breaker, --budget and their kin, or --retry-max-time
With --each it is the status of the first URL in the order given that failed.";

/// Returns the status of a call that ended without an answer.
pub(super) fn of_error(error: &Error, report: Option<&Report>) -> u8 {
    if report.is_some_and(|report| report.reason == Some(Reason::Refused)) {
        return REFUSED;
    }
    match error {
        Error::Timeout(Timeout::Resolve) => LOOK_UP,
        Error::Timeout(_) => TIMEOUT,
        Error::HostNotFound => LOOK_UP,
        Error::ConnectionFailed | Error::ConnectProxyFailed(_) => CONNECT,
        Error::Protocol(_) | Error::LargeResponseHeader(..) => NO_HTTP,
        Error::TooManyRedirects | Error::RedirectFailed => REDIRECTS,
        Error::BodyStalled => BROKEN,
        Error::Tls(_) => TLS,
        Error::Io(error) => of_io(error, is_unsent(report), is_tls(report)),
        Error::Other(error) if matches!(error.downcast_ref(), Some(GaveUp::Refused(_))) => REFUSED,
        error if error.to_string().to_lowercase().contains("tls") => TLS,
        _ => GAVE_UP,
    }
}

fn of_io(error: &io::Error, is_unsent: bool, is_tls: bool) -> u8 {
    let text = error.to_string();
    // The standard library tells a failed look-up by its words alone.
    if text.contains("failed to lookup address") || text.contains("No such host") {
        return LOOK_UP;
    }
    let of_tls =
        error.get_ref().is_some_and(|inner| inner.to_string().contains("certificate") || inner.source().is_some());
    match error.kind() {
        ErrorKind::InvalidData if text.contains("certificate") => CERTIFICATE,
        ErrorKind::InvalidData => TLS,
        ErrorKind::TimedOut | ErrorKind::WouldBlock => TIMEOUT,
        ErrorKind::ConnectionRefused
        | ErrorKind::HostUnreachable
        | ErrorKind::NetworkUnreachable
        | ErrorKind::AddrNotAvailable => CONNECT,
        _ if of_tls => TLS,
        // A connection was made, and nothing of the request was sent on it.
        _ if is_unsent && is_tls => TLS,
        ErrorKind::UnexpectedEof
        | ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe => NO_ANSWER,
        _ if is_unsent => CONNECT,
        _ => NO_ANSWER,
    }
}

/// Returns whether the last attempt went to an https address.
fn is_tls(report: Option<&Report>) -> bool {
    let last = report.and_then(|report| report.log.entries().last()?.detail.as_ref());
    last.is_some_and(|detail| detail.target.starts_with("https:"))
}

/// Returns whether the last attempt failed before anything of it was sent.
fn is_unsent(report: Option<&Report>) -> bool {
    let last = report.and_then(|report| report.log.entries().last()?.end);
    matches!(last, Some(AttemptEnd::Retry(Failure { sent: Sent::No, .. })))
}

//! Judges ureq's errors. The rules judge answers.

use std::io::{self, ErrorKind};
use std::time::SystemTime;

use insist_core::{Sent, Verdict};
use insist_http::{Rules, retry_after};
use ureq::Error;
use ureq::http::StatusCode;

use crate::transport::Head;

/// Judges an error.
///
/// `is_sent` says whether anything of the request was written to the connection. So a failed look-up, connect or
/// handshake counts as not sent, whatever the error is.
pub(crate) fn judge(error: &Error, is_sent: bool, rules: &Rules) -> Verdict {
    let sent = if is_sent { Sent::Maybe } else { Sent::No };
    let is_transient = match error {
        // Timeout::Global too: the call has the same deadline, and ends by it.
        Error::Timeout(_) | Error::HostNotFound | Error::ConnectionFailed | Error::ConnectProxyFailed(_) => true,
        Error::Io(error) => match error.kind() {
            // Permanent errors of the system, and bad certificates (InvalidData).
            ErrorKind::InvalidInput | ErrorKind::InvalidData | ErrorKind::PermissionDenied | ErrorKind::Unsupported => {
                false
            }
            // The agent was shut down: the system's own `NotConnected` has an OS error number.
            ErrorKind::NotConnected => error.raw_os_error().is_some(),
            _ => !is_alert(error),
        },
        // Made by a user's middleware: attempts themselves end with answers, not with this error.
        Error::StatusCode(status) => StatusCode::from_u16(*status).is_ok_and(|status| rules.is_retried(status)),
        _ => false,
    };
    let is_throttled = matches!(error, Error::StatusCode(429));
    match (is_transient, is_throttled) {
        (true, true) => Verdict::retry().sent(sent).throttled(),
        (true, false) => Verdict::retry().sent(sent),
        (false, _) => Verdict::Stop,
    }
}

/// Returns whether an error is the fatal alert of a TLS peer, which says the same however often it is asked. Only rustls
/// gives such an error a kind of its own.
fn is_alert(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.to_string().contains("alert"))
}

/// Judges an error of a proxy that did not connect, and says what the proxy answered. The request was not sent.
///
/// A proxy that refuses with 4xx refuses again, but for 408, 425 and 429.
pub(crate) fn judge_proxy(reason: String, head: &[u8], rules: &Rules) -> (Verdict, Error) {
    let Some(Head { status, reason, headers }) = Head::read(head) else {
        return (Verdict::retry().unsent(), Error::ConnectProxyFailed(reason));
    };
    let error = Error::ConnectProxyFailed(format!("the proxy answered {} {reason}", status.as_u16()));
    if status.is_client_error() && !matches!(status.as_u16(), 408 | 425 | 429) {
        return (Verdict::Stop, error);
    }
    let verdict = Verdict::retry().unsent();
    let verdict = if status == StatusCode::TOO_MANY_REQUESTS { verdict.throttled() } else { verdict };
    let hint = if rules.reads_hints() { retry_after(&headers, SystemTime::now()) } else { None };
    (hint.map_or(verdict, |wait| verdict.after(wait)), error)
}

/// Judges an error in the body of an answer that would have been accepted.
pub(crate) fn judge_body(error: &Error, rules: &Rules) -> Verdict {
    match error {
        // The body broke off before the decoder had all its input.
        #[cfg(any(feature = "gzip", feature = "brotli"))]
        Error::Decompress(..) => Verdict::retry(),
        // A malformed chunk, or one whose size line broke off.
        Error::Protocol(_) | Error::BodyStalled => Verdict::retry(),
        error => judge(error, true, rules),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ureq::Timeout;

    use super::*;

    fn of(error: Error, is_sent: bool) -> Verdict {
        judge(&error, is_sent, &Rules::new())
    }

    #[test]
    fn what_failed_before_anything_was_written_was_not_sent() {
        let refused = || Error::Io(ErrorKind::ConnectionRefused.into());
        assert_eq!(of(refused(), false), Verdict::retry().unsent());
        // After a redirect.
        assert_eq!(of(refused(), true), Verdict::retry());
        let lookup = Error::Io(io::Error::other("failed to lookup address information"));
        assert_eq!(of(lookup, false), Verdict::retry().unsent());
        assert_eq!(of(Error::Timeout(Timeout::Connect), false), Verdict::retry().unsent());
    }

    #[test]
    fn a_429_that_a_middleware_made_an_error_of_is_throttled() {
        assert_eq!(of(Error::StatusCode(429), true), Verdict::retry().throttled());
        assert_eq!(of(Error::StatusCode(503), true), Verdict::retry());
    }

    #[test]
    fn what_broke_off_may_have_been_sent() {
        for error in [
            Error::Io(ErrorKind::UnexpectedEof.into()),
            Error::Io(ErrorKind::ConnectionReset.into()),
            Error::Timeout(Timeout::RecvResponse),
            Error::Timeout(Timeout::PerCall),
            Error::Timeout(Timeout::PerRead),
        ] {
            assert_eq!(of(error, true), Verdict::retry());
        }
    }

    #[test]
    fn a_body_that_broke_off_is_worth_another_attempt() {
        for error in [Error::Io(ErrorKind::UnexpectedEof.into()), Error::BodyStalled] {
            assert_eq!(judge_body(&error, &Rules::new()), Verdict::retry());
        }
    }

    #[test]
    fn a_proxy_that_refuses_stops_and_one_that_is_busy_is_asked_again() {
        let of = |head: &str| judge_proxy("cut".into(), head.as_bytes(), &Rules::new());
        for status in [400, 401, 403, 404, 407] {
            let (verdict, error) = of(&format!("HTTP/1.1 {status} No\r\n\r\n"));
            assert_eq!(verdict, Verdict::Stop, "{status}");
            assert_eq!(error.to_string(), format!("CONNECT proxy failed: the proxy answered {status} No"));
        }
        for status in [408, 425, 500, 502, 503, 504, 301] {
            assert_eq!(of(&format!("HTTP/1.1 {status} X\r\n\r\n")).0, Verdict::retry().unsent(), "{status}");
        }
        let hinted = Verdict::retry().unsent().throttled().after(Duration::from_secs(3));
        assert_eq!(of("HTTP/1.1 429 X\r\nRetry-After: 3\r\n\r\n").0, hinted);
        assert_eq!(of("").0, Verdict::retry().unsent());
    }

    #[test]
    fn a_fatal_alert_stops_whatever_the_library() {
        for text in ["received fatal alert: CertificateRequired", "tlsv13 alert certificate required"] {
            assert_eq!(of(Error::Io(io::Error::other(text)), true), Verdict::Stop, "{text}");
        }
        assert_eq!(of(Error::Io(io::Error::other("unexpected EOF")), false), Verdict::retry().unsent());
    }

    #[test]
    fn what_will_fail_again_is_not_tried_again() {
        for error in [
            Error::BadUri("x".into()),
            Error::TooManyRedirects,
            Error::RedirectFailed,
            Error::RequireHttpsOnly("x".into()),
            Error::Tls("x"),
            Error::BodyExceedsLimit(1),
            Error::LargeResponseHeader(2, 1),
            Error::StatusCode(404),
            Error::Io(io::Error::new(ErrorKind::InvalidData, "bad certificate")),
            Error::Io(io::Error::new(ErrorKind::NotConnected, "Agent is shut down")),
            Error::Other("x".into()),
        ] {
            assert_eq!(of(error, true), Verdict::Stop);
        }
    }
}

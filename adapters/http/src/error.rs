//! Reads errors of HTTP clients: whether anything was sent, and whether another attempt is worth it.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::iter::successors;

use insist_core::{Sent, Verdict};

/// An error as anyone passes it on, with its type erased.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Judges an error by itself and its sources: retry, with what is known of whether anything was sent, or stop.
///
/// - An `io::Error` stops if the same would happen again (invalid data, such as a bad certificate; invalid input; no
///   permission; not supported), and is retried otherwise. A refused connection was not sent.
/// - With the feature `hyper`, an error of hyper-util's client that failed to connect was not sent, nor was a request
///   that hyper hands back as cancelled, nor what HTTP/2 says was not processed: `REFUSED_STREAM`, and a `GOAWAY`
///   without an error (RFC 9113, sections 6.8 and 8.7). hyper's own complaints about the request or the answer stop.
///   A proxy that asks for a password stops; any other failed `CONNECT` is retried.
/// - What is not known is retried, and was perhaps sent.
///
/// A client that follows redirects says so by `.sent(Sent::Maybe)`: after one, the request has arrived somewhere, even
/// if the last connection could not be opened.
///
/// ```
/// use std::io::{Error, ErrorKind};
///
/// use insist_http::{Verdict, judge_error};
///
/// let error = |kind: ErrorKind| Error::from(kind);
/// assert_eq!(judge_error(&error(ErrorKind::ConnectionReset)), Verdict::retry());
/// assert_eq!(judge_error(&error(ErrorKind::ConnectionRefused)), Verdict::retry().unsent());
/// assert_eq!(judge_error(&error(ErrorKind::InvalidData)), Verdict::Stop);
/// ```
#[must_use]
pub fn judge_error(error: &(dyn Error + 'static)) -> Verdict {
    let mut seen = Seen::default();
    for cause in successors(Some(error), |cause: &&(dyn Error + 'static)| (*cause).source()) {
        if seen.look_at(cause) {
            break;
        }
    }
    seen.verdict()
}

/// Collects what an error and its sources say together, from the outside inwards.
#[derive(Default)]
struct Seen {
    sent: Sent,
    is_connect: bool,
    is_throttled: bool,
    is_permanent: bool,
}

impl Seen {
    /// Looks at one error. Returns true if what is inside it says no more.
    fn look_at(&mut self, error: &(dyn Error + 'static)) -> bool {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return self.io(error);
        }
        if error.is::<http::Error>() {
            self.is_permanent = true;
            return true;
        }
        #[cfg(feature = "hyper")]
        if let Some(is_known) = self.hyper(error) {
            return is_known;
        }
        if self.is_connect && is_hopeless(error) {
            self.is_permanent = true;
            return true;
        }
        false
    }

    fn io(&mut self, error: &io::Error) -> bool {
        match error.kind() {
            ErrorKind::InvalidInput | ErrorKind::InvalidData | ErrorKind::PermissionDenied | ErrorKind::Unsupported => {
                self.is_permanent = true;
                true
            }
            ErrorKind::ConnectionRefused => {
                self.sent = Sent::No;
                true
            }
            // It may wrap an error of another kind, also one of hyper's.
            _ => {
                if let Some(inner) = error.get_ref() {
                    self.look_at(inner);
                }
                false
            }
        }
    }

    #[cfg(feature = "hyper")]
    fn hyper(&mut self, error: &(dyn Error + 'static)) -> Option<bool> {
        use h2::Reason;

        if let Some(error) = error.downcast_ref::<hyper_util::client::legacy::Error>() {
            if error.is_connect() {
                (self.sent, self.is_connect) = (Sent::No, true);
            }
            return Some(false);
        }
        if let Some(error) = error.downcast_ref::<hyper::Error>() {
            // hyper gives a request that it has not written back.
            if error.is_canceled() {
                self.sent = Sent::No;
            }
            self.is_permanent |= error.is_parse() || error.is_user();
            return Some(self.is_permanent);
        }
        let error = error.downcast_ref::<h2::Error>()?;
        let reason = error.reason();
        let is_unprocessed = error.is_remote()
            && ((error.is_go_away() && reason == Some(Reason::NO_ERROR))
                || (error.is_reset() && reason == Some(Reason::REFUSED_STREAM)));
        if is_unprocessed {
            self.sent = Sent::No;
        }
        self.is_throttled |= reason == Some(Reason::ENHANCE_YOUR_CALM);
        self.is_permanent |= reason.is_some_and(|reason| {
            !matches!(
                reason,
                Reason::NO_ERROR
                    | Reason::INTERNAL_ERROR
                    | Reason::REFUSED_STREAM
                    | Reason::CANCEL
                    | Reason::CONNECT_ERROR
                    | Reason::ENHANCE_YOUR_CALM
            )
        });
        Some(reason.is_some())
    }

    const fn verdict(&self) -> Verdict {
        if self.is_permanent {
            return Verdict::Stop;
        }
        let verdict = Verdict::retry().sent(self.sent);
        if self.is_throttled { verdict.throttled() } else { verdict }
    }
}

/// Returns whether a connection that could not be opened will not open a moment later either.
///
/// The types of these errors are private to hyper-util or differ between TLS libraries, so their text tells.
fn is_hopeless(error: &(dyn Error + 'static)) -> bool {
    let text = error.to_string().to_ascii_lowercase();
    text.contains("certificate") || text.contains("proxy authorization required")
}

/// An error whose sources can be looked at: any [`Error`], or a [`BoxError`].
///
/// `How` tells the two apart, since a box of errors is no error itself; it is inferred.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be judged as an error of HTTP",
    note = "it has to be a `std::error::Error`, or a `Box<dyn Error + Send + Sync>`"
)]
pub trait AsError<How> {
    /// Returns it as an error.
    fn as_error(&self) -> &(dyn Error + 'static);
}

/// The `How` of [`AsError`] for errors.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum ByItself {}

/// The `How` of [`AsError`] for boxes of errors.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum InItsBox {}

impl<E: Error + 'static> AsError<ByItself> for E {
    #[inline]
    fn as_error(&self) -> &(dyn Error + 'static) {
        self
    }
}

impl AsError<InItsBox> for BoxError {
    #[inline]
    fn as_error(&self) -> &(dyn Error + 'static) {
        &**self
    }
}

#[cfg(test)]
mod tests;

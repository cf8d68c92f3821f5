//! What a call came to: its exit status, and why it was not what was wanted.

use http::header::CONTENT_TYPE;
use http::{Response, StatusCode};
use insist_core::Reason;
use insist_core::duration::Text;
use insist_ureq::insisting::Report;
use insist_ureq::{Body, Error};

use super::Get;
use super::download::{Download, Downloaded, ErrorPages, Trouble, is_broken};
use super::status::{self, of_error};

/// Tells what a call came to.
pub(super) struct Concluded {
    /// The exit status.
    pub(super) exit: u8,
    /// Says why it gave up, if it did.
    pub(super) gave_up: Option<String>,
    /// Holds what became of its last answer, if that is not what was wanted.
    pub(super) last: Option<String>,
    pub(super) status: Option<u16>,
    pub(super) content_type: String,
    /// Says how the body of an accepted answer broke off, after its attempt.
    pub(super) broken: Option<String>,
    /// The output has the whole body.
    pub(super) is_complete: bool,
    /// Nothing was sent.
    pub(super) is_unsent: bool,
    pub(super) downloaded: Downloaded,
}

impl Get {
    /// Concludes what a call came to, and reads what is still to be read of its answer.
    pub(super) fn conclude(
        &self,
        result: Result<Response<Body>, Error>,
        report: Option<&Report>,
        download: &Download,
    ) -> Concluded {
        let gave_up = report.and_then(why);
        let (mut exit, mut last, mut broken, mut is_complete) = (0, None, None, false);
        let (mut status, mut content_type) = (None, String::new());
        match result {
            Ok(answer) => {
                let (code, is_accepted) = (answer.status(), gave_up.is_none());
                status = Some(code.as_u16());
                let kind = answer
                    .headers()
                    .get(CONTENT_TYPE)
                    .map(|kind| String::from_utf8_lossy(kind.as_bytes()).into_owned());
                content_type = kind.unwrap_or_default();
                let read = if is_accepted { Ok(()) } else { download.receive_last(answer) };
                is_complete = read.is_ok();
                if let Err(error) = read {
                    let text = self.shown(&error);
                    exit = if is_broken(&error) { status::BROKEN } else { of_error(&error, report) };
                    last = Some(text);
                }
                if !is_accepted {
                    let is_refused = report.is_some_and(|report| report.reason == Some(Reason::Refused));
                    exit = if is_refused { status::REFUSED } else { status::STATUS };
                }
            }
            Err(error) => {
                exit = if is_broken(&error) { status::BROKEN } else { of_error(&error, report) };
                last = Some(self.shown(&error));
                // The head was accepted before.
                broken = last.clone().filter(|_| gave_up.is_none());
            }
        }
        let downloaded = download.end();
        match downloaded.trouble {
            Trouble::None => {}
            Trouble::Broken => exit = status::BROKEN,
            Trouble::TooLarge => exit = status::TOO_LARGE,
            Trouble::Write => exit = status::WRITE,
            Trouble::ReaderLeft => exit = 0,
        }
        let is_error = status.is_some_and(|status| status >= 400);
        if exit == 0 && is_error && (downloaded.is_withheld || self.error_pages() != ErrorPages::ToStreams) {
            exit = status::STATUS;
            let reason = status.and_then(|status| StatusCode::from_u16(status).ok()?.canonical_reason());
            let reason = reason.map(|reason| format!(" {reason}")).unwrap_or_default();
            last = Some(format!("the status is {}{reason}", status.unwrap_or_default()));
        }
        is_complete &= !downloaded.is_withheld && downloaded.trouble == Trouble::None;
        let is_unsent = report.is_some_and(|report| report.attempts == 0);
        Concluded { is_unsent, exit, gave_up, last, status, content_type, broken, is_complete, downloaded }
    }

    /// Returns what becomes of error pages.
    pub(super) const fn error_pages(&self) -> ErrorPages {
        match (self.fail, self.fail_with_body) {
            (true, _) => ErrorPages::Nowhere,
            (_, true) => ErrorPages::Everywhere,
            _ => ErrorPages::ToStreams,
        }
    }
}

impl Concluded {
    /// Returns the status of the last answer, also of one whose body broke off.
    pub(super) fn last_status(&self) -> Option<u16> {
        let is_broken = self.exit == status::BROKEN || self.has_own_words();
        self.status.or(self.downloaded.status.filter(|_| is_broken))
    }

    /// Returns whether what became of the body says all.
    pub(super) const fn has_own_words(&self) -> bool {
        matches!(self.downloaded.trouble, Trouble::Broken | Trouble::TooLarge | Trouble::Write)
    }
}

/// Returns why a call gave up, if it did: the reason, with the wait or the gate that caused it.
fn why(report: &Report) -> Option<String> {
    let reason = report.reason?;
    let about = match report.refusal {
        Some(refusal) => Some(refusal.to_string()),
        None => report.hint.map(|hint| Text(hint).to_string()),
    };
    Some(about.map_or_else(|| reason.to_string(), |about| format!("{reason} ({about})")))
}

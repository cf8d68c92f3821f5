//! The events and the report of a call, and a slot for the report.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ureq::http::Response;
use ureq::{Body, Error, Timeout};

/// A decision of a call, as it is made, with the answer or the error that it was made from.
///
/// Printed, it is a line of a log: `20ms: attempt 1 ended: retry (io: connection refused); next in 70ms`. See
/// [`Insist::notify`](crate::Insist::notify).
pub type Event<'a, T = Response<Body>, E = Error> = insist_core::Event<'a, T, E>;

/// The report of a finished call: why it ended, how often and when it was sent, and the [`Detail`] of each attempt.
///
/// With [`with_report`](crate::Insist::with_report) it is in the response's extensions:
/// `response.extensions().get::<Report>()`. Errors have no extensions; a [`ReportSlot`] gets it in any case. Printed,
/// it is a sentence and a line for each attempt, with times from the start of the call.
pub type Report<D = Detail> = insist_core::Report<D>;

/// The detail of an attempt: where it was sent, and how it ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Detail {
    /// The address that it was sent to. Redirects that were followed are not recorded.
    pub target: String,
    /// The status of its answer, if there was one.
    pub status: Option<u16>,
    /// Its error, if there was one.
    pub error: Option<String>,
    /// The timeout that it exceeded, if it did: `PerCall` is the policy's attempt timeout, `Global` its deadline.
    pub timeout: Option<Timeout>,
}

/// Prints the address, and the status or the error: `http://one.example/, status 503`.
impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.target)?;
        if let Some(status) = self.status {
            write!(f, ", status {status}")?;
        }
        match &self.error {
            Some(error) => write!(f, ", {error}"),
            None => Ok(()),
        }
    }
}

/// A slot for the report of a call, also of one that fails. Clones share it.
///
/// ```no_run
/// use insist_ureq::{Insist, insisting::ReportSlot};
///
/// fn fetch(slot: &ReportSlot) -> Result<String, insist_ureq::Error> {
///     insist_ureq::get("http://example.com/").report_to(slot).call()?.body_mut().read_to_string()
/// }
///
/// let slot = ReportSlot::new();
/// let result = fetch(&slot);
/// if let Some(report) = slot.take() {
///     eprint!("{report}"); // a sentence, and one line for each attempt
/// }
/// # let _ = result;
/// ```
#[derive(Clone, Debug, Default)]
pub struct ReportSlot(Arc<Mutex<Option<Report>>>);

impl ReportSlot {
    /// Makes an empty slot.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the report out, if a call has ended since it was last taken.
    #[must_use]
    pub fn take(&self) -> Option<Report> {
        self.lock().take()
    }

    /// Copies the report.
    #[must_use]
    pub fn get(&self) -> Option<Report> {
        self.lock().clone()
    }

    pub(crate) fn put(&self, report: Report) {
        *self.lock() = Some(report);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Report>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

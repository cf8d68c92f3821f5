//! Names ureq's types for the settings, events and reports of insist-http.

use ureq::http::Response;
use ureq::{Body, Error, Timeout};

/// ureq, as settings and reports name it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Ureq {}

impl insist_http::client::Client for Ureq {
    type Answer = Response<Body>;
    type Error = Error;
    type Timeout = Timeout;
}

/// The settings of calls. What a request's settings leave out is the agent's, and then the default.
///
/// ```
/// use insist_ureq::insisting::{Policy, Rules, Settings};
/// use std::time::Duration;
///
/// let eventually = Settings::new()
///     .policy(Policy::constant(Duration::from_millis(200)).attempts(10))
///     .rules(Rules::new().retry_status(404));
/// ```
pub type Settings = insist_http::client::Settings<Ureq>;

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

/// The detail of an attempt: where it was sent, and how it ended. Of its timeouts, `PerCall` is the policy's attempt
/// timeout, and `Global` its deadline.
pub type Detail = insist_http::client::Detail<Timeout>;

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
pub type ReportSlot = insist_http::client::ReportSlot<Ureq>;

//! Names reqwest's types for the settings, events and reports of insist-http.

use reqwest::{Error, Response};

/// reqwest, as settings and reports name it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Reqwest {}

impl insist_http::client::Client for Reqwest {
    type Answer = Response;
    type Error = Error;
    type Timeout = ();
}

/// The settings of calls. What a request's settings leave out is the client's, and then the default.
///
/// ```
/// use insist_reqwest::insisting::{Policy, Rules, Settings};
/// use std::time::Duration;
///
/// let eventually = Settings::new()
///     .policy(Policy::constant(Duration::from_millis(200)).attempts(10))
///     .rules(Rules::new().retry_status(404));
/// ```
pub type Settings = insist_http::client::Settings<Reqwest>;

/// A decision of a call, as it is made, with the response or the error that it was made from.
///
/// Printed, it is a line of a log: `20ms: attempt 1 ended: retry (error sending request …); next in 70ms`. See
/// [`Insist::notify`](crate::Insist::notify).
pub type Event<'a> = insist_core::Event<'a, Response, Error>;

/// The detail of an attempt: where it was sent, and how it ended. Its timeout is `Some(())` if it took too long.
pub type Detail = insist_http::client::Detail<()>;

/// The report of a finished call: why it ended, how often and when it was sent, and the [`Detail`] of each attempt.
///
/// With [`with_report`](crate::Insist::with_report) it is in the response's extensions:
/// `response.extensions().get::<Report>()`. Errors have no extensions; a [`ReportSlot`] gets it in any case. Printed,
/// it is a sentence and a line for each attempt, with times from the start of the call.
pub type Report<D = Detail> = insist_core::Report<D>;

/// A slot for the report of a call, also of one that fails. Clones share it.
///
/// ```no_run
/// use insist_reqwest::{Insist, insisting::ReportSlot};
///
/// # async fn example() {
/// let slot = ReportSlot::new();
/// let result = insist_reqwest::Client::new().get("http://example.com/").report_to(&slot).send().await;
/// if let Some(report) = slot.take() {
///     eprint!("{report}"); // a sentence, and one line for each attempt
/// }
/// # let _ = result;
/// # }
/// ```
pub type ReportSlot = insist_http::client::ReportSlot<Reqwest>;

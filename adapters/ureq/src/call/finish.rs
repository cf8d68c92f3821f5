//! Turns the end of a call into a result of ureq's.

use insist_core::{NoOutcome, Policy, Reason};
use insist_http::AddressesError;
use insist_http::client::GaveUp;
use ureq::http::{Response, StatusCode};
use ureq::{Body, Error, Timeout};

use super::outcome::{Failed, Outcome};
use super::response_body::{UNWANTED_TIME, drain};
use crate::client::{Report, Settings};
use crate::transport::{Scope, Terms};

/// Turns the end of a call into the result that ureq would have returned.
pub(super) fn finish(
    outcome: Outcome,
    report: Option<Report>,
    settings: &Settings,
    policy: &Policy,
    hides_answers: bool,
) -> Result<Response<Body>, Error> {
    let result = match outcome {
        Ok(ended) => ended.result,
        Err(Failed::Attempt(ended)) => ended.result,
        Err(Failed::Call(none)) => Err(without_outcome(&none, policy)),
    };
    if let Some(report) = &report {
        settings.tell(report);
    }
    let mut answer = result?;
    if let Some(report) = report {
        answer.extensions_mut().insert(report);
    }
    match hidden(answer.status(), hides_answers) {
        Some(error) => {
            let scope = Scope::enter(Terms::NONE);
            scope.shorten(UNWANTED_TIME);
            drain(answer);
            Err(error)
        }
        None => Ok(answer),
    }
}

/// Makes the error of a call in which no attempt had an outcome.
fn without_outcome(none: &NoOutcome, policy: &Policy) -> Error {
    match none.reason() {
        Reason::Deadline => Error::Timeout(Timeout::Global),
        Reason::Refused if none.attempts() == 0 => {
            other(none.refusal().map_or(GaveUp::Because(Reason::Refused), GaveUp::Refused))
        }
        Reason::Attempts | Reason::Backoff | Reason::Refused => Error::Timeout(Timeout::PerCall),
        Reason::Invalid => other(policy.validate().err().map_or(GaveUp::Lanes(insist_blocking::LANES), GaveUp::Policy)),
        reason => other(GaveUp::Because(reason)),
    }
}

/// Returns the error that takes the place of an answer with this status, if one does.
#[inline]
pub(super) fn hidden(status: StatusCode, hides_answers: bool) -> Option<Error> {
    let is_hidden = hides_answers && (status.is_client_error() || status.is_server_error());
    is_hidden.then(|| Error::StatusCode(status.as_u16()))
}

pub(super) fn bad_address(error: AddressesError) -> Error {
    Error::BadUri(error.to_string())
}

pub(super) fn other(gave_up: GaveUp) -> Error {
    Error::Other(Box::new(gave_up))
}

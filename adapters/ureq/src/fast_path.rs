//! The fast path: sends the first attempt of a call without the driver, if it has no time limit, no hook and no gate,
//! and its request no body.
//!
//! Nearly all such calls end with their first attempt; the driver takes over only if it is to be retried.

use std::mem;
use std::sync::Arc;

use ureq::http::{Method, Request, Response};
use ureq::{Body, Error, SendBody};

use crate::agent::Core;
use crate::call;
use crate::request_copy::RequestCopy;
use crate::sender::{Outcome, Sender, has_extensions};
use crate::transport::Scope;

/// Returns whether the first attempt of a request's call may be sent without the driver.
#[inline(always)]
pub(crate) fn is_simple(core: &Core, request: &Request<SendBody<'_>>) -> bool {
    core.is_simple && !has_extensions(request.extensions()) && is_plain(request.method())
}

/// Returns whether requests with this method have no body, and ureq follows all of their redirects.
#[inline(always)]
fn is_plain(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE | Method::CONNECT)
}

/// Continues the call after its first attempt, and replaces that attempt's result by the call's.
#[cold]
#[inline(never)]
pub(crate) fn go_on(core: &Arc<Core>, kept: RequestCopy, scope: Scope, result: &mut Result<Response<Body>, Error>) {
    let ended = mem::replace(result, Err(Error::ConnectionFailed));
    let (sender, parts) = (Sender::simple(core), kept.into_parts());
    let outcome: Outcome = sender.conclude(1, &scope, parts.method == Method::HEAD, ended);
    drop(scope);
    *result = call::go_on(sender, parts, outcome);
}

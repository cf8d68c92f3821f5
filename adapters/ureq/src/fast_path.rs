//! The fast path: sends the first attempt of a call without the driver, if it has no time limit, no hook and no gate.
//!
//! Nearly all such calls end with their first attempt; the driver takes over only if it is to be retried.

use std::mem;
use std::sync::Arc;

use ureq::http::{Method, Request, Response};
use ureq::{Body, Error, SendBody};

use crate::agent::Core;
use crate::call;
use crate::payload::Payload;
use crate::redirect;
use crate::request_copy::RequestCopy;
use crate::sender::{First, Outcome, Sender, has_extensions};
use crate::transport::{Copy, Scope, Terms};

/// Returns whether the first attempt of a request's call may be sent without the driver.
#[inline(always)]
pub(crate) fn is_simple(core: &Core, request: &Request<SendBody<'_>>) -> bool {
    core.is_simple && !has_extensions(request.extensions())
}

/// Returns whether requests with this method have no body, and ureq follows all of their redirects.
#[inline(always)]
pub(crate) fn is_plain(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE | Method::CONNECT)
}

/// Begins an attempt whose body is learned from what it writes.
pub(crate) fn begin_with_body(core: &Core, method: &Method) -> Scope {
    Copy::begin(core.config.settings().get_replay_limit());
    let keeps_redirect = redirect::is_ours(method) && core.plain.config().max_redirects() > 0;
    Scope::enter(Terms {
        keeps_redirect,
        keeps_method: keeps_redirect && redirect::keeps_method(method),
        is_copied: true,
        ..Terms::NONE
    })
}

/// Continues the call after its first attempt, and replaces that attempt's result by the call's. The body is none, or
/// that which was sent.
#[cold]
#[inline(never)]
pub(crate) fn go_on(
    core: &Arc<Core>,
    kept: RequestCopy,
    body: Option<SendBody<'_>>,
    scope: Scope,
    result: &mut Result<Response<Body>, Error>,
) {
    let answer = mem::replace(result, Err(Error::ConnectionFailed));
    let (sender, mut parts) = (Sender::simple(core), kept.into_parts());
    let mut payload = body.map_or(Payload::None, Payload::Unread);
    let first = First {
        id: 1,
        attempt: None,
        target: None,
        redirects: sender.redirects(&parts.method),
        is_head: parts.method == Method::HEAD,
    };
    let outcome: Outcome = sender.complete(&first, &scope, &mut parts, &mut payload, answer);
    drop(scope);
    *result = call::go_on(sender, parts, payload, outcome);
}

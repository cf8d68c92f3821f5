//! The fast path: sends the first attempt of a call without the driver, if it has one lane, no hook and no gate.
//!
//! Nearly all such calls end with their first attempt; the driver takes over only if it is to be retried.

use std::mem;
use std::sync::Arc;
use std::time::Instant;

use ureq::http::{Extensions, Method, Request, Response};
use ureq::{Body, Error, SendBody};

use super::attempt::{First, Sender};
use super::core::{Core, Limits};
use super::drive;
use super::outcome::Outcome;
use super::redirect;
use super::request_body::Payload;
use super::request_copy::RequestCopy;
use super::request_settings::RequestSettings;
use crate::probe::{has_extensions, may_be_marked};
use crate::transport::{Copy, Limit, Scope, Terms};

/// Holds what the first attempt leaves for those after it.
pub(crate) struct Kept<'a> {
    pub(crate) request: RequestCopy,
    /// The body, if there may be one.
    pub(crate) body: Option<SendBody<'a>>,
    /// The extensions of a request that has some of its own.
    pub(crate) own: Option<Extensions>,
    pub(crate) started: Option<Instant>,
}

/// Returns whether the first attempt of a request's call may be sent without the driver.
#[inline(always)]
pub(crate) fn is_simple(core: &Core, request: &Request<SendBody<'_>>) -> bool {
    core.is_simple && (!has_extensions(request.extensions()) || request.extensions().get::<RequestSettings>().is_none())
}

/// Returns whether a request has no body, and ureq follows all of its redirects.
#[inline(always)]
pub(crate) fn is_plain<B>(request: &Request<B>, is_configured: bool) -> bool {
    !may_be_marked(request.extensions(), is_configured)
        && matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE | Method::CONNECT)
}

/// Returns the terms of a first attempt, and the instant of its start if that matters.
#[inline(always)]
pub(crate) fn terms(core: &Core) -> (Terms, Option<Instant>) {
    let Limits { timeout, deadline } = Limits::of(core.settings.get_policy());
    let Some(timeout) = timeout else { return (Terms::NONE, None) };
    let started = Instant::now();
    let deadline = deadline.and_then(|deadline| started.checked_add(deadline));
    (Terms { limit: Limit::new(started, timeout, deadline), ..Terms::NONE }, Some(started))
}

/// Changes the terms of an attempt so that its body is learned from what it writes.
pub(crate) fn with_body(core: &Core, method: &Method, is_own: bool, terms: Terms) -> Terms {
    Copy::begin(core.settings.get_replay_limit());
    let keeps_redirect = redirect::is_ours(method) && core.plain.config().max_redirects() > 0;
    Terms {
        is_agents_config: !is_own,
        keeps_redirect,
        keeps_method: keeps_redirect && !is_own && redirect::keeps_method(method),
        is_copied: true,
        ..terms
    }
}

/// Continues the call after its first attempt, and replaces that attempt's result by the call's.
#[cold]
#[inline(never)]
pub(crate) fn go_on(core: &Arc<Core>, kept: Kept<'_>, scope: Scope, result: &mut Result<Response<Body>, Error>) {
    let mut call_config = core.call_config;
    let mut parts = kept.request.into_parts();
    let is_own = kept.own.is_some();
    if let Some(own) = kept.own {
        match drive::config_of(core, &own) {
            Some(config) => call_config = config,
            // ureq refuses the configuration, and its own error says why.
            None => return,
        }
        parts.extensions = own;
    }
    let answer = mem::replace(result, Err(Error::ConnectionFailed));
    let sender = Sender::after(core, !is_own, kept.started, call_config.global);
    let mut payload = kept.body.map_or(Payload::None, Payload::Unread);
    let first = First {
        id: 1,
        attempt: None,
        target: None,
        redirects: sender.redirects(&parts.method),
        is_head: parts.method == Method::HEAD,
    };
    let outcome: Outcome = sender.complete(&first, &scope, &mut parts, &mut payload, answer);
    drop(scope);
    *result = drive::go_on(sender, parts, payload, outcome, call_config.hides_answers);
}

//! The one middleware of an agent's front: turns each request into a call.

use std::sync::Arc;

use ureq::http::header::{ACCEPT_ENCODING, RANGE};
use ureq::http::{Extensions, HeaderMap, HeaderValue, Method, Request, Response};
use ureq::middleware::{Middleware, MiddlewareNext};
use ureq::{AsSendBody, Body, Error, SendBody};

use super::core::Core;
use super::drive;
use super::fast_path::{Kept, go_on, is_plain, is_simple, terms, with_body};
use super::finish::hidden;
use super::request_copy::RequestCopy;
use super::response_body::{UNWANTED_TIME, drain, is_bodiless, without_body};
use crate::probe::has_extensions;
use crate::transport::{Scope, Terms};

/// Turns each request into a call. It never calls the next middleware, because another agent sends the attempts.
pub(crate) struct CallMiddleware(pub(crate) Arc<Core>);

impl Middleware for CallMiddleware {
    fn handle(&self, mut request: Request<SendBody<'_>>, _: MiddlewareNext<'_>) -> Result<Response<Body>, Error> {
        let core = &self.0;
        if !request.headers().is_empty() {
            ask_for_identity(request.headers_mut());
        }
        if !is_simple(core, &request) {
            return drive::run(core, request);
        }
        // All in one function, because each function that is handed a request or a result copies 200 to 400 bytes.
        let is_head = *request.method() == Method::HEAD;
        let copy = RequestCopy::of(&request);
        let (terms, started) = terms(core);
        let own = has_extensions(request.extensions()).then(|| request.extensions().clone());
        let is_own = own.is_some();
        if is_own {
            keep_answers(core, request.extensions_mut());
        }
        let is_plain = is_plain(&request, is_own);
        let (scope, mut result, parts, mut body);
        if is_plain {
            (parts, body) = request.into_parts();
            scope = Scope::enter(Terms { is_agents_config: !is_own, ..terms });
            result = core.plain.run(Request::from_parts(parts, ()));
        } else {
            scope = Scope::enter(with_body(core, request.method(), is_own, terms));
            (parts, body) = request.into_parts();
            result = core.plain.run(Request::from_parts(parts, body.as_body()));
        }
        if let Ok(answer) = &result {
            let status = answer.status();
            // What an error is to a request of its own is found out when there is one.
            let hidden = hidden(status, core.call_config.hides_answers || is_own);
            if core.settings.get_rules().is_always_accepted(status) && !(is_own && hidden.is_some()) {
                if let Some(error) = hidden {
                    hide(&scope, &mut result, error);
                } else if is_head || is_bodiless(status) {
                    result = result.map(without_body);
                }
                return result;
            }
        }
        let kept = Kept { request: copy, body: (!is_plain).then_some(body), own, started };
        go_on(core, kept, scope, &mut result);
        result
    }
}

/// Makes the configuration among these extensions, or that of the agent if there is none, one in which no answer is an error.
#[inline(never)]
fn keep_answers(core: &Core, extensions: &mut Extensions) {
    let mut request = Request::new(());
    *request.extensions_mut() = std::mem::take(extensions);
    let request = core.plain.configure_request(request).http_status_as_error(false).build();
    *extensions = request.into_parts().0.extensions;
}

/// Puts an error in the place of an answer, whose connection can be used again.
#[cold]
#[inline(never)]
fn hide(scope: &Scope, result: &mut Result<Response<Body>, Error>, error: Error) {
    scope.shorten(UNWANTED_TIME);
    if let Ok(answer) = std::mem::replace(result, Err(error)) {
        drain(answer);
    }
}

/// Asks for a range as it is, not for one of a form that was encoded on the way: it could not be decoded.
fn ask_for_identity(headers: &mut HeaderMap) {
    if headers.contains_key(RANGE) && !headers.contains_key(ACCEPT_ENCODING) {
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    }
}

//! The one middleware of an agent's front: turns each request into a call.

use std::sync::Arc;

use ureq::http::header::{ACCEPT_ENCODING, RANGE};
use ureq::http::{HeaderMap, HeaderValue, Method, Request, Response};
use ureq::middleware::{Middleware, MiddlewareNext};
use ureq::{Body, Error, SendBody};

use crate::agent::Core;
use crate::answer::{UNWANTED_TIME, drain, is_bodiless, without_body};
use crate::call::{self, hidden};
use crate::fast_path::{go_on, is_simple};
use crate::request_copy::RequestCopy;
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
            return call::run(core, request);
        }
        // All in one function, because each function that is handed a request or a result copies 200 to 400 bytes.
        let is_head = *request.method() == Method::HEAD;
        let kept = RequestCopy::of(&request);
        // There is no body: ureq marks a request with a body in its extensions, and this one has no mark.
        let (parts, _) = request.into_parts();
        let scope = Scope::enter(Terms::NONE);
        let mut result = core.plain.run(Request::from_parts(parts, ()));
        match &result {
            Ok(answer) if core.config.settings().get_rules().is_always_accepted(answer.status()) => {
                if let Some(error) = hidden(answer.status(), core.hides_answers) {
                    hide(&scope, &mut result, error);
                } else if is_head || is_bodiless(answer.status()) {
                    result = result.map(without_body);
                }
            }
            _ => go_on(core, kept, scope, &mut result),
        }
        result
    }
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

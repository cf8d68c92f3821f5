//! The one middleware of an agent's front: turns each request into a call.

use std::sync::Arc;

use ureq::http::{Request, Response};
use ureq::middleware::{Middleware, MiddlewareNext};
use ureq::{Body, Error, SendBody};

use crate::agent::Core;
use crate::call::{self, hidden};
use crate::fast_path::{go_on, is_simple};
use crate::request_copy::RequestCopy;
use crate::transport::{Scope, Terms};

/// Turns each request into a call. It never calls the next middleware, because another agent sends the attempts.
pub(crate) struct CallMiddleware(pub(crate) Arc<Core>);

impl Middleware for CallMiddleware {
    fn handle(&self, request: Request<SendBody<'_>>, _: MiddlewareNext<'_>) -> Result<Response<Body>, Error> {
        let core = &self.0;
        if !is_simple(core, &request) {
            return call::run(core, request);
        }
        // All in one function, because each function that is handed a request or a result copies 200 to 400 bytes.
        let kept = RequestCopy::of(&request);
        // There is no body: ureq marks a request with a body in its extensions, and this one has no mark.
        let (parts, _) = request.into_parts();
        let scope = Scope::enter(Terms::NONE);
        let mut result = core.plain.run(Request::from_parts(parts, ()));
        match &result {
            Ok(answer) if core.config.settings().get_rules().is_always_accepted(answer.status()) => {
                if let Some(error) = hidden(answer.status(), core.hides_answers) {
                    result = Err(error);
                }
            }
            _ => go_on(core, kept, scope, &mut result),
        }
        result
    }
}

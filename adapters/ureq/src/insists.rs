//! The one middleware of an agent's front: it makes a call of each request.

use std::sync::Arc;

use ureq::http::{Request, Response};
use ureq::middleware::{Middleware, MiddlewareNext};
use ureq::{Body, Error, SendBody};

use crate::agent::Core;
use crate::call::{self, hidden};
use crate::first::{go_on, is_simple};
use crate::kept::Kept;
use crate::transport::{Scope, Terms};

/// Makes a call of each request. It never goes on: attempts are sent by another agent.
pub(crate) struct Insists(pub(crate) Arc<Core>);

impl Middleware for Insists {
    fn handle(&self, request: Request<SendBody<'_>>, _: MiddlewareNext<'_>) -> Result<Response<Body>, Error> {
        let core = &self.0;
        if !is_simple(core, &request) {
            return call::run(core, request);
        }
        // All in one function: a request or a result that is handed on is copied, 200 to 400 bytes each time.
        let kept = Kept::of(&request);
        // Its body is none: ureq marks a request that has one, so that it has more.
        let (parts, _) = request.into_parts();
        let scope = Scope::enter(Terms::NONE);
        let mut result = core.plain.run(Request::from_parts(parts, ()));
        match &result {
            Ok(answer) if !core.config.settings().get_rules().is_retried(answer.status()) => {
                if let Some(error) = hidden(answer.status(), core.hides_answers) {
                    result = Err(error);
                }
            }
            _ => go_on(core, kept, scope, &mut result),
        }
        result
    }
}

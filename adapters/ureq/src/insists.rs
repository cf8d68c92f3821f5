//! The one middleware of an agent's front: it makes a call of each request.

use std::sync::Arc;

use ureq::http::{Request, Response};
use ureq::middleware::{Middleware, MiddlewareNext};
use ureq::{Body, Error, SendBody};

use crate::agent::Core;
use crate::call;
use crate::first::{first, keep};

/// Makes a call of each request. It never goes on: attempts are sent by another agent.
pub(crate) struct Insists(pub(crate) Arc<Core>);

impl Middleware for Insists {
    fn handle(&self, request: Request<SendBody<'_>>, _: MiddlewareNext<'_>) -> Result<Response<Body>, Error> {
        match keep(&self.0, &request) {
            Some(kept) => first(&self.0, kept, request),
            None => call::run(&self.0, request),
        }
    }
}

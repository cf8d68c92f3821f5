//! The first attempt of a call that no time bounds, nobody looks at, and whose request has no body.
//!
//! Nearly all such calls end with it. So it is sent without the driver, which takes over only if it is to be retried.

use std::mem;
use std::sync::Arc;

use ureq::http::{Request, Response};
use ureq::{Body, Error, SendBody};

use crate::agent::Core;
use crate::call::{self, may_have_body};
use crate::kept::Kept;
use crate::sender::{Outcome, Sender, has_more};
use crate::transport::Scope;

/// Whether the first attempt of a request's call may be sent without the driver.
#[inline(always)]
pub(crate) fn is_simple(core: &Core, request: &Request<SendBody<'_>>) -> bool {
    core.is_simple && !has_more(request.extensions()) && !may_have_body(request.method())
}

/// Goes on after a first attempt that ended like this, and puts what the call ends with in its place.
#[cold]
#[inline(never)]
pub(crate) fn go_on(core: &Arc<Core>, kept: Kept, scope: Scope, result: &mut Result<Response<Body>, Error>) {
    let ended = mem::replace(result, Err(Error::ConnectionFailed));
    let outcome: Outcome = Sender::simple(core).conclude(1, &scope, ended);
    drop(scope);
    *result = call::go_on(core, kept.into_parts(), outcome);
}

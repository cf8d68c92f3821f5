//! The first attempt of a call that no time bounds, nobody looks at, and whose request has no body.
//!
//! Nearly all such calls end with it. So it is sent without the driver, which takes over only if it is to be retried.

use std::sync::Arc;

use ureq::http::{Request, Response};
use ureq::{Body, Error, SendBody};

use crate::agent::Core;
use crate::call::{go_on, hidden, may_have_body};
use crate::kept::Kept;
use crate::sender::{Outcome, Sender, has_more};
use crate::transport::{Scope, Terms};

/// What is kept of a request whose call may begin with [`first`].
#[inline]
pub(crate) fn keep(core: &Core, request: &Request<SendBody<'_>>) -> Option<Kept> {
    let is_simple = core.is_simple && !has_more(request.extensions()) && !may_have_body(request.method());
    is_simple.then(|| Kept::of(request))
}

/// Makes the call of a request that was [kept](keep).
// Apart from what looks at the request, so that it is handed on and not copied.
#[inline(never)]
pub(crate) fn first(core: &Arc<Core>, kept: Kept, request: Request<SendBody<'_>>) -> Result<Response<Body>, Error> {
    let scope = Scope::enter(Terms::NONE);
    let mut result = core.plain.run(request);
    match &result {
        Ok(answer) if !core.config.settings().get_rules().is_retried(answer.status()) => {
            if let Some(error) = hidden(answer.status(), core.hides_answers) {
                result = Err(error);
            }
        }
        _ => result = second(core, kept, scope, result),
    }
    result
}

/// Goes on after a first attempt that ended like this.
#[cold]
fn second(
    core: &Arc<Core>,
    kept: Kept,
    scope: Scope,
    ended: Result<Response<Body>, Error>,
) -> Result<Response<Body>, Error> {
    let outcome: Outcome = Sender::simple(core).conclude(1, &scope, ended);
    drop(scope);
    go_on(core, kept.into_parts(), outcome)
}

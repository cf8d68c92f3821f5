//! Makes one call: its first attempt without more ado where that is all that most calls need, and everything else.

use std::sync::Arc;
use std::time::Duration;

use insist_core::Verdict;
use insist_tokio::{Instant, Timer as _, TokioTimer};
use reqwest::{Error, Method, Request, Response, Url, Version};
use tower_service::Service as _;

use crate::attempt::conclude;
use crate::client::Core;
use crate::drive::{Call, First, go_on};
use crate::redirects::Watching;
use crate::settings::Settings;

/// Makes the call of a request, with settings of its own if there are any.
#[inline]
pub(crate) async fn execute(
    plain: reqwest::Client,
    request: Request,
    core: Arc<Core>,
    own: Option<Arc<Settings>>,
) -> Result<Response, Error> {
    let is_simple = own.is_none() && core.is_simple;
    let spare = if is_simple { Spare::of(&request) } else { None };
    let Some(spare) = spare else {
        return go_on(Call { plain, request, core, own, first: None }).await;
    };
    let started = total_timeout(&request, &core).map(|total| (TokioTimer.now(), total));
    let (result, was_redirected) = Watching::new((&plain).call(request)).await;
    let rules = core.settings.get_rules();
    if let Ok(answer) = &result {
        if rules.judge_by_system_clock(answer.status(), answer.headers()) == Verdict::Accept {
            return result;
        }
    }
    let ended = conclude(result, was_redirected || !core.sees_redirects, rules);
    go_on(Call { plain, request: spare.into_request(), core, own, first: Some(First { ended, started }) }).await
}

/// A copy of a request, for the attempts after the first.
enum Spare {
    /// Of one without headers and body, which is the cheapest to copy.
    Bare(Method, Url, Version),
    Whole(Request),
}

impl Spare {
    /// Copies a request; `None` if it has a body that streams.
    #[inline]
    fn of(request: &Request) -> Option<Self> {
        if request.headers().is_empty() && request.body().is_none() && request.timeout().is_none() {
            return Some(Self::Bare(request.method().clone(), request.url().clone(), request.version()));
        }
        request.try_clone().map(Self::Whole)
    }

    fn into_request(self) -> Request {
        match self {
            Self::Bare(method, url, version) => {
                let mut request = Request::new(method, url);
                *request.version_mut() = version;
                request
            }
            Self::Whole(request) => request,
        }
    }
}

/// Returns the total timeout of a request: its own, or the client's.
pub(crate) fn total_timeout(request: &Request, core: &Core) -> Option<Duration> {
    request.timeout().copied().or(core.total_timeout)
}

/// The instant at which a call's total timeout began, and how long it is.
pub(crate) type Started = (Instant, Duration);

//! A middleware for reqwest-middleware, in the place of reqwest-retry's.

use http::{Extensions, Uri};
use insist_core::{Event, NoOutcome, Numbered, Reason, Repeat, Verdict, fresh_seed};
use insist_http::Replay;
use insist_http::client::{GaveUp, Targets};
use insist_tokio::{Attempt, race, retry};
use reqwest::{Body, Request, Response, Url};
use reqwest_middleware::{Error, Middleware, Next, Result};

use crate::answer::drained;
use crate::error::LANES;
use crate::judge::judge;
use crate::settings::{Detail, Reqwest, Settings};

/// Makes the requests of a `reqwest_middleware::ClientWithMiddleware` insist, in the place of reqwest-retry's
/// `RetryTransientMiddleware`.
///
/// It is asked once a call, and the middlewares after it once an attempt. Each attempt has a copy of the extensions, and
/// those of the attempt that ended the call go back. What it does not know is what [`InsistExt`](crate::InsistExt) does not
/// know either. It does not hear [`notify`](crate::Insist::notify), for its errors are not reqwest's; reports are made.
///
/// ```no_run
/// use insist_reqwest::insisting::{InsistMiddleware, Settings};
/// use reqwest_middleware::ClientBuilder;
///
/// let client = ClientBuilder::new(reqwest::Client::new()).with(InsistMiddleware::new(Settings::new())).build();
/// ```
#[derive(Clone, Debug)]
pub struct InsistMiddleware(Settings);

impl InsistMiddleware {
    /// Makes a middleware with these settings.
    pub const fn new(settings: Settings) -> Self {
        Self(settings)
    }
}

impl Default for InsistMiddleware {
    fn default() -> Self {
        Self::new(Settings::new())
    }
}

/// The failure of an attempt, or of a call without any.
enum Failed {
    Attempt(Ended),
    Call(NoOutcome),
}

impl From<NoOutcome> for Failed {
    fn from(none: NoOutcome) -> Self {
        Self::Call(none)
    }
}

type Outcome = std::result::Result<Ended, Failed>;

fn ended(outcome: &Outcome) -> Option<&Ended> {
    match outcome {
        Ok(ended) | Err(Failed::Attempt(ended)) => Some(ended),
        Err(Failed::Call(_)) => None,
    }
}

/// The end of an attempt, with its extensions and what is concluded from it.
struct Ended {
    attempt: u32,
    result: Result<Response>,
    extensions: Extensions,
    verdict: Verdict,
}

#[async_trait::async_trait]
impl Middleware for InsistMiddleware {
    async fn handle(&self, mut request: Request, extensions: &mut Extensions, next: Next<'_>) -> Result<Response> {
        let settings = &self.0;
        let mut policy = *settings.get_policy();
        if let Err(error) = settings.get_rules().validate() {
            return Err(Error::middleware(GaveUp::Rules(error)));
        }
        let uri = if settings.looks_at_address() { request.url().as_str().parse() } else { Ok(Uri::default()) };
        let Ok(uri) = uri else { return next.run(request, extensions).await };
        settings.add_key(request.headers_mut());
        let wanted = settings.get_repeat();
        let repeat = wanted.unwrap_or_else(|| settings.get_rules().repeat(request.method(), request.headers()));
        let is_stream = request.body().is_some_and(|body| body.as_bytes().is_none());
        let streamed = if is_stream { request.body_mut().take() } else { None };
        let replay = streamed.map(|body| Replay::new(body, settings.get_replay_limit()));
        let fits = replay.as_ref().is_none_or(Replay::fits);
        if policy.get_lanes() > 1 && !(fits && repeat == Repeat::Always) {
            policy = policy.lanes(1);
        }
        let seed = settings.get_seed().or_else(|| settings.has_set().then(fresh_seed));
        let targets = Targets::new(settings, &uri, seed.unwrap_or(0)).map_err(Error::middleware)?;
        let gates = settings.gates(&uri);
        let outer = extensions.clone();
        let last = policy.get_attempts();
        let operation = |attempt: Attempt| {
            let request = prepared(settings, &request, replay.as_ref(), &targets, &attempt);
            let (next, mut own) = (next.clone(), outer.clone());
            Box::pin(async move {
                let Some(request) = request else { unreachable!("the request of a call has no body that streams") };
                let mut result = next.run(request, &mut own).await;
                let verdict = self.judge(&result);
                if let (Ok(answer), Verdict::Retry(_), true) = (&mut result, verdict, last != Some(attempt.id)) {
                    let whole = std::mem::replace(answer, Response::from(http::Response::new("")));
                    *answer = Box::pin(drained(whole)).await;
                }
                let ended = Ended { attempt: attempt.id, result, extensions: own, verdict };
                if ended.result.is_ok() { Ok(ended) } else { Err(Failed::Attempt(ended)) }
            })
        };
        let judge = Numbered(|attempt, outcome: &Outcome| {
            let Some(ended) = ended(outcome) else { return Verdict::Stop };
            gates.judged(ended.result.as_ref().ok().map(Response::status));
            let can_be_sent_again = replay.as_ref().is_none_or(Replay::can_be_replayed);
            let is_last = matches!(ended.verdict, Verdict::Retry(_)) && !can_be_sent_again;
            targets.judged(attempt, if is_last { Verdict::Stop } else { ended.verdict })
        });
        let (outcome, report) = if policy.get_lanes() == 1 && !targets.looks() && !settings.wants_report() {
            let mut call = retry(&policy, operation).judge_with(judge).repeat(repeat).gate(&gates);
            if let Some(seed) = seed {
                call = call.seed(seed);
            }
            (call.call().await, None)
        } else {
            let hook = |event: &Event<'_, Ended, Failed>| targets.see(event);
            let mut call = race(&policy, operation).judge_with(judge).repeat(repeat).gate(&gates).notify(hook);
            if let Some(seed) = seed {
                call = call.seed(seed);
            }
            let (ending, mut report) = call.report_with(|outcome| detail(&targets, outcome)).await;
            targets.complete::<Reqwest>(&mut report);
            let outcome = ending.or_else(|gave_up| match gave_up.split() {
                (Some(last), _) => last,
                (None, none) => Err(Failed::Call(none)),
            });
            (outcome, settings.wants_report().then_some(report))
        };
        let result = match outcome {
            Ok(ended) | Err(Failed::Attempt(ended)) => {
                *extensions = ended.extensions;
                ended.result
            }
            Err(Failed::Call(none)) => Err(without_outcome(none)),
        };
        let Some(report) = report else { return result };
        settings.tell(&report);
        result.map(|mut answer| {
            answer.extensions_mut().insert(report);
            answer
        })
    }
}

impl InsistMiddleware {
    fn judge(&self, result: &Result<Response>) -> Verdict {
        let rules = self.0.get_rules();
        match result {
            Ok(answer) => rules.judge_by_system_clock(answer.status(), answer.headers()),
            // Redirects are not seen.
            Err(Error::Reqwest(error)) => judge(error, true, rules),
            Err(Error::Middleware(_)) => Verdict::Stop,
        }
    }
}

/// Makes the error of a call in which no attempt had an outcome.
fn without_outcome(none: NoOutcome) -> Error {
    match (none.invalid(), none.reason()) {
        (Some(error), _) => Error::middleware(GaveUp::Policy(error)),
        (None, Reason::Invalid) => Error::middleware(GaveUp::Lanes(LANES)),
        _ => Error::middleware(std::io::Error::from(none)),
    }
}

/// Makes the request of an attempt.
fn prepared(
    settings: &Settings,
    request: &Request,
    replay: Option<&Replay<Body>>,
    targets: &Targets,
    attempt: &Attempt,
) -> Option<Request> {
    let mut request = request.try_clone()?;
    if let Some(replay) = replay {
        *request.body_mut() = Some(Body::wrap(replay.clone()));
    }
    if let Some(url) = targets.route().target(attempt.id).and_then(|uri| Url::parse(&uri.to_string()).ok()) {
        *request.url_mut() = url;
    }
    settings.add_marks(request.headers_mut(), attempt);
    Some(request)
}

fn detail(targets: &Targets, outcome: &Outcome) -> Detail {
    let Some(ended) = ended(outcome) else { return Detail::default() };
    let mut detail: Detail = targets.detail(ended.attempt);
    match &ended.result {
        Ok(answer) => detail.status = Some(answer.status().as_u16()),
        Err(error) => detail.error = Some(error.to_string()),
    }
    detail
}

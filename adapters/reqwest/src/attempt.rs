//! Attempts: what each is sent, and what is concluded from its end.

use std::error;
use std::fmt;
use std::future::pending;
use std::iter::successors;
use std::time::Duration;

use insist_core::{NoOutcome, Verdict};
use insist_http::client::Route;
use insist_http::{Replay, Rules};
use insist_tokio::{Attempt, Instant, Timer as _, TokioTimer};
use reqwest::{Body, Error, Request, Response, Url};

use crate::answer::{drained, with_whole_body};
use crate::judge::judge;
use crate::redirects::Watching;
use crate::settings::Settings;

/// The end of an attempt, and what is concluded from it.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Its number; 1 until it is known.
    pub(crate) attempt: u32,
    pub(crate) result: Result<Response, Error>,
    pub(crate) verdict: Verdict,
}

/// The failure of an attempt, or of a call without any.
#[derive(Debug)]
pub(crate) enum Failed {
    Attempt(Ended),
    Call(NoOutcome),
}

/// For spans.
impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attempt(Ended { result: Err(error), .. }) => f.write_str(&sentence(error)),
            Self::Attempt(_) => Ok(()),
            Self::Call(none) => none.fmt(f),
        }
    }
}

impl From<NoOutcome> for Failed {
    fn from(none: NoOutcome) -> Self {
        Self::Call(none)
    }
}

pub(crate) type Outcome = Result<Ended, Failed>;

pub(crate) fn outcome(ended: Ended) -> Outcome {
    if ended.result.is_ok() { Ok(ended) } else { Err(Failed::Attempt(ended)) }
}

pub(crate) fn ended(outcome: &Outcome) -> Option<&Ended> {
    match outcome {
        Ok(ended) | Err(Failed::Attempt(ended)) => Some(ended),
        Err(Failed::Call(_)) => None,
    }
}

/// Writes an error as one line: the innermost of its sources, which says most, and which has no address in it.
pub(crate) fn sentence(error: &Error) -> String {
    let source = error::Error::source(error);
    let innermost = successors(source, |error: &&(dyn error::Error + 'static)| (*error).source()).last();
    innermost.map_or_else(|| error.to_string(), ToString::to_string)
}

/// Concludes a verdict from the end of an attempt.
pub(crate) fn conclude(result: Result<Response, Error>, was_redirected: bool, rules: &Rules) -> Ended {
    let verdict = match &result {
        Ok(answer) => rules.judge_by_system_clock(answer.status(), answer.headers()),
        Err(error) => judge(error, was_redirected, rules),
    };
    Ended { attempt: 1, result, verdict }
}

/// Sends the attempts of a call.
pub(crate) struct Sender<'a> {
    pub(crate) plain: &'a reqwest::Client,
    pub(crate) settings: &'a Settings,
    pub(crate) sees_redirects: bool,
    pub(crate) request: &'a Request,
    pub(crate) replay: Option<&'a Replay<Body>>,
    pub(crate) route: &'a Route,
    /// The end of the call's time, which bounds the reading of a body too.
    pub(crate) deadline: Option<Instant>,
    /// The number of the last attempt, if the policy says it.
    pub(crate) last: Option<u32>,
}

/// Sets how much later than the call's deadline an attempt's own timeout is, so that the deadline is always first.
const GRACE: Duration = Duration::from_millis(2);

impl Sender<'_> {
    /// Makes the request of an attempt.
    fn request(&self, attempt: &Attempt) -> Option<Request> {
        let mut request = self.request.try_clone()?;
        if let Some(replay) = self.replay {
            *request.body_mut() = Some(Body::wrap(replay.clone()));
        }
        if let Some(url) = self.route.target(attempt.id).and_then(|uri| Url::parse(&uri.to_string()).ok()) {
            *request.url_mut() = url;
        }
        self.settings.add_marks(request.headers_mut(), attempt);
        if let Some(deadline) = self.deadline {
            *request.timeout_mut() = Some(deadline.saturating_since(TokioTimer.now()) + GRACE);
        }
        Some(request)
    }

    /// Returns whether the call's time is over.
    fn is_over(&self) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= TokioTimer.now())
    }

    pub(crate) async fn send(&self, attempt: Attempt) -> Outcome {
        let Some(request) = self.request(&attempt) else {
            unreachable!("the request of a call has no body that streams")
        };
        let (result, was_redirected) = Watching::new(self.plain.execute(request)).await;
        if result.as_ref().is_err_and(Error::is_timeout) && self.is_over() {
            // The call's deadline ends it, in the same poll, with the outcome of an earlier attempt if there is one.
            return pending().await;
        }
        let rules = self.settings.get_rules();
        let mut ended = conclude(result, was_redirected || !self.sees_redirects, rules);
        ended.attempt = attempt.id;
        if let Ok(answer) = ended.result {
            ended.result = match (ended.verdict, self.settings.get_whole_body()) {
                (Verdict::Accept, Some(limit)) => Box::pin(with_whole_body(answer, limit)).await,
                (Verdict::Retry(_), _) if self.last != Some(attempt.id) => Ok(Box::pin(drained(answer)).await),
                _ => Ok(answer),
            };
            if ended.result.is_err() {
                // The body broke off, whatever its decoder says of it.
                ended.verdict = Verdict::retry();
            }
        }
        outcome(ended)
    }
}

//! Sends one attempt, and concludes something from what came of it.

use std::borrow::Borrow;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use insist_core::{Attempt, NoOutcome, Verdict};
use ureq::http::request::Parts;
use ureq::http::{Extensions, Request, Response, Uri};
use ureq::{Body, Error, Timeout};

use crate::agent::Core;
use crate::answer::{UNWANTED_TIME, read_unwanted, read_whole};
use crate::judge::{judge, judge_body};
use crate::payload::Payload;
use crate::settings::Settings;
use crate::transport::{Cancel, Scope, Terms};

/// What all attempts of a call have in common.
pub(crate) struct Sender<C, S> {
    pub(crate) core: C,
    pub(crate) settings: S,
    /// Whether the request has no configuration of its own.
    pub(crate) is_agents_config: bool,
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) deadline: Option<Duration>,
    /// When the first attempt was sent: no sooner than the call began, so that its time runs out no sooner either.
    pub(crate) started: OnceLock<Instant>,
}

/// What an attempt ended with, and what is concluded from it.
pub(crate) struct Ended {
    pub(crate) attempt: u32,
    pub(crate) verdict: Verdict,
    pub(crate) result: Result<Response<Body>, Error>,
}

/// An attempt that ended without an answer, or a call of which no attempt had an outcome.
pub(crate) enum Failed {
    /// Apart, so that an outcome is no larger than an answer.
    Attempt(Box<Ended>),
    Call(NoOutcome),
}

impl From<NoOutcome> for Failed {
    fn from(none: NoOutcome) -> Self {
        Self::Call(none)
    }
}

/// Prints the error of ureq's, or why there is none.
impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attempt(ended) => match &ended.result {
                Err(error) => error.fmt(f),
                Ok(answer) => answer.status().fmt(f),
            },
            Self::Call(none) => none.fmt(f),
        }
    }
}

/// What an attempt comes to: an answer or an error, each with its verdict.
pub(crate) type Outcome = Result<Ended, Failed>;

/// The end of the attempt that this is the outcome of.
pub(crate) fn ended(outcome: &Outcome) -> Option<&Ended> {
    match outcome {
        Ok(ended) => Some(ended),
        Err(Failed::Attempt(ended)) => Some(ended),
        Err(Failed::Call(_)) => None,
    }
}

impl<'a> Sender<&'a Arc<Core>, &'a Settings> {
    /// Of a call that the agent's configuration and settings say all of, and that no time bounds.
    pub(crate) fn simple(core: &'a Arc<Core>) -> Self {
        Self {
            core,
            settings: core.config.settings(),
            is_agents_config: true,
            attempt_timeout: None,
            deadline: None,
            started: OnceLock::new(),
        }
    }

    /// The same for attempts on other threads.
    pub(crate) fn for_threads(&self) -> Sender<Arc<Core>, Settings> {
        Sender {
            core: Arc::clone(self.core),
            settings: self.settings.clone(),
            is_agents_config: self.is_agents_config,
            attempt_timeout: self.attempt_timeout,
            deadline: self.deadline,
            started: OnceLock::new(),
        }
    }
}

impl<C: Borrow<Arc<Core>>, S: Borrow<Settings>> Sender<C, S> {
    /// Sends an attempt, to this target if not to the address of its request.
    #[inline]
    pub(crate) fn send(
        &self,
        attempt: &Attempt,
        mut parts: Parts,
        target: Option<Uri>,
        payload: &mut Payload<'_>,
        cancel: Option<Arc<Cancel>>,
    ) -> Outcome {
        if let Some(target) = target {
            parts.uri = target;
        }
        let scope = Scope::enter(Terms {
            timeout: attempt.timeout().map(|timeout| (timeout, self.reason(timeout))),
            is_agents_config: self.is_agents_config,
            cancel,
        });
        let plain = &self.core.borrow().plain;
        let answer = payload.with(|body| {
            let mut request = Request::from_parts(parts, body);
            if !self.is_agents_config || self.deadline.is_some() {
                let mut config = plain.configure_request(request).http_status_as_error(false);
                if let Some(deadline) = self.deadline {
                    // It bounds the reading of the body too, after this attempt.
                    let started = *self.started.get_or_init(Instant::now);
                    config = config.timeout_global(Some(deadline.saturating_sub(started.elapsed())));
                }
                request = config.build();
            }
            plain.run(request)
        });
        self.conclude(attempt.id, &scope, answer)
    }

    /// What an attempt that ended like this comes to, while its scope lasts.
    #[inline]
    pub(crate) fn conclude(&self, attempt: u32, scope: &Scope, answer: Result<Response<Body>, Error>) -> Outcome {
        let settings = self.settings.borrow();
        let rules = settings.get_rules();
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                let verdict = judge(&error, scope.is_sent(), rules);
                return failed(attempt, verdict, error);
            }
        };
        let verdict = rules.judge_by_system_clock(answer.status(), answer.headers());
        let answer = match verdict {
            Verdict::Retry(_) => {
                scope.shorten(UNWANTED_TIME);
                Ok(read_unwanted(answer))
            }
            _ => match settings.get_whole_body() {
                Some(limit) => read_whole(answer, limit),
                None => Ok(answer),
            },
        };
        match answer {
            Ok(answer) => Ok(Ended { attempt, verdict, result: Ok(answer) }),
            Err(error) => failed(attempt, judge_body(&error, rules), error),
        }
    }

    /// What an attempt that takes longer than this has exceeded: the call's time, or its own.
    fn reason(&self, timeout: Duration) -> Timeout {
        if self.attempt_timeout.is_some_and(|own| timeout >= own) { Timeout::PerCall } else { Timeout::Global }
    }
}

fn failed(attempt: u32, verdict: Verdict, error: Error) -> Outcome {
    Err(Failed::Attempt(Box::new(Ended { attempt, verdict, result: Err(error) })))
}

/// The same request once more. Its extensions are copied only if there are any but ureq's own, which ureq sets anew.
#[inline]
pub(crate) fn again(parts: &mut Parts) -> Parts {
    if has_more(&parts.extensions) {
        return parts.clone();
    }
    let extensions = std::mem::take(&mut parts.extensions);
    let mut copy = parts.clone();
    copy.extensions = extensions;
    copy
}

/// Whether a request carries more than the one thing that ureq puts into each: the agent that runs it.
pub(crate) fn has_more(extensions: &Extensions) -> bool {
    extensions.len() > 1
}

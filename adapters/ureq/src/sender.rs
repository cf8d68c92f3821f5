//! Sends one attempt, and judges its outcome.

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
use crate::receive::Receive;
use crate::settings::Settings;
use crate::transport::{Cancel, Scope, Terms};

/// The things that all attempts of a call have in common.
pub(crate) struct Sender<C, S> {
    pub(crate) core: C,
    pub(crate) settings: S,
    /// What reads accepted answers, if the call has one lane and asks for it.
    pub(crate) receive: Option<Arc<dyn Receive>>,
    /// True if the request has no configuration of its own.
    pub(crate) is_agents_config: bool,
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) deadline: Option<Duration>,
    /// The instant of the first send. The call began before it, so a deadline counted from here ends no sooner than the
    /// machine's.
    pub(crate) started: OnceLock<Instant>,
}

/// The end of an attempt: its result, and its verdict.
pub(crate) struct Ended {
    pub(crate) attempt: u32,
    pub(crate) verdict: Verdict,
    pub(crate) result: Result<Response<Body>, Error>,
}

/// The error of an attempt that ended without an answer, or of a call in which no attempt had an outcome.
pub(crate) enum Failed {
    /// Boxed, so that an outcome is no larger than an answer.
    Attempt(Box<Ended>),
    Call(NoOutcome),
}

impl From<NoOutcome> for Failed {
    fn from(none: NoOutcome) -> Self {
        Self::Call(none)
    }
}

/// Prints ureq's error, or why there is none.
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

/// The outcome of an attempt: an answer or an error, each with its verdict.
pub(crate) type Outcome = Result<Ended, Failed>;

/// Returns the end of the attempt with this outcome.
pub(crate) fn ended(outcome: &Outcome) -> Option<&Ended> {
    match outcome {
        Ok(ended) => Some(ended),
        Err(Failed::Attempt(ended)) => Some(ended),
        Err(Failed::Call(_)) => None,
    }
}

impl<'a> Sender<&'a Arc<Core>, &'a Settings> {
    /// Makes the sender of a call on the fast path: it has the agent's configuration and settings, and no time limit.
    pub(crate) fn simple(core: &'a Arc<Core>) -> Self {
        Self {
            core,
            settings: core.config.settings(),
            receive: None,
            is_agents_config: true,
            attempt_timeout: None,
            deadline: None,
            started: OnceLock::new(),
        }
    }

    /// Copies the sender for attempts on other threads.
    pub(crate) fn for_threads(&self) -> Sender<Arc<Core>, Settings> {
        Sender {
            core: Arc::clone(self.core),
            settings: self.settings.clone(),
            receive: None,
            is_agents_config: self.is_agents_config,
            attempt_timeout: self.attempt_timeout,
            deadline: self.deadline,
            started: OnceLock::new(),
        }
    }
}

impl<C: Borrow<Arc<Core>>, S: Borrow<Settings>> Sender<C, S> {
    /// Sends an attempt: to the target, or else to the address of its request.
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
        if let Some(receive) = &self.receive {
            receive.prepare(&mut parts);
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
                    // This timeout bounds the reading of the body too, after the attempt.
                    let started = *self.started.get_or_init(Instant::now);
                    config = config.timeout_global(Some(deadline.saturating_sub(started.elapsed())));
                }
                request = config.build();
            }
            plain.run(request)
        });
        self.conclude(attempt.id, &scope, answer)
    }

    /// Turns the result of an attempt into its outcome, inside the attempt's scope.
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
            _ => match (&self.receive, settings.get_whole_body()) {
                (Some(receive), _) => {
                    if !receive.is_timed() {
                        scope.lift();
                    }
                    receive.receive(answer)
                }
                (None, Some(limit)) => read_whole(answer, limit),
                (None, None) => Ok(answer),
            },
        };
        match answer {
            Ok(answer) => Ok(Ended { attempt, verdict, result: Ok(answer) }),
            Err(error) => failed(attempt, judge_body(&error, rules), error),
        }
    }

    /// Returns which limit an attempt exceeds that takes longer than this: the call's, or its own.
    fn reason(&self, timeout: Duration) -> Timeout {
        if self.attempt_timeout.is_some_and(|own| timeout >= own) { Timeout::PerCall } else { Timeout::Global }
    }
}

fn failed(attempt: u32, verdict: Verdict, error: Error) -> Outcome {
    Err(Failed::Attempt(Box::new(Ended { attempt, verdict, result: Err(error) })))
}

/// Copies a request. Its extensions are copied only if there are any but ureq's own, which ureq sets anew.
#[inline]
pub(crate) fn again(parts: &mut Parts) -> Parts {
    if has_extensions(&parts.extensions) {
        return parts.clone();
    }
    let extensions = std::mem::take(&mut parts.extensions);
    let mut copy = parts.clone();
    copy.extensions = extensions;
    copy
}

/// Returns whether a request has extensions besides the one that ureq adds to each: the agent that runs it.
pub(crate) fn has_extensions(extensions: &Extensions) -> bool {
    extensions.len() > 1
}

//! Sends one attempt, and judges its outcome.

use std::borrow::Borrow;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use insist_core::{Attempt, NoOutcome, Verdict};
use ureq::http::request::Parts;
use ureq::http::{Extensions, Method, Request, Response, Uri};
use ureq::{Body, Error, Timeout};

use crate::agent::Core;
use crate::answer::{UNWANTED_TIME, is_bodiless, read_unwanted, read_whole, without_body};
use crate::client::Settings;
use crate::judge::{judge, judge_body, judge_proxy};
use crate::payload::Payload;
use crate::redirect;
use crate::transport::{Cancel, Scope, Terms};

/// The things that all attempts of a call have in common.
pub(crate) struct Sender<C, S> {
    pub(crate) core: C,
    pub(crate) settings: S,
    /// True if the request has no configuration of its own.
    pub(crate) is_agents_config: bool,
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) deadline: Option<Duration>,
    /// The instant of the first send. The call began before it, so a deadline counted from here ends no sooner than the
    /// machine's.
    pub(crate) started: OnceLock<Instant>,
    /// True if the next attempt is to open a connection of its own.
    pub(crate) is_fresh: AtomicBool,
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
            is_agents_config: true,
            attempt_timeout: None,
            deadline: None,
            started: OnceLock::new(),
            is_fresh: AtomicBool::new(false),
        }
    }

    /// Copies the sender for attempts on other threads.
    pub(crate) fn for_threads(&self) -> Sender<Arc<Core>, Settings> {
        Sender {
            core: Arc::clone(self.core),
            settings: self.settings.clone(),
            is_agents_config: self.is_agents_config,
            attempt_timeout: self.attempt_timeout,
            deadline: self.deadline,
            started: OnceLock::new(),
            is_fresh: AtomicBool::new(false),
        }
    }
}

impl<C: Borrow<Arc<Core>>, S: Borrow<Settings>> Sender<C, S> {
    /// Sends an attempt: to the target, or else to the address of its request.
    #[inline]
    pub(crate) fn send(
        &self,
        attempt: &Attempt,
        parts: &mut Parts,
        target: Option<Uri>,
        payload: &mut Payload<'_>,
        cancel: Option<Arc<Cancel>>,
    ) -> Outcome {
        let mut copy = again(parts);
        if let Some(target) = &target {
            copy.uri = target.clone();
        }
        self.settings.borrow().add_marks(&mut copy.headers, attempt);
        let plain = &self.core.borrow().plain;
        let redirects = if redirect::is_ours(&copy.method) { plain.config().max_redirects() } else { 0 };
        let is_head = copy.method == Method::HEAD;
        let scope = Scope::enter(Terms {
            attempt: attempt.id,
            timeout: attempt.timeout().map(|timeout| (timeout, self.reason(timeout))),
            deadline: self.deadline.and_then(|deadline| self.started.get_or_init(Instant::now).checked_add(deadline)),
            is_agents_config: self.is_agents_config,
            is_fresh: self.is_fresh.load(Ordering::Relaxed),
            keeps_redirect: redirects > 0,
            keeps_method: redirects > 0 && self.is_agents_config && redirect::keeps_method(&copy.method),
            cancel,
        });
        let mut answer = self.run(copy, payload);
        if matches!(answer, Err(Error::RedirectFailed)) && payload.is_repeatable() {
            let mut next = again(parts);
            if let Some(target) = target {
                next.uri = target;
            }
            self.settings.borrow().add_marks(&mut next.headers, attempt);
            answer = self.follow(&scope, &mut next, payload, redirects);
        }
        self.conclude(attempt.id, &scope, is_head, answer)
    }

    fn run(&self, parts: Parts, payload: &mut Payload<'_>) -> Result<Response<Body>, Error> {
        let plain = &self.core.borrow().plain;
        payload.with(|body| {
            let request = Request::from_parts(parts, body);
            if self.is_agents_config {
                return plain.run(request);
            }
            plain.run(plain.configure_request(request).http_status_as_error(false).build())
        })
    }

    /// Follows redirects of a request with its method and its body.
    #[cold]
    fn follow(
        &self,
        scope: &Scope,
        parts: &mut Parts,
        payload: &mut Payload<'_>,
        redirects: u32,
    ) -> Result<Response<Body>, Error> {
        let auth = self.core.borrow().plain.config().redirect_auth_headers();
        for _ in 0..redirects {
            if !redirect::follow(parts, &scope.take_head(), auth) {
                return Err(Error::RedirectFailed);
            }
            scope.again();
            match self.run(again(parts), payload) {
                Err(Error::RedirectFailed) => {}
                answer => return answer,
            }
        }
        Err(Error::TooManyRedirects)
    }

    /// Turns the result of an attempt into its outcome, inside the attempt's scope.
    #[inline]
    pub(crate) fn conclude(
        &self,
        attempt: u32,
        scope: &Scope,
        is_head: bool,
        answer: Result<Response<Body>, Error>,
    ) -> Outcome {
        let settings = self.settings.borrow();
        let rules = settings.get_rules();
        let answer = match answer {
            Ok(answer) if is_head || is_bodiless(answer.status()) => without_body(answer),
            Ok(answer) => answer,
            Err(error) => {
                self.note(scope, &error);
                let (verdict, error) = match error {
                    Error::ConnectProxyFailed(reason) => judge_proxy(reason, &scope.take_head(), rules),
                    error => (judge(&error, scope.is_sent(), rules), error),
                };
                return failed(attempt, verdict, error);
            }
        };
        self.is_fresh.store(false, Ordering::Relaxed);
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
            Err(error) => {
                self.note(scope, &error);
                failed(attempt, judge_body(&error, rules), error)
            }
        }
    }

    /// Notes whether the next attempt is to open a connection of its own: after a failure on one from the pool (RFC 9112,
    /// section 9.3.1).
    fn note(&self, scope: &Scope, error: &Error) {
        let is_connections = matches!(error, Error::Io(_) | Error::Timeout(_) | Error::BodyStalled);
        self.is_fresh.store(is_connections && scope.is_reused(), Ordering::Relaxed);
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

//! Sends one attempt, and judges its outcome.

use std::borrow::Borrow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use insist_core::{Attempt, Sent, Verdict};
use ureq::http::request::Parts;
use ureq::http::{Method, Request, Response, Uri};
use ureq::{Body, Error, Timeout};

use super::core::Core;
use super::judge::{judge, judge_body, judge_proxy};
use super::outcome::{Ended, Failed, Outcome};
use super::receive::Receive;
use super::redirect;
use super::request_body::Payload;
use super::response_body::{UNWANTED_TIME, is_bodiless, read_unwanted, read_whole, without_body};
use crate::client::Settings;
use crate::probe::has_extensions;
use crate::transport::{Cancel, Copy, Limit, Scope, Terms};

/// The time beyond its timeout after which an attempt ends itself that another thread should have cancelled: 1 s.
const GRACE: Duration = Duration::from_secs(1);

/// The things that all attempts of a call have in common.
pub(crate) struct Sender<C, S> {
    pub(crate) core: C,
    pub(crate) settings: S,
    /// Reads accepted answers, if the call has one lane and asks for it.
    pub(crate) receive: Option<Arc<dyn Receive>>,
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

/// The first request of an attempt, before redirects.
pub(crate) struct First<'a> {
    /// The number of the attempt.
    pub(crate) id: u32,
    /// The attempt, if its headers are marked.
    pub(crate) attempt: Option<&'a Attempt>,
    /// Its address, if it is not that of the call's request.
    pub(crate) target: Option<Uri>,
    /// The number of redirects that may be followed with its method and body.
    pub(crate) redirects: u32,
    pub(crate) is_head: bool,
}

impl<'a> Sender<&'a Arc<Core>, &'a Settings> {
    /// Makes the sender of a call whose first attempt was made on the fast path. `started` is the instant of its start, if
    /// the policy has a limit; `global` is ureq's limit.
    pub(crate) fn after(
        core: &'a Arc<Core>,
        is_agents_config: bool,
        started: Option<Instant>,
        global: Option<Duration>,
    ) -> Self {
        let settings = &core.settings;
        let policy = settings.get_policy();
        Self {
            core,
            settings,
            receive: None,
            is_agents_config,
            attempt_timeout: policy.get_attempt_timeout(),
            deadline: policy.get_deadline().into_iter().chain(global).min(),
            started: started.map_or_else(OnceLock::new, OnceLock::from),
            is_fresh: AtomicBool::new(false),
        }
    }

    /// Makes the sender of a call with the same settings, whose attempts several threads may send.
    pub(crate) fn for_threads(&self, settings: Arc<Settings>) -> Arc<Sender<Arc<Core>, Arc<Settings>>> {
        Arc::new(Sender {
            core: Arc::clone(self.core),
            settings,
            receive: None,
            is_agents_config: self.is_agents_config,
            attempt_timeout: self.attempt_timeout,
            deadline: self.deadline,
            started: OnceLock::new(),
            is_fresh: AtomicBool::new(false),
        })
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
        if let Some(receive) = &self.receive {
            receive.prepare(&mut copy);
        }
        let redirects = self.redirects(&copy.method);
        let is_head = copy.method == Method::HEAD;
        if payload.is_unread() {
            Copy::begin(self.settings.borrow().get_replay_limit());
        }
        let grace = if cancel.is_some() { GRACE } else { Duration::ZERO };
        let scope = Scope::enter(Terms {
            attempt: attempt.id,
            limit: attempt.timeout().and_then(|timeout| {
                let now = Instant::now();
                let deadline =
                    self.deadline.and_then(|deadline| self.started.get_or_init(|| now).checked_add(deadline));
                Limit::new(now, (timeout.saturating_add(grace), self.reason(timeout)), deadline)
            }),
            is_agents_config: self.is_agents_config,
            is_fresh: self.is_fresh.load(Ordering::Relaxed),
            keeps_redirect: redirects > 0,
            keeps_method: redirects > 0 && self.is_agents_config && redirect::keeps_method(&copy.method),
            is_copied: payload.is_unread(),
            cancel,
        });
        let answer = self.run(copy, payload);
        let first = First { id: attempt.id, attempt: Some(attempt), target, redirects, is_head };
        self.complete(&first, &scope, parts, payload, answer)
    }

    /// Follows redirects that ureq does not, turns the result into an outcome, and learns what the body is if there may be
    /// another attempt.
    pub(crate) fn complete(
        &self,
        first: &First<'_>,
        scope: &Scope,
        parts: &mut Parts,
        payload: &mut Payload<'_>,
        mut answer: Result<Response<Body>, Error>,
    ) -> Outcome {
        let id = first.id;
        if matches!(answer, Err(Error::RedirectFailed)) && first.redirects > 0 {
            if let Err(error) = self.learn(payload, parts) {
                return failed(id, Verdict::Stop, error);
            }
            if payload.is_repeatable() {
                answer = self.follow(first, scope, parts, payload);
            }
        }
        let mut outcome = self.conclude(id, scope, first.is_head, answer);
        let ended = match &mut outcome {
            Ok(ended) => ended,
            Err(Failed::Attempt(ended)) => &mut **ended,
            Err(Failed::Call(_)) => return outcome,
        };
        if let Verdict::Retry(failure) = ended.verdict {
            if let Err(error) = self.learn(payload, parts) {
                return failed(id, Verdict::Stop, error);
            }
            if !payload.is_repeatable() && failure.sent != Sent::No {
                ended.verdict = Verdict::Stop;
                ended.is_spent = true;
            }
        }
        outcome
    }

    fn learn(&self, payload: &mut Payload<'_>, parts: &mut Parts) -> Result<(), Error> {
        if !payload.is_unread() {
            return Ok(());
        }
        payload.learn(Copy::take(), self.settings.borrow().get_replay_limit(), parts)
    }

    /// Returns how many redirects are followed here, and not by ureq.
    pub(crate) fn redirects(&self, method: &Method) -> u32 {
        if redirect::is_ours(method) { self.core.borrow().plain.config().max_redirects() } else { 0 }
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
        first: &First<'_>,
        scope: &Scope,
        parts: &mut Parts,
        payload: &mut Payload<'_>,
    ) -> Result<Response<Body>, Error> {
        let auth = self.core.borrow().plain.config().redirect_auth_headers();
        let mut next = again(parts);
        if let Some(target) = &first.target {
            next.uri = target.clone();
        }
        if let Some(attempt) = first.attempt {
            self.settings.borrow().add_marks(&mut next.headers, attempt);
        }
        if let Some(receive) = &self.receive {
            receive.prepare(&mut next);
        }
        for _ in 0..first.redirects {
            if !redirect::follow(&mut next, &scope.take_head(), auth) {
                return Err(Error::RedirectFailed);
            }
            scope.again();
            match self.run(again(&mut next), payload) {
                Err(Error::RedirectFailed) => {}
                answer => return answer,
            }
        }
        Err(Error::TooManyRedirects)
    }

    /// Turns the result of an attempt into its outcome, inside the attempt's scope.
    #[inline]
    fn conclude(&self, attempt: u32, scope: &Scope, is_head: bool, answer: Result<Response<Body>, Error>) -> Outcome {
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
            Ok(answer) => Ok(Ended { attempt, verdict, result: Ok(answer), is_spent: false }),
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
    Err(Failed::Attempt(Box::new(Ended { attempt, verdict, result: Err(error), is_spent: false })))
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

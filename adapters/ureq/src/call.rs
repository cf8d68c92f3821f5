//! One call: what it insists on is gathered, its attempts are made, and its result becomes one of ureq's.

use std::sync::{Arc, OnceLock};

use insist_blocking::{LiveAttempt, race, retry};
use insist_core::{Decision, Event, Instant, Judged, NoOutcome, Policy, Reason, Repeat, Verdict, fresh_seed};
use ureq::http::request::Parts;
use ureq::http::{Extensions, Method, Request, Response, StatusCode};
use ureq::{AsSendBody, Body, Error, SendBody, Timeout};

use crate::agent::Core;
use crate::asked::{Wishes, ask_config, ask_framing};
use crate::gates::Gates;
use crate::gave_up::GaveUp;
use crate::insist::Said;
use crate::payload::{Kept, Payload};
use crate::report::{self, Report};
use crate::sender::{Ended, Failed, Outcome, Sender, again, ended, has_more};
use crate::settings::Settings;
use crate::targets::Targets;
use crate::transport::Cancel;

/// A call that is being described, told to `tracing` if that feature is on.
macro_rules! traced {
    ($call:expr) => {{
        let call = $call;
        #[cfg(feature = "tracing")]
        let call = call.trace();
        call
    }};
}

/// Makes a call of a request that the agent was given.
pub(crate) fn run(core: &Arc<Core>, mut request: Request<SendBody<'_>>) -> Result<Response<Body>, Error> {
    let said = if has_more(request.extensions()) { request.extensions_mut().remove::<Said>() } else { None };
    let merged = said.map(|Said(said)| said.over(core.config.settings()));
    let settings = merged.as_ref().unwrap_or_else(|| core.config.settings());
    if let Err(error) = settings.get_rules().validate() {
        return Err(other(GaveUp::Rules(error)));
    }
    settings.get_addresses()?;

    let (mut parts, mut body) = request.into_parts();
    let has_more = has_more(&parts.extensions);
    let mut wishes = Wishes { hides_answers: core.hides_answers, global: core.global };
    let mut is_agents_config = true;
    if has_more {
        if let Some(extensions) = with_config(core, &parts.extensions) {
            let Some(own) = ask_config(extensions) else {
                // ureq refuses it, and is to say why.
                return core.plain.run(Request::from_parts(parts, body));
            };
            (wishes, is_agents_config) = (own, false);
        }
    }
    let mut payload = Payload::None;
    if has_more || may_have_body(&parts.method) {
        let Some(framing) = ask_framing(&parts.headers, body.as_body()) else {
            return core.plain.run(Request::from_parts(parts, body));
        };
        payload = Payload::read(body, framing, settings.get_replay(), &mut parts)?;
    }

    let mut policy = settings.get_policy();
    let changed;
    if let Some(global) = wishes.global {
        if global.is_zero() {
            return Err(Error::Timeout(Timeout::Global));
        }
        changed = policy.deadline(policy.get_deadline().map_or(global, |deadline| deadline.min(global)));
        policy = &changed;
    }
    // A set goes by the seed from the first attempt on.
    let seed = settings.get_seed().or_else(|| settings.has_set().then(fresh_seed));
    let targets = Targets::new(settings, &parts.uri, seed.unwrap_or(0))?;
    let sender = Sender {
        core,
        settings,
        is_agents_config,
        attempt_timeout: policy.get_attempt_timeout(),
        deadline: policy.get_deadline(),
        started: OnceLock::new(),
    };
    let said = settings.get_repeat().unwrap_or_else(|| settings.get_rules().repeat(&parts.method, &parts.headers));
    let repeat = if said == Repeat::Always && !payload.is_repeatable() { Repeat::IfUnsent } else { said };
    let gates = settings.gates(&parts.uri);
    let call = Call { policy, repeat, sender, targets, gates, seed };

    let (outcome, report) = if policy.get_lanes() > 1 {
        match payload.for_threads() {
            Some(kept) if repeat == Repeat::Always => call.in_a_race(parts, kept),
            _ => Call { policy: &policy.lanes(1), ..call }.one_by_one(&mut parts, &mut payload, None),
        }
    } else {
        call.one_by_one(&mut parts, &mut payload, None)
    };
    finish(outcome, report, settings, policy, wishes.hides_answers)
}

/// Goes on with a call whose first attempt was made without a driver, and is to be retried.
pub(crate) fn go_on(core: &Arc<Core>, mut parts: Parts, outcome: Outcome) -> Result<Response<Body>, Error> {
    let settings = core.config.settings();
    let call = Call {
        policy: settings.get_policy(),
        repeat: settings.get_repeat().unwrap_or_else(|| settings.get_rules().repeat(&parts.method, &parts.headers)),
        sender: Sender::simple(core),
        targets: Targets::new(settings, &parts.uri, 0)?,
        gates: settings.gates(&parts.uri),
        seed: settings.get_seed(),
    };
    let (outcome, report) = call.one_by_one(&mut parts, &mut Payload::None, Some(outcome));
    finish(outcome, report, settings, settings.get_policy(), core.hides_answers)
}

/// What a call goes by, apart from its request.
struct Call<'a> {
    policy: &'a Policy,
    repeat: Repeat,
    sender: Sender<&'a Arc<Core>, &'a Settings>,
    targets: Targets<'a>,
    gates: Gates<'a>,
    seed: Option<u64>,
}

impl Call<'_> {
    /// One lane: the attempts are made on this thread. The first of them may have been made already.
    fn one_by_one(
        &self,
        parts: &mut Parts,
        payload: &mut Payload<'_>,
        mut first: Option<Outcome>,
    ) -> (Outcome, Option<Report>) {
        let Self { sender, targets, .. } = self;
        let operation = |attempt: &LiveAttempt<'_>| match first.take() {
            Some(outcome) => outcome,
            None => sender.send(attempt, again(parts), targets.way().target(attempt.id), payload, None),
        };
        let mut call = retry(self.policy, operation).judge(verdict).repeat(self.repeat).gate(&self.gates);
        if let Some(seed) = self.seed {
            call = call.seed(seed);
        }
        let hook = |event: &Event<'_, Ended, Failed>| self.see(event);
        let detail = |outcome: &Outcome| targets.detail(outcome);
        match (sender.settings.wants_report(), sender.settings.hook.is_some() || targets.looks()) {
            (false, false) => (traced!(call).call(), None),
            (false, true) => (traced!(call.notify(hook)).call(), None),
            (true, false) => self.told(traced!(call).report_with(detail)),
            (true, true) => self.told(traced!(call.notify(hook)).report_with(detail)),
        }
    }

    /// Several lanes: the attempts are made on threads of their own, and those that lose are cancelled.
    fn in_a_race(&self, parts: Parts, kept: Option<Kept>) -> (Outcome, Option<Report>) {
        let (threads, way) = (self.sender.for_threads(), self.targets.way().clone());
        let mut call = race(self.policy, move |attempt| {
            let cancel = Arc::new(Cancel::default());
            attempt.on_cancel({
                let cancel = Arc::clone(&cancel);
                move || cancel.cancel()
            });
            let (target, mut payload) = (way.target(attempt.id), kept.clone().into());
            let mut outcome = threads.send(attempt, parts.clone(), target, &mut payload, Some(Arc::clone(&cancel)));
            if cancel.end() {
                // Nobody waits for it, and what looks like a peer that left is not to be retried.
                match &mut outcome {
                    Ok(ended) => ended.verdict = Verdict::Stop,
                    Err(Failed::Attempt(ended)) => ended.verdict = Verdict::Stop,
                    Err(Failed::Call(_)) => {}
                }
            }
            outcome
        })
        .judge(verdict)
        .gate(&self.gates)
        .notify(|event: &Event<'_, Ended, Failed>| self.see(event));
        if let Some(seed) = self.seed {
            call = call.seed(seed);
        }
        if self.sender.settings.wants_report() {
            self.told(traced!(call).report_with(|outcome| self.targets.detail(outcome)))
        } else {
            (traced!(call).call(), None)
        }
    }

    fn see(&self, event: &Event<'_, Ended, Failed>) {
        self.targets.see(event);
        if let Some(hook) = &self.sender.settings.hook {
            if let Some(event) = shown(event) {
                hook(&event);
            }
        }
    }

    fn told(
        &self,
        (result, mut report): (Result<Ended, insist_core::GaveUp<Failed, Ended>>, Report),
    ) -> (Outcome, Option<Report>) {
        self.targets.complete(&mut report);
        let outcome = result.or_else(|gave_up| match gave_up.split() {
            (Some(last), _) => last,
            (None, none) => Err(Failed::Call(none)),
        });
        (outcome, Some(report))
    }
}

fn verdict(outcome: &Outcome) -> Verdict {
    ended(outcome).map_or(Verdict::Stop, |ended| ended.verdict)
}

/// The event with ureq's own result in it, as users see it.
fn shown<'a>(event: &Event<'a, Ended, Failed>) -> Option<report::Event<'a>> {
    let decision = match event.decision {
        Decision::Action(action) => Decision::Action(action),
        Decision::Withdrawn(withdrawn) => Decision::Withdrawn(withdrawn),
        Decision::Judged(Judged { attempt, outcome, verdict, handled, .. }) => {
            let result = outcome.and_then(ended).map(|ended| &ended.result);
            Decision::Judged(Judged::new(attempt, result, verdict, handled))
        }
        _ => return None,
    };
    let started = event.at.saturating_since(Instant::ZERO).saturating_sub(event.elapsed);
    Some(Event::new(Instant::ZERO.checked_add(started)?, event.at, decision))
}

/// From how the call ended to what ureq would have returned.
fn finish(
    outcome: Outcome,
    report: Option<Report>,
    settings: &Settings,
    policy: &Policy,
    hides_answers: bool,
) -> Result<Response<Body>, Error> {
    let result = match outcome {
        Ok(ended) => ended.result,
        Err(Failed::Attempt(ended)) => ended.result,
        Err(Failed::Call(none)) => Err(without_outcome(&none, policy)),
    };
    if let (Some(report), Some(hook)) = (&report, &settings.report_hook) {
        hook(report);
    }
    if let (Some(report), Some(slot)) = (&report, &settings.slot) {
        slot.put(report.clone());
    }
    let mut answer = result?;
    if let Some(report) = report {
        answer.extensions_mut().insert(report);
    }
    match hidden(answer.status(), hides_answers) {
        Some(error) => Err(error),
        None => Ok(answer),
    }
}

/// The error of a call of which no attempt had an outcome.
fn without_outcome(none: &NoOutcome, policy: &Policy) -> Error {
    match none.reason() {
        Reason::Deadline => Error::Timeout(Timeout::Global),
        Reason::Refused if none.attempts() == 0 => {
            other(none.refusal().map_or(GaveUp::Because(Reason::Refused), GaveUp::Refused))
        }
        Reason::Attempts | Reason::Backoff | Reason::Refused => Error::Timeout(Timeout::PerCall),
        Reason::Invalid => other(GaveUp::Policy(policy.validate().err())),
        reason => other(GaveUp::Because(reason)),
    }
}

/// The error that the user gets instead of an answer with this status, if he does.
#[inline]
pub(crate) fn hidden(status: StatusCode, hides_answers: bool) -> Option<Error> {
    let is_hidden = hides_answers && (status.is_client_error() || status.is_server_error());
    is_hidden.then(|| Error::StatusCode(status.as_u16()))
}

fn other(gave_up: GaveUp) -> Error {
    Error::Other(Box::new(gave_up))
}

/// A copy of a request's extensions, if its own configuration is among them.
fn with_config(core: &Core, extensions: &Extensions) -> Option<Extensions> {
    let mut request = Request::new(());
    *request.extensions_mut() = extensions.clone();
    // ureq adds a configuration to a request that has none.
    let request = core.plain.configure_request(request).build();
    (request.extensions().len() == extensions.len()).then(|| request.into_parts().0.extensions)
}

/// Whether ureq's methods give such a request a body. The others have one only if the request says so.
pub(crate) fn may_have_body(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::DELETE | Method::TRACE | Method::CONNECT)
}

//! Makes one call: gathers its settings, drives its attempts, and turns its end into a result of ureq's.

use std::sync::{Arc, OnceLock};

use insist_blocking::{LiveAttempt, race, retry};
use insist_core::{Decision, Event, Instant, Judged, NoOutcome, Numbered, Policy, Reason, Repeat, Verdict, fresh_seed};
use ureq::http::request::Parts;
use ureq::http::{Extensions, Method, Request, Response, StatusCode};
use ureq::{AsSendBody, Body, Error, SendBody, Timeout};

use crate::agent::Core;
use crate::gates::Gates;
use crate::gave_up::GaveUp;
use crate::insist::RequestSettings;
use crate::payload::{Buffered, Payload};
use crate::probe::{CallConfig, probe_config, probe_framing};
use crate::receive;
use crate::report::{self, Report};
use crate::sender::{Ended, Failed, Outcome, Sender, again, ended, has_extensions};
use crate::settings::Settings;
use crate::targets::Targets;
use crate::transport::Cancel;

/// Adds `trace` and `metrics` to the builder of a call, if the features `tracing` and `metrics` are on.
macro_rules! seen {
    ($call:expr, $settings:expr) => {{
        let call = $call;
        #[cfg(feature = "tracing")]
        let call = call.trace();
        #[cfg(feature = "metrics")]
        let call = match $settings.metrics_name {
            Some(name) => call.metrics_as(name),
            None => call.metrics(),
        };
        call
    }};
}

/// Makes the call of a request.
pub(crate) fn run(core: &Arc<Core>, mut request: Request<SendBody<'_>>) -> Result<Response<Body>, Error> {
    let own =
        if has_extensions(request.extensions()) { request.extensions_mut().remove::<RequestSettings>() } else { None };
    let receive = if has_extensions(request.extensions()) { receive::take(request.extensions_mut()) } else { None };
    let merged = own.map(|RequestSettings(own)| own.over(core.config.settings()));
    let settings = merged.as_ref().unwrap_or_else(|| core.config.settings());
    if let Err(error) = settings.get_rules().validate() {
        return Err(other(GaveUp::Rules(error)));
    }
    settings.get_addresses()?;

    let (mut parts, mut body) = request.into_parts();
    let has_extensions = has_extensions(&parts.extensions);
    let mut call_config = CallConfig { hides_answers: core.hides_answers, global: core.global };
    let mut is_agents_config = true;
    if has_extensions {
        if let Some(extensions) = with_config(core, &parts.extensions) {
            let Some(own) = probe_config(extensions) else {
                // ureq refuses the configuration, and its own error says why.
                return core.plain.run(Request::from_parts(parts, body));
            };
            (call_config, is_agents_config) = (own, false);
        }
    }
    let mut payload = Payload::None;
    if has_extensions || may_have_body(&parts.method) {
        let Some(framing) = probe_framing(&parts.headers, body.as_body()) else {
            return core.plain.run(Request::from_parts(parts, body));
        };
        payload = Payload::read(body, framing, settings.get_replay(), &mut parts)?;
    }

    let mut policy = settings.get_policy();
    let changed;
    if let Some(global) = call_config.global {
        if global.is_zero() {
            return Err(Error::Timeout(Timeout::Global));
        }
        changed = policy.deadline(policy.get_deadline().map_or(global, |deadline| deadline.min(global)));
        policy = &changed;
    }
    // A replica set needs the seed for the first attempt already.
    let seed = settings.get_seed().or_else(|| settings.has_set().then(fresh_seed));
    let targets = Targets::new(settings, &parts.uri, seed.unwrap_or(0))?;
    let receives = receive.is_some();
    let sender = Sender {
        core,
        settings,
        receive,
        is_agents_config,
        attempt_timeout: policy.get_attempt_timeout(),
        deadline: policy.get_deadline(),
        started: OnceLock::new(),
    };
    let asked_repeat =
        settings.get_repeat().unwrap_or_else(|| settings.get_rules().repeat(&parts.method, &parts.headers));
    let is_once = asked_repeat == Repeat::Always && !payload.is_repeatable();
    let repeat = if is_once { Repeat::IfUnsent } else { asked_repeat };
    let gates = settings.gates(&parts.uri);
    let call = Call { policy, repeat, sender, targets, gates, seed };

    let (outcome, report) = if policy.get_lanes() > 1 {
        match payload.for_threads().filter(|_| !receives) {
            Some(kept) if repeat == Repeat::Always => call.in_a_race(parts, kept),
            _ => Call { policy: &policy.lanes(1), ..call }.one_by_one(&mut parts, &mut payload, None),
        }
    } else {
        call.one_by_one(&mut parts, &mut payload, None)
    };
    finish(outcome, report, settings, policy, call_config.hides_answers)
}

/// Continues a call whose first attempt was made on the fast path, and is to be retried.
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

/// The settings and the state of a call, without its request.
struct Call<'a> {
    policy: &'a Policy,
    repeat: Repeat,
    sender: Sender<&'a Arc<Core>, &'a Settings>,
    targets: Targets<'a>,
    gates: Gates<'a>,
    seed: Option<u64>,
}

impl Call<'_> {
    /// Makes a call with one lane, on this thread. Its first attempt may have been made already.
    fn one_by_one(
        &self,
        parts: &mut Parts,
        payload: &mut Payload<'_>,
        mut first: Option<Outcome>,
    ) -> (Outcome, Option<Report>) {
        let Self { sender, targets, .. } = self;
        let operation = |attempt: &LiveAttempt<'_>| match first.take() {
            Some(outcome) => outcome,
            None => sender.send(attempt, again(parts), targets.route().target(attempt.id), payload, None),
        };
        let judge = Numbered(|attempt, outcome: &Outcome| targets.judged(attempt, verdict(outcome)));
        let mut call = retry(self.policy, operation).judge_with(judge).repeat(self.repeat).gate(&self.gates);
        if let Some(seed) = self.seed {
            call = call.seed(seed);
        }
        let hook = |event: &Event<'_, Ended, Failed>| self.see(event);
        let detail = |outcome: &Outcome| targets.detail(outcome);
        match (sender.settings.wants_report(), sender.settings.hook.is_some() || targets.looks()) {
            (false, false) => (seen!(call, self.sender.settings).call(), None),
            (false, true) => (seen!(call.notify(hook), self.sender.settings).call(), None),
            (true, false) => self.told(seen!(call, self.sender.settings).report_with(detail)),
            (true, true) => self.told(seen!(call.notify(hook), self.sender.settings).report_with(detail)),
        }
    }

    /// Makes a call with several lanes, each attempt on a thread of its own; the losers are cancelled.
    fn in_a_race(&self, parts: Parts, kept: Option<Buffered>) -> (Outcome, Option<Report>) {
        let (threads, route) = (self.sender.for_threads(), self.targets.route().clone());
        let mut call = race(self.policy, move |attempt| {
            let cancel = Arc::new(Cancel::default());
            attempt.on_cancel({
                let cancel = Arc::clone(&cancel);
                move || cancel.cancel()
            });
            let (target, mut payload) = (route.target(attempt.id), kept.clone().into());
            let mut outcome = threads.send(attempt, parts.clone(), target, &mut payload, Some(Arc::clone(&cancel)));
            if cancel.end() {
                // A cancelled attempt's error looks like a closed connection, and must not be retried.
                match &mut outcome {
                    Ok(ended) => ended.verdict = Verdict::Stop,
                    Err(Failed::Attempt(ended)) => ended.verdict = Verdict::Stop,
                    Err(Failed::Call(_)) => {}
                }
            }
            outcome
        })
        .judge_with(Numbered(|attempt, outcome: &Outcome| self.targets.judged(attempt, verdict(outcome))))
        .gate(&self.gates)
        .notify(|event: &Event<'_, Ended, Failed>| self.see(event));
        if let Some(seed) = self.seed {
            call = call.seed(seed);
        }
        if self.sender.settings.wants_report() {
            self.told(seen!(call, self.sender.settings).report_with(|outcome| self.targets.detail(outcome)))
        } else {
            (seen!(call, self.sender.settings).call(), None)
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

/// Turns an event into the one that users see, with ureq's own result in it.
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

/// Turns the end of a call into the result that ureq would have returned.
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

/// Makes the error of a call in which no attempt had an outcome.
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

/// Returns the error that takes the place of an answer with this status, if one does.
#[inline]
pub(crate) fn hidden(status: StatusCode, hides_answers: bool) -> Option<Error> {
    let is_hidden = hides_answers && (status.is_client_error() || status.is_server_error());
    is_hidden.then(|| Error::StatusCode(status.as_u16()))
}

fn other(gave_up: GaveUp) -> Error {
    Error::Other(Box::new(gave_up))
}

/// Copies a request's extensions, if its own configuration is among them.
fn with_config(core: &Core, extensions: &Extensions) -> Option<Extensions> {
    let mut request = Request::new(());
    *request.extensions_mut() = extensions.clone();
    // ureq adds a configuration to a request that has none.
    let request = core.plain.configure_request(request).build();
    (request.extensions().len() == extensions.len()).then(|| request.into_parts().0.extensions)
}

/// Returns whether requests with this method have a body in ureq. Others have one only if their extensions say so.
pub(crate) fn may_have_body(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::DELETE | Method::TRACE | Method::CONNECT)
}

//! One call: what it insists on is gathered, its attempts are made, and its result becomes one of ureq's.

use std::sync::{Arc, OnceLock};

use insist::{Event, Policy, Reason, Repeat, Verdict};
use insist_blocking::{LiveAttempt, race, retry};
use ureq::http::request::Parts;
use ureq::http::{Extensions, Method, Request, Response, StatusCode};
use ureq::{AsSendBody, Body, Error, SendBody, Timeout};

use crate::agent::Core;
use crate::asked::{Wishes, ask_config, ask_framing};
use crate::gave_up::GaveUp;
use crate::insist::Said;
use crate::payload::{Kept, Payload};
use crate::report::Report;
use crate::sender::{Ended, Outcome, Sender, again, has_more};
use crate::settings::Settings;
use crate::transport::Cancel;

type Ending = Result<Ended<Response<Body>>, insist_blocking::GaveUp<Ended<Response<Body>>, Ended<Error>>>;

/// Makes a call of a request that the agent was given.
pub(crate) fn run(core: &Arc<Core>, mut request: Request<SendBody<'_>>) -> Result<Response<Body>, Error> {
    let said = if has_more(request.extensions()) { request.extensions_mut().remove::<Said>() } else { None };
    let merged = said.map(|Said(said)| said.over(core.config.settings()));
    let settings = merged.as_ref().unwrap_or_else(|| core.config.settings());
    if let Err(error) = settings.get_rules().validate() {
        return Err(other(GaveUp::Rules(error)));
    }
    if let Err(problem) = settings.get_replicas() {
        return Err(Error::BadUri(problem.to_string()));
    }

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

    let (ending, report) = if policy.get_lanes() > 1 {
        match payload.for_threads() {
            Some(kept) if repeat == Repeat::Always => in_a_race(policy, &sender, parts, kept),
            _ => one_by_one(&policy.lanes(1), repeat, &sender, &mut parts, &mut payload, None),
        }
    } else {
        one_by_one(policy, repeat, &sender, &mut parts, &mut payload, None)
    };
    finish(ending, report, settings, wishes.hides_answers)
}

/// Goes on with a call whose first attempt was made without a driver, and is to be retried.
pub(crate) fn go_on(core: &Arc<Core>, mut parts: Parts, outcome: Outcome) -> Result<Response<Body>, Error> {
    let settings = core.config.settings();
    let sender = Sender::simple(core);
    let repeat = settings.get_repeat().unwrap_or_else(|| settings.get_rules().repeat(&parts.method, &parts.headers));
    let (ending, report) =
        one_by_one(settings.get_policy(), repeat, &sender, &mut parts, &mut Payload::None, Some(outcome));
    finish(ending, report, settings, core.hides_answers)
}

/// One lane: the attempts are made on this thread. The first of them may have been made already.
fn one_by_one(
    policy: &Policy,
    repeat: Repeat,
    sender: &Sender<&Arc<Core>, &Settings>,
    parts: &mut Parts,
    payload: &mut Payload<'_>,
    mut first: Option<Outcome>,
) -> (Ending, Option<Report>) {
    let settings = sender.settings;
    let uri = if settings.wants_report() { Some(parts.uri.clone()) } else { None };
    let operation = |attempt: &LiveAttempt<'_>| match first.take() {
        Some(outcome) => outcome,
        None => sender.send(attempt, again(parts), payload, None),
    };
    let mut call = retry(policy, operation).judge(verdict).repeat(repeat);
    if let Some(seed) = settings.get_seed() {
        call = call.seed(seed);
    }
    match (uri, &settings.hook) {
        (None, None) => (call.try_call(), None),
        (None, Some(hook)) => (call.notify(|event| hook(event)).try_call(), None),
        (Some(uri), None) => told(call.report_with(|outcome| sender.detail(&uri, outcome))),
        (Some(uri), Some(hook)) => {
            told(call.notify(|event| hook(event)).report_with(|outcome| sender.detail(&uri, outcome)))
        }
    }
}

/// Several lanes: the attempts are made on threads of their own, and those that lose are cancelled.
fn in_a_race(
    policy: &Policy,
    sender: &Sender<&Arc<Core>, &Settings>,
    parts: Parts,
    kept: Option<Kept>,
) -> (Ending, Option<Report>) {
    let settings = sender.settings;
    let uri = parts.uri.clone();
    let threads = sender.for_threads();
    let mut call = race(policy, move |attempt| {
        let cancel = Arc::new(Cancel::default());
        attempt.on_cancel({
            let cancel = Arc::clone(&cancel);
            move || cancel.cancel()
        });
        let mut outcome = threads.send(attempt, parts.clone(), &mut kept.clone().into(), Some(Arc::clone(&cancel)));
        if cancel.end() {
            // Nobody waits for it, and what looks like a peer that left is not to be retried.
            let (Ok(Ended { verdict, .. }) | Err(Ended { verdict, .. })) = &mut outcome;
            *verdict = Verdict::Stop;
        }
        outcome
    })
    .judge(verdict)
    .notify(|event: &Event| {
        if let Some(hook) = &settings.hook {
            hook(event);
        }
    });
    if let Some(seed) = settings.get_seed() {
        call = call.seed(seed);
    }
    let (ending, report) = call.report_with(|outcome| sender.detail(&uri, outcome));
    (ending, settings.wants_report().then_some(report))
}

fn verdict(outcome: &Outcome) -> Verdict {
    match outcome {
        Ok(ended) => ended.verdict,
        Err(ended) => ended.verdict,
    }
}

fn told((ending, report): (Ending, Report)) -> (Ending, Option<Report>) {
    (ending, Some(report))
}

/// From how the call ended to what ureq would have returned.
fn finish(
    ending: Ending,
    report: Option<Report>,
    settings: &Settings,
    hides_answers: bool,
) -> Result<Response<Body>, Error> {
    let result = match ending {
        Ok(ended) => Ok(ended.with),
        Err(gave_up) => match gave_up.last {
            Some(Ok(ended)) => Ok(ended.with),
            Some(Err(ended)) => Err(ended.with),
            None => Err(match gave_up.reason {
                Reason::Deadline => Error::Timeout(Timeout::Global),
                Reason::Attempts | Reason::Backoff => Error::Timeout(Timeout::PerCall),
                Reason::Invalid => other(GaveUp::Policy(gave_up.invalid)),
                reason => other(GaveUp::Because(reason)),
            }),
        },
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

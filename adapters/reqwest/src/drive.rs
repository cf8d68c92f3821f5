//! Drives a call: gathers its settings, makes its attempts, and turns its end into a result of reqwest's.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use http::Uri;
use insist_core::{Event, Numbered, Repeat, Verdict, fresh_seed};
use insist_http::Replay;
use insist_http::client::{GaveUp, Targets, shown};
use insist_tokio::{Timer as _, TokioTimer, race, retry};
use reqwest::{Error, Request, Response};

use crate::answer::drained;
use crate::attempt::{Ended, Failed, Outcome, Sender, ended, outcome, sentence};
use crate::call::{Started, total_timeout};
use crate::client::Core;
use crate::error::{nothing_sent, timed_out, without_outcome};
use crate::settings::{Detail, Report, Reqwest, Settings};

/// A call that is to be driven.
pub(crate) struct Call {
    pub(crate) plain: reqwest::Client,
    pub(crate) request: Request,
    pub(crate) core: Arc<Core>,
    pub(crate) own: Option<Arc<Settings>>,
    pub(crate) first: Option<First>,
}

/// A first attempt that was made already, and when its call began if that matters.
pub(crate) struct First {
    pub(crate) ended: Ended,
    pub(crate) started: Option<Started>,
}

/// Goes on with a call until it ends. Boxed, so that the future of a call whose first attempt succeeds is small.
#[inline(never)]
pub(crate) fn go_on(call: Call) -> Pin<Box<dyn Future<Output = Result<Response, Error>> + Send>> {
    Box::pin(drive(call))
}

async fn drive(call: Call) -> Result<Response, Error> {
    let Call { plain, mut request, core, own, first } = call;
    let merged = own.map(|own| own.over(&core.settings));
    let settings = merged.as_ref().unwrap_or(&core.settings);
    if let Err(error) = settings.get_rules().validate() {
        return Err(nothing_sent(request.url(), GaveUp::Rules(error)).await);
    }
    let uri = if settings.looks_at_address() { request.url().as_str().parse() } else { Ok(Uri::default()) };
    let Ok(uri) = uri else {
        // reqwest refuses the address, and its own error says why.
        return plain.execute(request).await;
    };
    settings.add_key(request.headers_mut());
    let now = TokioTimer.now();
    let mut policy = *settings.get_policy();
    if let Some(total) = total_timeout(&request, &core) {
        let began = first.as_ref().and_then(|first| first.started).map_or(now, |(began, _)| began);
        let left = total.saturating_sub(now.saturating_since(began));
        if left.is_zero() {
            return match first {
                Some(first) => first.ended.result,
                None => Err(timed_out(request.url()).await),
            };
        }
        policy = policy.deadline(policy.get_deadline().map_or(left, |deadline| deadline.min(left)));
    }
    let repeat =
        settings.get_repeat().unwrap_or_else(|| settings.get_rules().repeat(request.method(), request.headers()));
    let is_stream = request.body().is_some_and(|body| body.as_bytes().is_none());
    let streamed = if is_stream { request.body_mut().take() } else { None };
    let replay = streamed.map(|body| Replay::new(body, settings.get_replay_limit()));
    let fits = replay.as_ref().is_none_or(Replay::fits);
    if policy.get_lanes() > 1 && !(fits && repeat == Repeat::Always) {
        policy = policy.lanes(1);
    }
    // A replica set needs the seed for the first attempt already.
    let seed = settings.get_seed().or_else(|| settings.has_set().then(fresh_seed));
    let targets = match Targets::new(settings, &uri, seed.unwrap_or(0)) {
        Ok(targets) => targets,
        Err(error) => return Err(nothing_sent(request.url(), error).await),
    };
    let sender = Sender {
        plain: &plain,
        settings,
        sees_redirects: core.sees_redirects,
        request: &request,
        replay: replay.as_ref(),
        route: targets.route(),
        deadline: policy.get_deadline().and_then(|deadline| now.checked_add(deadline)),
        last: policy.get_attempts(),
    };
    let gates = settings.gates(&uri);
    let judge = Numbered(|attempt, outcome: &Outcome| {
        let ended = ended(outcome);
        gates.judged(ended.and_then(|ended| ended.result.as_ref().ok()).map(Response::status));
        let verdict = ended.map_or(Verdict::Stop, |ended| ended.verdict);
        let can_be_sent_again = replay.as_ref().is_none_or(Replay::can_be_replayed);
        let is_last = matches!(verdict, Verdict::Retry(_)) && !can_be_sent_again;
        targets.judged(attempt, if is_last { Verdict::Stop } else { verdict })
    });
    let mut first = first.map(|first| first.ended);
    let operation = |attempt| {
        let (sender, first) = (&sender, first.take());
        // A call has room for several attempts, and is moved while it is made: boxed ones cost less.
        Box::pin(async move {
            match first {
                None => sender.send(attempt).await,
                Some(mut ended) => {
                    if matches!(ended.verdict, Verdict::Retry(_)) && sender.last != Some(1) {
                        if let Ok(answer) = ended.result {
                            ended.result = Ok(Box::pin(drained(answer)).await);
                        }
                    }
                    outcome(ended)
                }
            }
        })
    };
    let is_watched = settings.has_hook() || targets.looks() || settings.wants_report();
    let is_seen = cfg!(any(feature = "metrics", feature = "tracing"));
    let (outcome, report) = if policy.get_lanes() == 1 && !is_watched && !is_seen {
        let mut call = retry(&policy, operation).judge_with(judge).repeat(repeat).gate(&gates);
        if let Some(seed) = seed {
            call = call.seed(seed);
        }
        (call.call().await, None)
    } else {
        let hook = |event: &Event<'_, Ended, Failed>| {
            targets.see(event);
            if settings.has_hook() {
                if let Some(event) = shown::<Reqwest, _, _>(event, |outcome| Some(&ended(outcome)?.result)) {
                    settings.show(&event);
                }
            }
        };
        let mut call = race(&policy, operation).judge_with(judge).repeat(repeat).gate(&gates).notify(hook);
        if let Some(seed) = seed {
            call = call.seed(seed);
        }
        #[cfg(feature = "tracing")]
        let call = call.trace();
        #[cfg(feature = "metrics")]
        let call = match settings.get_metrics_name() {
            Some(name) => call.metrics_as(name),
            None => call.metrics(),
        };
        let (result, mut report) = call.report_with(|outcome| detail(&targets, outcome)).await;
        targets.complete::<Reqwest>(&mut report);
        let outcome = result.or_else(|gave_up| match gave_up.split() {
            (Some(last), _) => last,
            (None, none) => Err(Failed::Call(none)),
        });
        (outcome, settings.wants_report().then_some(report))
    };
    let result = match outcome {
        Ok(ended) | Err(Failed::Attempt(ended)) => ended.result,
        Err(Failed::Call(none)) => Err(without_outcome(request.url(), &none, &policy).await),
    };
    finish(result, report, settings)
}

/// Tells the report to whoever wants it.
fn finish(result: Result<Response, Error>, report: Option<Report>, settings: &Settings) -> Result<Response, Error> {
    let Some(report) = report else { return result };
    settings.tell(&report);
    result.map(|mut answer| {
        answer.extensions_mut().insert(report);
        answer
    })
}

/// Makes the report's detail of an attempt with this outcome.
fn detail(targets: &Targets, outcome: &Outcome) -> Detail {
    let Some(ended) = ended(outcome) else { return Detail::default() };
    let mut detail: Detail = targets.detail(ended.attempt);
    match &ended.result {
        Ok(answer) => detail.status = Some(answer.status().as_u16()),
        Err(error) => {
            detail.timeout = error.is_timeout().then_some(());
            detail.error = Some(sentence(error));
        }
    }
    detail
}

//! Makes one call: gathers its settings, drives its attempts, and turns its end into a result of ureq's.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use insist_blocking::{LiveAttempt, retry};
use insist_core::{Event, Numbered, Policy, Repeat, fresh_seed};
use insist_http::client::{Gates, GaveUp, Targets};
use ureq::http::request::Parts;
use ureq::http::{Extensions, Method, Request, Response};
use ureq::{AsSendBody, Body, Error, SendBody, Timeout};

use super::attempt::Sender;
use super::core::Core;
use super::finish::{bad_address, finish, other};
use super::outcome::{Ended, Failed, Outcome};
use super::race::Race;
use super::receive;
use super::request_body::Payload;
use super::request_settings::RequestSettings;
use super::watch::Watch;
use crate::client::{Report, Settings};
use crate::probe::{CallConfig, has_extensions, probe_config, probe_framing};

/// Adds `trace` and `metrics` to the builder of a call, if the features `tracing` and `metrics` are on.
macro_rules! seen {
    ($call:expr, $settings:expr) => {{
        let call = $call;
        #[cfg(feature = "tracing")]
        let call = call.trace();
        #[cfg(feature = "metrics")]
        let call = match $settings.get_metrics_name() {
            Some(name) => call.metrics_as(name),
            None => call.metrics(),
        };
        call
    }};
}
pub(super) use seen;

/// Makes the call of a request.
pub(crate) fn run(core: &Arc<Core>, mut request: Request<SendBody<'_>>) -> Result<Response<Body>, Error> {
    let own =
        if has_extensions(request.extensions()) { request.extensions_mut().remove::<RequestSettings>() } else { None };
    let receive = if has_extensions(request.extensions()) { receive::take(request.extensions_mut()) } else { None };
    let merged = own.map(|RequestSettings(own)| Arc::new(own.over(&core.settings)));
    let shared = merged.as_ref().unwrap_or(&core.settings);
    let settings: &Settings = shared;
    if let Err(error) = settings.get_rules().validate() {
        return Err(other(GaveUp::Rules(error)));
    }
    settings.get_addresses().map_err(bad_address)?;

    let (mut parts, mut body) = request.into_parts();
    settings.add_key(&mut parts.headers);
    let has_extensions = has_extensions(&parts.extensions);
    let mut call_config = core.call_config;
    let mut is_agents_config = true;
    if has_extensions {
        let Some(own) = config_of(core, &parts.extensions) else {
            // ureq refuses the configuration, and its own error says why.
            return core.plain.run(Request::from_parts(parts, body));
        };
        (call_config, is_agents_config) = (own.and_interruptible(call_config.is_interruptible), false);
    }
    let mut policy = settings.get_policy();
    let mut payload = Payload::None;
    if !(has_extensions || may_have_body(&parts.method)) {
    } else if policy.get_lanes() == 1 {
        payload = Payload::Unread(body);
    } else {
        let Some(framing) = probe_framing(&parts.headers, body.as_body()) else {
            return core.plain.run(Request::from_parts(parts, body));
        };
        payload = Payload::read(body, framing, settings.get_replay_limit(), &mut parts)?;
    }

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
    let targets = Targets::new(settings, &parts.uri, seed.unwrap_or(0)).map_err(bad_address)?;
    let receives = receive.is_some();
    let sender = Sender {
        core,
        settings,
        receive,
        is_agents_config,
        attempt_timeout: policy.get_attempt_timeout(),
        deadline: policy.get_deadline(),
        started: OnceLock::new(),
        is_fresh: AtomicBool::new(false),
    };
    let asked_repeat =
        settings.get_repeat().unwrap_or_else(|| settings.get_rules().repeat(&parts.method, &parts.headers));
    let is_once = asked_repeat == Repeat::Always && !payload.is_repeatable();
    let repeat = if is_once { Repeat::IfUnsent } else { asked_repeat };
    let gates = settings.gates(&parts.uri);
    let call = Call { policy, repeat, sender, watch: Watch { settings, targets, gates }, seed };

    let (outcome, report) = if policy.get_lanes() > 1 {
        match payload.for_threads().filter(|_| !receives) {
            Some(kept) if repeat == Repeat::Always => {
                call.into_race(Arc::clone(shared), call_config.is_interruptible).make(parts, kept)
            }
            _ => Call { policy: &policy.lanes(1), ..call }.one_by_one(&mut parts, &mut payload, None),
        }
    } else {
        call.one_by_one(&mut parts, &mut payload, None)
    };
    finish(outcome, report, settings, policy, call_config.hides_answers)
}

/// Continues a call whose first attempt was made on the fast path, and is to be retried.
pub(crate) fn go_on(
    sender: Sender<&Arc<Core>, &Settings>,
    mut parts: Parts,
    mut payload: Payload<'_>,
    outcome: Outcome,
    hides_answers: bool,
) -> Result<Response<Body>, Error> {
    let settings = sender.settings;
    let mut policy = settings.get_policy();
    let changed;
    if let Some(deadline) = sender.deadline {
        // The driver begins now.
        let elapsed = sender.started.get().map_or(Duration::ZERO, std::time::Instant::elapsed);
        let left = deadline.saturating_sub(elapsed);
        if left.is_zero() {
            return finish(outcome, None, settings, policy, hides_answers);
        }
        changed = policy.deadline(left);
        policy = &changed;
    }
    let call = Call {
        policy,
        repeat: settings.get_repeat().unwrap_or_else(|| settings.get_rules().repeat(&parts.method, &parts.headers)),
        sender,
        watch: Watch {
            settings,
            targets: Targets::new(settings, &parts.uri, 0).map_err(bad_address)?,
            gates: settings.gates(&parts.uri),
        },
        seed: settings.get_seed(),
    };
    let (outcome, report) = call.one_by_one(&mut parts, &mut payload, Some(outcome));
    finish(outcome, report, settings, policy, hides_answers)
}

/// The settings and the state of a call, without its request.
struct Call<'a> {
    policy: &'a Policy,
    repeat: Repeat,
    sender: Sender<&'a Arc<Core>, &'a Settings>,
    watch: Watch<&'a Settings, Gates>,
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
        let Self { sender, watch, .. } = self;
        let operation = |attempt: &LiveAttempt<'_>| match first.take() {
            Some(outcome) => outcome,
            None => sender.send(attempt, parts, watch.targets.route().target(attempt.id), payload, None),
        };
        let judge = Numbered(|attempt, outcome: &Outcome| watch.judged(attempt, outcome));
        let mut call = retry(self.policy, operation).judge_with(judge).repeat(self.repeat).gate(&watch.gates);
        if let Some(seed) = self.seed {
            call = call.seed(seed);
        }
        let hook = |event: &Event<'_, Ended, Failed>| watch.see(event);
        let detail = |outcome: &Outcome| watch.detail(outcome);
        match (watch.settings.wants_report(), watch.settings.has_hook() || watch.targets.looks()) {
            (false, false) => (seen!(call, watch.settings).call(), None),
            (false, true) => (seen!(call.notify(hook), watch.settings).call(), None),
            (true, false) => watch.told(seen!(call, watch.settings).report_with(detail)),
            (true, true) => watch.told(seen!(call.notify(hook), watch.settings).report_with(detail)),
        }
    }

    /// Makes the call a race with these settings, which are its own: threads may share it.
    fn into_race(self, settings: Arc<Settings>, is_interruptible: bool) -> Race {
        let Self { policy, sender, watch: Watch { targets, gates, .. }, seed, .. } = self;
        let sender = sender.for_threads(Arc::clone(&settings));
        let watch = Arc::new(Watch { settings, targets, gates: Arc::new(gates) });
        Race { policy: *policy, sender, watch, seed, is_interruptible }
    }
}

/// Returns what concerns the whole call of the configuration of a request with these extensions: its own, or the agent's.
/// `None` if ureq refuses it.
pub(crate) fn config_of(core: &Core, extensions: &Extensions) -> Option<CallConfig> {
    let mut request = Request::new(());
    *request.extensions_mut() = extensions.clone();
    // ureq adds a configuration to a request that has none.
    let request = core.plain.configure_request(request).build();
    if request.extensions().len() == extensions.len() {
        probe_config(request.into_parts().0.extensions)
    } else {
        Some(core.call_config)
    }
}

/// Returns whether requests with this method have a body in ureq. Others have one only if their extensions say so.
pub(crate) fn may_have_body(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::DELETE | Method::TRACE | Method::CONNECT)
}

//! Makes one call over HTTP and reports it, for `get` and `demo`.

use std::sync::Arc;

use http::{HeaderMap, Method, Request, Response, Uri};
use insist_core::Policy;
use insist_ureq::config::ConfigBuilder;
use insist_ureq::insisting::{Event, Receive, ReceiveExt, Report, ReportSlot, Rules, Settings};
use insist_ureq::typestate::AgentScope;
use insist_ureq::{Agent, Body, Error, Insist};

use crate::gates::LiveGates;
use crate::get::RetryTime;

/// The most of a body that an attempt of a race may include, since it is kept in memory.
pub(crate) const WHOLE_BODY_LIMIT: usize = 256 << 20;

const USER_AGENT: &str = concat!("insist/", env!("CARGO_PKG_VERSION"));

/// The parts of a fetch that all URLs of a command have in common.
#[derive(Clone)]
pub(crate) struct Common {
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) is_repeatable: bool,
    pub(crate) is_whole_body: bool,
    pub(crate) rules: Rules,
    pub(crate) policy: Policy,
    /// The time after which no retry is begun.
    pub(crate) retry_max_time: Option<std::time::Duration>,
}

/// A request, its replicas and its settings.
#[derive(Clone)]
pub(crate) struct Fetch {
    pub(crate) urls: Vec<Uri>,
    pub(crate) common: Arc<Common>,
    pub(crate) seed: u64,
    /// The gates that it shares with other calls.
    pub(crate) gate: Option<Arc<LiveGates>>,
    /// Reads the answers as a part of their attempts.
    pub(crate) receive: Option<Arc<dyn Receive>>,
}

/// The result of a fetch. The response may be the last one of a call that gave up; the report says so.
pub(crate) struct Fetched {
    pub(crate) result: Result<Response<Body>, Error>,
    pub(crate) report: Option<Report>,
}

impl Common {
    /// Makes the agent of calls with these settings, out of one whose connections it shares.
    pub(crate) fn agent(&self, agent: &Agent) -> Agent {
        let mut settings = Settings::new().policy(self.policy).rules(self.rules.clone());
        if self.is_repeatable {
            settings = settings.repeatable();
        }
        if self.is_whole_body {
            settings = settings.whole_body(WHOLE_BODY_LIMIT);
        }
        agent.clone().insist(&settings)
    }
}

impl Fetch {
    /// Sends the request until a response is accepted or the policy gives up.
    pub(crate) fn run(self, hook: impl Fn(&Event<'_>) + Send + Sync + 'static) -> Fetched {
        let agent = self.common.agent(&agent());
        self.run_with(&agent, hook)
    }

    /// Does the same with an agent of [`Common::agent`], whose connections other calls share.
    pub(crate) fn run_with(self, agent: &Agent, hook: impl Fn(&Event<'_>) + Send + Sync + 'static) -> Fetched {
        let slot = ReportSlot::new();
        let settings = self.settings().notify(hook).report_to(&slot);
        let result = self.send(agent, &settings);
        Fetched { result, report: slot.take() }
    }

    /// Returns the settings that are this call's own.
    fn settings(&self) -> Settings {
        let mut settings = Settings::new().seed(self.seed);
        if self.urls.len() > 1 {
            settings = settings.replicas(self.urls.iter());
        }
        let gate = (RetryTime::new(self.common.retry_max_time), self.gate.clone());
        if self.gate.is_some() || self.common.retry_max_time.is_some() {
            settings = settings.gate(gate);
        }
        settings
    }

    fn send(self, agent: &Agent, settings: &Settings) -> Result<Response<Body>, Error> {
        let mut request = Request::new(());
        *request.method_mut() = self.common.method.clone();
        *request.headers_mut() = self.common.headers.clone();
        *request.uri_mut() = self.urls.into_iter().next().unwrap_or_default();
        if let Some(receive) = self.receive {
            request = request.receive(receive);
        }
        match &self.common.body {
            None => agent.run(request.insist(settings)),
            Some(body) => agent.run(request.map(|()| &body[..]).insist(settings)),
        }
    }
}

/// Makes an agent that returns every answer, whatever its status.
pub(crate) fn agent() -> Agent {
    config().build().into()
}

/// Begins the configuration of such an agent.
pub(crate) fn config() -> ConfigBuilder<AgentScope> {
    Agent::config_builder().http_status_as_error(false).allow_non_standard_methods(true).user_agent(USER_AGENT)
}

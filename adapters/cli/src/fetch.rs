//! Makes one call over HTTP and reports it, for `get` and `demo`.

use std::sync::Arc;

use http::{HeaderName, HeaderValue, Method, Request, Response, Uri};
use insist_core::Policy;
use insist_ureq::insisting::{Event, Report, ReportSlot, Rules, Settings};
use insist_ureq::{Agent, Body, Error, Insist};

use crate::gates::LiveGates;

/// The most of a body that an attempt may include, since it is kept in memory.
pub(crate) const WHOLE_BODY_LIMIT: usize = 256 << 20;

const USER_AGENT: &str = concat!("insist/", env!("CARGO_PKG_VERSION"));

/// A request, its replicas and its settings.
#[derive(Clone)]
pub(crate) struct Fetch {
    pub(crate) urls: Vec<Uri>,
    pub(crate) method: Method,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) is_repeatable: bool,
    pub(crate) is_whole_body: bool,
    pub(crate) rules: Rules,
    pub(crate) policy: Policy,
    pub(crate) seed: u64,
    /// The gates that it shares with other calls.
    pub(crate) gate: Option<Arc<LiveGates>>,
}

/// The result of a fetch. The response may be the last one of a call that gave up; the report says so.
pub(crate) struct Fetched {
    pub(crate) result: Result<Response<Body>, Error>,
    pub(crate) report: Option<Report>,
}

impl Fetch {
    /// Sends the request until a response is accepted or the policy gives up.
    pub(crate) fn run(self, hook: impl Fn(&Event<'_>) + Send + Sync + 'static) -> Fetched {
        self.run_with(&agent(), hook)
    }

    /// Does the same with an agent whose connections other calls share.
    pub(crate) fn run_with(self, agent: &Agent, hook: impl Fn(&Event<'_>) + Send + Sync + 'static) -> Fetched {
        let slot = ReportSlot::new();
        let agent = agent.clone().insist(&self.settings().notify(hook).report_to(&slot));
        let result = self.send(&agent);
        Fetched { result, report: slot.take() }
    }

    fn settings(&self) -> Settings {
        let mut settings =
            Settings::new().policy(self.policy).rules(self.rules.clone()).seed(self.seed).replicas(self.urls.iter());
        if self.is_repeatable {
            settings = settings.repeatable();
        }
        if let Some(gate) = &self.gate {
            settings = settings.gate(Arc::clone(gate));
        }
        if self.is_whole_body {
            settings = settings.whole_body(WHOLE_BODY_LIMIT);
        }
        settings
    }

    fn send(self, agent: &Agent) -> Result<Response<Body>, Error> {
        let mut request = Request::new(());
        *request.method_mut() = self.method;
        *request.uri_mut() = self.urls.into_iter().next().unwrap_or_default();
        for (name, value) in self.headers {
            request.headers_mut().append(name, value);
        }
        match self.body {
            None => agent.run(agent.configure_request(request).allow_non_standard_methods(true).build()),
            Some(body) => {
                let request = request.map(|()| body);
                agent.run(agent.configure_request(request).allow_non_standard_methods(true).build())
            }
        }
    }
}

/// Makes an agent that returns every answer, whatever its status.
pub(crate) fn agent() -> Agent {
    Agent::config_builder().http_status_as_error(false).user_agent(USER_AGENT).build().into()
}

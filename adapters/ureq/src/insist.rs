//! Adds to a builder of agents, to an agent and to one request what they insist on.

use std::sync::Arc;

use insist_core::{Gate, Policy, Repeat};
use insist_http::{Hosts, Rules};
use ureq::http::{self, Request, Uri};
use ureq::{AsSendBody, RequestBuilder};

use crate::replica_set::ReplicaSet;
use crate::report::{Event, Report, ReportSlot};
use crate::settings::Settings;

/// Tells a builder of agents, an agent or one request what to insist on. Each word is that of
/// [`Settings`](crate::insisting::Settings).
///
/// ```no_run
/// use insist_ureq::insisting::{Policy, Rules};
/// use insist_ureq::{Agent, Insist};
/// use std::time::Duration;
///
/// let agent: Agent = Agent::config_builder()
///     .timeout_connect(Some(Duration::from_secs(1)))
///     .policy(Policy::exponential(Duration::from_millis(50)).attempts(5))
///     .build()
///     .into();
///
/// let response = agent
///     .get("http://example.com/eventually")
///     .rules(Rules::new().retry_status(404)) // for this request
///     .call()?;
/// # Ok::<_, insist_ureq::Error>(())
/// ```
pub trait Insist: Sized {
    /// Lays these settings over those that it has.
    fn insist(self, settings: &Settings) -> Self;

    /// See [`Settings::policy`].
    #[must_use]
    fn policy(self, policy: Policy) -> Self {
        self.insist(&Settings::new().policy(policy))
    }

    /// See [`Settings::rules`].
    #[must_use]
    fn rules(self, rules: Rules) -> Self {
        self.insist(&Settings::new().rules(rules))
    }

    /// See [`Settings::repeat`].
    #[must_use]
    fn repeat(self, repeat: Repeat) -> Self {
        self.insist(&Settings::new().repeat(repeat))
    }

    /// See [`Settings::repeatable`].
    #[must_use]
    fn repeatable(self) -> Self {
        self.insist(&Settings::new().repeatable())
    }

    /// See [`Settings::seed`].
    #[must_use]
    fn seed(self, seed: u64) -> Self {
        self.insist(&Settings::new().seed(seed))
    }

    /// See [`Settings::whole_body`].
    #[must_use]
    fn whole_body(self, limit: usize) -> Self {
        self.insist(&Settings::new().whole_body(limit))
    }

    /// See [`Settings::replay_limit`].
    #[must_use]
    fn replay_limit(self, bytes: usize) -> Self {
        self.insist(&Settings::new().replay_limit(bytes))
    }

    /// See [`Settings::replicas`].
    #[must_use]
    fn replicas<I>(self, replicas: I) -> Self
    where
        I: IntoIterator,
        Uri: TryFrom<I::Item>,
        <Uri as TryFrom<I::Item>>::Error: Into<http::Error>,
    {
        self.insist(&Settings::new().replicas(replicas))
    }

    /// See [`Settings::replica_set`].
    #[must_use]
    fn replica_set(self, replicas: &ReplicaSet) -> Self {
        self.insist(&Settings::new().replica_set(replicas))
    }

    /// See [`Settings::gate`].
    #[must_use]
    fn gate(self, gate: impl Gate + Send + Sync + 'static) -> Self {
        self.insist(&Settings::new().gate(gate))
    }

    /// See [`Settings::gate_per_host`].
    #[must_use]
    fn gate_per_host<G>(self, hosts: impl Into<Arc<Hosts<G>>>) -> Self
    where
        G: Gate + Send + Sync + 'static,
    {
        self.insist(&Settings::new().gate_per_host(hosts))
    }

    /// See [`Settings::notify`].
    #[must_use]
    fn notify(self, hook: impl Fn(&Event<'_>) + Send + Sync + 'static) -> Self {
        self.insist(&Settings::new().notify(hook))
    }

    /// See [`Settings::on_report`].
    #[must_use]
    fn on_report(self, hook: impl Fn(&Report) + Send + Sync + 'static) -> Self {
        self.insist(&Settings::new().on_report(hook))
    }

    /// See [`Settings::report_to`].
    #[must_use]
    fn report_to(self, slot: &ReportSlot) -> Self {
        self.insist(&Settings::new().report_to(slot))
    }

    /// See [`Settings::with_report`].
    #[must_use]
    fn with_report(self) -> Self {
        self.insist(&Settings::new().with_report())
    }
}

/// What a request carries of its own settings.
#[derive(Clone)]
pub(crate) struct Said(pub(crate) Arc<Settings>);

fn say(extensions: &mut http::Extensions, settings: &Settings) {
    let said = match extensions.get::<Said>() {
        Some(Said(base)) => settings.over(base),
        None => settings.clone(),
    };
    extensions.insert(Said(Arc::new(said)));
}

impl<Any> Insist for RequestBuilder<Any> {
    fn insist(mut self, settings: &Settings) -> Self {
        // Without extensions the builder holds an error, which the call will return.
        if let Some(extensions) = self.extensions_mut() {
            say(extensions, settings);
        }
        self
    }
}

impl<S: AsSendBody> Insist for Request<S> {
    fn insist(mut self, settings: &Settings) -> Self {
        say(self.extensions_mut(), settings);
        self
    }
}

//! The configuration of an agent: ureq's own, and the settings of its calls.
//!
//! `Config` and the builder for agents are this crate's types, so that [`Config::new_agent`] too makes an agent of this
//! crate. The builders for requests are ureq's.

mod builder;
pub(crate) mod setters;

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use ureq::AsSendBody;
use ureq::middleware::Middleware;
use ureq::typestate::{AgentScope, HttpCrateScope, RequestScope};

use self::builder::Steps;
use crate::client::Settings;

pub use builder::AgentConfigBuilder;
pub use ureq::config::{AutoHeaderValue, IpFamily, RedirectAuthHeaders, Timeouts};

/// The configuration of an agent: ureq's, with all its getters, and the settings of the agent's calls.
#[derive(Clone)]
pub struct Config {
    /// The user's configuration: that of the getters, and the start of each request's own.
    said: ureq::config::Config,
    /// The configuration of attempts: answers are no errors whatever their status, and the user's middleware runs.
    plain: ureq::config::Config,
    has_middleware: bool,
    steps: Steps,
    settings: Arc<Settings>,
}

impl Config {
    /// Makes a builder with ureq's defaults and the default policy.
    pub fn builder() -> ConfigBuilder<AgentScope> {
        AgentConfigBuilder::new()
    }

    pub(crate) const fn plain(&self) -> &ureq::config::Config {
        &self.plain
    }

    /// Returns whether the user has given it middleware, which nothing can interrupt.
    pub(crate) const fn has_middleware(&self) -> bool {
        self.has_middleware
    }

    pub(crate) const fn settings(&self) -> &Arc<Settings> {
        &self.settings
    }

    /// Returns the user's configuration, with this middleware and no other.
    pub(crate) fn with_middleware(&self, middleware: impl Middleware) -> ureq::config::Config {
        let builder = ureq::config::Config::builder().middleware(middleware);
        self.steps.iter().fold(builder, |builder, step| step(builder)).build()
    }

    pub(crate) fn insisting(&self, settings: &Settings) -> Self {
        Self { settings: Arc::new(settings.over(&self.settings)), ..self.clone() }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::builder().build()
    }
}

impl Deref for Config {
    type Target = ureq::config::Config;

    fn deref(&self) -> &ureq::config::Config {
        &self.said
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config").field("ureq", &self.said).field("settings", &self.settings).finish()
    }
}

/// The configuration builder of a scope: [`AgentConfigBuilder`] for agents, ureq's own for requests.
pub type ConfigBuilder<Scope> = <Scope as BuilderFor>::Builder;

/// Maps a scope of [`typestate`](crate::typestate) to its configuration builder.
pub trait BuilderFor {
    /// The builder.
    type Builder;
}

impl BuilderFor for AgentScope {
    type Builder = AgentConfigBuilder;
}

impl<Any> BuilderFor for RequestScope<Any> {
    type Builder = ureq::config::ConfigBuilder<Self>;
}

impl<S: AsSendBody> BuilderFor for HttpCrateScope<S> {
    type Builder = ureq::config::ConfigBuilder<Self>;
}

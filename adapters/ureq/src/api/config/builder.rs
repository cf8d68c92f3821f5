//! Builds the configuration of an agent twice: the user's, and the one for attempts.
//!
//! Both are needed: a request's configuration starts as a copy of the user's, but attempts need `http_status_as_error`
//! off, because an error hides the answer and closes its connection.

use std::fmt;
use std::sync::Arc;

use ureq::config::{AutoHeaderValue, Config as PlainConfig};
use ureq::middleware::Middleware;
use ureq::typestate::AgentScope;

use super::Config;
use super::setters::{header_setters, setters};
use crate::client::{Settings, Ureq};
use insist_http::client::Insist;

type PlainBuilder = ureq::config::ConfigBuilder<AgentScope>;

/// The user's settings, to be applied to the builder of another configuration.
pub(super) type Steps = Arc<Vec<Box<dyn Fn(PlainBuilder) -> PlainBuilder + Send + Sync>>>;

/// Configures an agent: ureq's settings, and those of [`Insist`].
pub struct AgentConfigBuilder {
    said: PlainBuilder,
    plain: PlainBuilder,
    has_middleware: bool,
    steps: Vec<Box<dyn Fn(PlainBuilder) -> PlainBuilder + Send + Sync>>,
    settings: Settings,
}

impl AgentConfigBuilder {
    pub(super) fn new() -> Self {
        Self {
            said: PlainConfig::builder(),
            plain: PlainConfig::builder().http_status_as_error(false),
            has_middleware: false,
            steps: Vec::new(),
            settings: Settings::new(),
        }
    }

    /// Returns the configuration.
    pub fn build(self) -> Config {
        Config {
            said: self.said.build(),
            plain: self.plain.build(),
            has_middleware: self.has_middleware,
            steps: Arc::new(self.steps),
            settings: Arc::new(self.settings),
        }
    }

    /// Sets it [as in ureq](ureq::config::ConfigBuilder::http_status_as_error).
    ///
    /// It concerns only the result of a call: attempts are judged by [`Rules`](crate::insisting::Rules).
    pub fn http_status_as_error(mut self, v: bool) -> Self {
        self.said = self.said.http_status_as_error(v);
        self.steps.push(Box::new(move |builder| builder.http_status_as_error(v)));
        self
    }

    /// Sets it [as in ureq](ureq::config::ConfigBuilder::middleware). It runs once for each attempt.
    pub fn middleware(mut self, v: impl Middleware) -> Self {
        self.plain = self.plain.middleware(v);
        self.has_middleware = true;
        self
    }
}

impl Insist<Ureq> for AgentConfigBuilder {
    fn insist(mut self, settings: &Settings) -> Self {
        self.settings = settings.over(&self.settings);
        self
    }
}

impl fmt::Debug for AgentConfigBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AgentConfigBuilder").field("settings", &self.settings).finish_non_exhaustive()
    }
}

macro_rules! both {
    (() $($(#[$attribute:meta])* $name:ident($value:ty);)*) => {
        impl AgentConfigBuilder {$(
            #[doc = concat!("Sets it [as in ureq](ureq::config::ConfigBuilder::", stringify!($name), ").")]
            $(#[$attribute])*
            pub fn $name(mut self, v: $value) -> Self {
                self.said = self.said.$name(v.clone());
                self.plain = self.plain.$name(v.clone());
                self.steps.push(Box::new(move |builder| builder.$name(v.clone())));
                self
            }
        )*}
    };
}

setters! { both () }

macro_rules! both_headers {
    (() $($name:ident($value:ty);)*) => {
        impl AgentConfigBuilder {$(
            #[doc = concat!("Sets it [as in ureq](ureq::config::ConfigBuilder::", stringify!($name), ").")]
            pub fn $name(mut self, v: $value) -> Self {
                let v: AutoHeaderValue = v.into();
                self.said = self.said.$name(v.clone());
                self.plain = self.plain.$name(v.clone());
                self.steps.push(Box::new(move |builder| builder.$name(v.clone())));
                self
            }
        )*}
    };
}

header_setters! { both_headers () }

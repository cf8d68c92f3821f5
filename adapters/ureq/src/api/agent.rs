//! The agent: one ureq agent that makes requests, and one that sends their attempts.

use std::fmt;
use std::sync::Arc;

use ureq::http::{self, Request, Response, Uri};
use ureq::typestate::{AgentScope, HttpCrateScope, WithBody, WithoutBody};
use ureq::unversioned::resolver::Resolver;
use ureq::unversioned::transport::Connector;
use ureq::{AsSendBody, Body, Error, RequestBuilder};

use super::config::{Config, ConfigBuilder};
use crate::call::{CallMiddleware, Core};
use crate::client::{Settings, Ureq};
use crate::probe::Nowhere;
use crate::transport::{Cancellable, IS_INTERRUPTIBLE, Late, Limited, SocketConnector, default_connector};
use insist_http::client::Insist;

/// An agent whose calls are retried, raced or hedged. It keeps connections and cookies between calls.
///
/// Clones share both, and its gates and replicas, and may be used from several threads at once. So do agents made by
/// the methods of [`Insist`], which differ only in their settings:
///
/// ```no_run
/// use insist_ureq::{Agent, Insist, insisting::Policy};
/// use std::time::Duration;
///
/// let agent = Agent::new_with_defaults();
/// let patient = agent.clone().policy(Policy::constant(Duration::from_secs(5)).attempts(100));
/// let answer = patient.get("http://example.com/").call()?;
/// # Ok::<_, insist_ureq::Error>(())
/// ```
#[derive(Clone)]
pub struct Agent {
    /// Builds requests, and hands each to the middleware that turns it into a call. It opens no connections.
    front: ureq::Agent,
    core: Arc<Core>,
    config: Arc<Config>,
}

impl Agent {
    /// Makes an agent with the default configuration.
    pub fn new_with_defaults() -> Self {
        Self::new_with_config(Config::default())
    }

    /// Makes an agent with this configuration.
    pub fn new_with_config(config: Config) -> Self {
        let connector = Cancellable::default(default_connector());
        let plain = ureq::Agent::with_parts(config.plain().clone(), connector, <Late>::default());
        let is_interruptible = IS_INTERRUPTIBLE && !config.has_middleware();
        Self::new(plain, config, is_interruptible)
    }

    /// Makes a builder for an agent's configuration, as [`Config::builder`] does.
    pub fn config_builder() -> ConfigBuilder<AgentScope> {
        Config::builder()
    }

    /// Makes an agent with a transport and a resolver of its own.
    ///
    /// _Both traits are ureq's `unversioned` API._ Attempts that lose a race are cancelled through the handles that the
    /// connector registers with `ConnectionDetails::register_shutdown`; without one, an attempt is not interrupted. The
    /// resolver is asked for each request, as ureq does; that of [`new_with_config`](Self::new_with_config) only for a
    /// connection that has to be opened.
    pub fn with_parts(config: Config, connector: impl Connector, resolver: impl Resolver) -> Self {
        let connector = Cancellable::own(connector.chain(SocketConnector));
        let plain = ureq::Agent::with_parts(config.plain().clone(), connector, Limited(resolver));
        Self::new(plain, config, false)
    }

    fn new(plain: ureq::Agent, config: Config, is_interruptible: bool) -> Self {
        let core = Arc::new(Core::new(plain, &config, Arc::clone(config.settings()), is_interruptible));
        let front = config.with_middleware(CallMiddleware(Arc::clone(&core)));
        Self { front: ureq::Agent::with_parts(front, Nowhere, Nowhere), core, config: Arc::new(config) }
    }

    /// Returns the configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Locks the agent's cookie jar. Drop the lock before the agent is used again.
    #[cfg(feature = "cookies")]
    pub fn cookie_jar_lock(&self) -> ureq::CookieJar<'_> {
        self.core.plain.cookie_jar_lock()
    }

    /// Closes every connection of the agent and of those that share its connections, in use or not, and opens no more.
    ///
    /// A call with an attempt in flight fails at once; one that waits for a retry fails after the wait.
    pub fn shutdown(self) {
        self.core.plain.clone().shutdown();
    }

    /// Runs a request of the `http` crate.
    ///
    /// # Errors
    ///
    /// Those of ureq; see [the crate](crate#what-comes-back).
    pub fn run(&self, request: Request<impl AsSendBody>) -> Result<Response<Body>, Error> {
        self.front.run(request)
    }

    /// Configures one request of the `http` crate, to be run by this agent.
    pub fn configure_request<S: AsSendBody>(&self, request: Request<S>) -> ConfigBuilder<HttpCrateScope<S>> {
        self.front.configure_request(request)
    }
}

/// Calls a macro with each of ureq's methods: its name, its verb, and whether its requests have a body.
macro_rules! each_verb {
    ($make:ident) => {
        $make! {
            get "GET" WithoutBody;
            post "POST" WithBody;
            put "PUT" WithBody;
            delete "DELETE" WithoutBody;
            head "HEAD" WithoutBody;
            options "OPTIONS" WithoutBody;
            connect "CONNECT" WithoutBody;
            patch "PATCH" WithBody;
            trace "TRACE" WithoutBody;
        }
    };
}
pub(crate) use each_verb;

macro_rules! begins {
    ($($name:ident $method:literal $body:ty;)*) => {
        impl Agent {$(
            #[doc = concat!("Begins a ", $method, " request.")]
            #[must_use]
            pub fn $name<T>(&self, uri: T) -> RequestBuilder<$body>
            where
                Uri: TryFrom<T>,
                <Uri as TryFrom<T>>::Error: Into<http::Error>,
            {
                self.front.$name(uri)
            }
        )*}
    };
}

each_verb!(begins);

impl Insist<Ureq> for Agent {
    /// Makes an agent that shares its connections with this one, and lays these settings over its own.
    fn insist(self, settings: &Settings) -> Self {
        Self::new(self.core.plain.clone(), self.config.insisting(settings), self.core.call_config.is_interruptible)
    }
}

impl Config {
    /// Makes an agent of this crate with this configuration.
    pub fn new_agent(&self) -> Agent {
        self.clone().into()
    }
}

impl From<Config> for Agent {
    fn from(config: Config) -> Self {
        Self::new_with_config(config)
    }
}

impl fmt::Debug for Agent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.core.plain.fmt(f)
    }
}

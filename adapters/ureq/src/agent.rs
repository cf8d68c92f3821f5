//! The agent: one of ureq's that makes requests, and one that sends the attempts of their calls.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ureq::http::{self, Request, Response, Uri};
use ureq::typestate::{AgentScope, HttpCrateScope, WithBody, WithoutBody};
use ureq::unversioned::resolver::{DefaultResolver, Resolver};
use ureq::unversioned::transport::{Connector, DefaultConnector};
use ureq::{AsSendBody, Body, Error, RequestBuilder};

use crate::asked::Nowhere;
use crate::config::{Config, ConfigBuilder};
use crate::insist::Insist;
use crate::insists::Insists;
use crate::settings::Settings;
use crate::transport::{Cancellable, Timed};

/// An agent whose calls insist. It keeps connections, and cookies, between them.
///
/// Clones share both, and its gates and replicas, and may be used from several threads at once: nothing else about a
/// call is kept in an agent. So does the agent that a method of [`Insist`] makes of another one, whose calls differ only
/// in what they insist on:
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
    /// Makes requests, and hands each to the middleware that makes a call of it. It has no connections of its own.
    front: ureq::Agent,
    core: Arc<Core>,
}

/// What the calls of an agent go by.
pub(crate) struct Core {
    /// Sends the attempts.
    pub(crate) plain: ureq::Agent,
    pub(crate) config: Config,
    /// Whether an answer with status 4xx or 5xx becomes an error.
    pub(crate) hides_answers: bool,
    /// How long a call may take.
    pub(crate) global: Option<Duration>,
    /// Whether its calls may begin with [`first`](crate::first), if their requests say nothing else.
    pub(crate) is_simple: bool,
}

impl Agent {
    /// Makes an agent with defaults.
    pub fn new_with_defaults() -> Self {
        Self::new_with_config(Config::default())
    }

    /// Makes an agent with this configuration.
    pub fn new_with_config(config: Config) -> Self {
        Self::with_parts(config, DefaultConnector::default(), DefaultResolver::default())
    }

    /// The same as [`Config::builder`].
    pub fn config_builder() -> ConfigBuilder<AgentScope> {
        Config::builder()
    }

    /// Makes an agent with a transport and a resolver of its own.
    ///
    /// _Both traits are ureq's `unversioned` API._ Attempts that lose a race are cancelled through what the connector
    /// registers with `ConnectionDetails::register_shutdown`; one that registers nothing is not interrupted.
    pub fn with_parts(config: Config, connector: impl Connector, resolver: impl Resolver) -> Self {
        let plain = ureq::Agent::with_parts(config.plain().clone(), Cancellable(connector), Timed(resolver));
        Self::new(plain, config)
    }

    fn new(plain: ureq::Agent, config: Config) -> Self {
        let core = Arc::new(Core {
            hides_answers: config.http_status_as_error(),
            global: config.timeouts().global,
            is_simple: config.timeouts().global.is_none() && config.settings().are_simple(),
            plain,
            config,
        });
        let front = core.config.with_middleware(Insists(Arc::clone(&core)));
        Self { front: ureq::Agent::with_parts(front, Nowhere, Nowhere), core }
    }

    /// Returns the configuration.
    pub fn config(&self) -> &Config {
        &self.core.config
    }

    /// Locks the jar of the agent's cookies. Let go of it before the agent is used again.
    #[cfg(feature = "cookies")]
    pub fn cookie_jar_lock(&self) -> ureq::CookieJar<'_> {
        self.core.plain.cookie_jar_lock()
    }

    /// Closes every connection of the agent and of all that share them, in use or not, and opens no more.
    ///
    /// A call in flight fails at once. One that waits for its next attempt fails when the wait is over.
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

/// Makes something of each of ureq's methods: its name, its verb, and whether its requests have a body.
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

impl Insist for Agent {
    /// Makes an agent that shares its connections with this one, and whose calls insist on these settings.
    fn insist(self, settings: &Settings) -> Self {
        Self::new(self.core.plain.clone(), self.core.config.insisting(settings))
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

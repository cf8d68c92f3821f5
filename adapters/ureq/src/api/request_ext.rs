//! Runs a request of the `http` crate with an agent: ureq's extension trait, for agents that insist.

use std::borrow::Borrow;
use std::fmt;

use ureq::config::ConfigBuilder;
use ureq::http::{Request, Response};
use ureq::middleware::Middleware;
use ureq::typestate::HttpCrateScope;
use ureq::{AsSendBody, Body, Error};

use super::agent::Agent;
use super::config::setters::{header_setters, setters};

/// Runs a request of the `http` crate, with one agent or another.
///
/// ```no_run
/// use insist_ureq::{Agent, RequestExt, http};
///
/// let agent = Agent::new_with_defaults();
/// let request = http::Request::get("http://example.com/").body(())?;
/// let response = request.with_agent(&agent).configure().https_only(false).run()?;
/// # Ok::<_, insist_ureq::Error>(())
/// ```
pub trait RequestExt<S: AsSendBody>: Sized {
    /// Gives the request an agent of its own.
    fn with_default_agent(self) -> WithAgent<S> {
        self.with_agent(Agent::new_with_defaults())
    }

    /// Gives the request this agent, owned or borrowed.
    fn with_agent(self, agent: impl Borrow<Agent>) -> WithAgent<S>;

    /// Configures a request inside a middleware. `None` for a request that ureq did not give to the middleware.
    fn middleware_config(self) -> Option<ConfigBuilder<HttpCrateScope<S>>>;
}

impl<S: AsSendBody> RequestExt<S> for Request<S> {
    fn with_agent(self, agent: impl Borrow<Agent>) -> WithAgent<S> {
        WithAgent { agent: agent.borrow().clone(), request: self }
    }

    fn middleware_config(self) -> Option<ConfigBuilder<HttpCrateScope<S>>> {
        ureq::RequestExt::middleware_config(self)
    }
}

/// A request and the agent that is to run it.
pub struct WithAgent<S: AsSendBody> {
    agent: Agent,
    request: Request<S>,
}

impl<S: AsSendBody> WithAgent<S> {
    /// Configures this request.
    pub fn configure(self) -> WithAgentBuilder<S> {
        WithAgentBuilder { plain: self.agent.configure_request(self.request), agent: self.agent }
    }

    /// Runs the request.
    ///
    /// # Errors
    ///
    /// Those of ureq; see [the crate](crate#what-comes-back).
    pub fn run(self) -> Result<Response<Body>, Error> {
        self.agent.run(self.request)
    }
}

impl<S: AsSendBody> fmt::Debug for WithAgent<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { agent, request } = self;
        f.debug_struct("WithAgent")
            .field("agent", agent)
            .field("method", request.method())
            .field("uri", request.uri())
            .finish_non_exhaustive()
    }
}

/// Configures a request that has its agent.
pub struct WithAgentBuilder<S: AsSendBody> {
    agent: Agent,
    plain: ConfigBuilder<HttpCrateScope<S>>,
}

impl<S: AsSendBody> WithAgentBuilder<S> {
    /// Returns the request, configured.
    pub fn build(self) -> WithAgent<S> {
        WithAgent { request: self.plain.build(), agent: self.agent }
    }

    /// Runs the request.
    ///
    /// # Errors
    ///
    /// Those of ureq; see [the crate](crate#what-comes-back).
    pub fn run(self) -> Result<Response<Body>, Error> {
        self.build().run()
    }
}

impl<S: AsSendBody> fmt::Debug for WithAgentBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WithAgentBuilder").field("agent", &self.agent).finish_non_exhaustive()
    }
}

macro_rules! hand_on {
    (() $($(#[$attribute:meta])* $name:ident($value:ty);)*) => {
        impl<S: AsSendBody> WithAgentBuilder<S> {$(
            #[doc = concat!("Sets it [as in ureq](ureq::config::ConfigBuilder::", stringify!($name), ").")]
            $(#[$attribute])*
            pub fn $name(mut self, v: $value) -> Self {
                self.plain = self.plain.$name(v);
                self
            }
        )*}
    };
}

setters! { hand_on () }
header_setters! { hand_on () }
hand_on! { () http_status_as_error(bool); }

impl<S: AsSendBody> WithAgentBuilder<S> {
    /// Sets it [as in ureq](ureq::config::ConfigBuilder::middleware): it has no effect on a request.
    pub fn middleware(mut self, v: impl Middleware) -> Self {
        self.plain = self.plain.middleware(v);
        self
    }
}

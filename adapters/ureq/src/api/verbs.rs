//! The free functions. Each makes an agent of its own, with the default configuration.

use ureq::http::{self, Request, Response, Uri};
use ureq::typestate::{WithBody, WithoutBody};
use ureq::{AsSendBody, Body, Error, RequestBuilder};

use super::agent::{Agent, each_verb};

/// Runs a request of the `http` crate.
///
/// # Errors
///
/// Those of ureq; see [the crate](crate#what-comes-back).
pub fn run(request: Request<impl AsSendBody>) -> Result<Response<Body>, Error> {
    Agent::new_with_defaults().run(request)
}

/// Makes an agent with the default configuration.
pub fn agent() -> Agent {
    Agent::new_with_defaults()
}

macro_rules! begins {
    ($($name:ident $method:literal $body:ty;)*) => {$(
        #[doc = concat!("Begins a ", $method, " request, with an agent of its own.")]
        #[must_use]
        pub fn $name<T>(uri: T) -> RequestBuilder<$body>
        where
            Uri: TryFrom<T>,
            <Uri as TryFrom<T>>::Error: Into<http::Error>,
        {
            Agent::new_with_defaults().$name(uri)
        }
    )*};
}

each_verb!(begins);

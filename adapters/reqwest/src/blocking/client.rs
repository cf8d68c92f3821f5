//! The blocking client.

use std::sync::Arc;

use reqwest::blocking::Response;
use reqwest::{Error, IntoUrl, Method, Request};

use super::builder::ClientBuilder;
use super::request::RequestBuilder;
use super::thread::{Held, Thread};

/// reqwest's blocking `Client`, whose calls insist. Clones share the connections.
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) client: crate::Client,
    pub(super) thread: Arc<Thread>,
}

macro_rules! verbs {
    ($($name:ident $method:ident)*) => {$(
        #[doc = concat!("Starts building a ", stringify!($method), " request.")]
        ///
        /// # Errors
        ///
        /// An invalid address is an error of `send`.
        pub fn $name<U: IntoUrl>(&self, url: U) -> RequestBuilder {
            self.request(Method::$method, url)
        }
    )*};
}

impl Client {
    /// Makes a client with reqwest's defaults, whose calls insist.
    ///
    /// # Panics
    ///
    /// If TLS cannot be initialized, the resolver cannot read the system's configuration, or there is no thread to be had.
    /// [`Client::builder`] returns an error instead.
    #[must_use]
    pub fn new() -> Self {
        match ClientBuilder::new().build() {
            Ok(client) => client,
            Err(error) => panic!("Client::new(): {error:?}"),
        }
    }

    /// Starts building a client.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }

    verbs! { get GET post POST put PUT patch PATCH delete DELETE head HEAD }

    /// Starts building a request with this method.
    ///
    /// # Errors
    ///
    /// An invalid address is an error of `send`.
    pub fn request<U: IntoUrl>(&self, method: Method, url: U) -> RequestBuilder {
        RequestBuilder { builder: self.client.request(method, url), thread: Arc::clone(&self.thread) }
    }

    /// Makes the call of a request.
    ///
    /// # Errors
    ///
    /// Returns the last error of the call's attempts, or why it had none. A status is no error.
    pub fn execute(&self, request: Request) -> Result<Response, Error> {
        wait(&self.thread, self.client.execute(request))
    }
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

/// Waits for a call that the thread drives.
pub(super) fn wait(
    thread: &Arc<Thread>,
    call: impl Future<Output = Result<reqwest::Response, Error>> + Send + 'static,
) -> Result<Response, Error> {
    let answer = thread.wait(call)?;
    let url = answer.url().clone();
    let (mut parts, body) = http::Response::<reqwest::Body>::from(answer).into_parts();
    crate::answer::keep_url(&mut parts, url);
    let body = reqwest::Body::wrap(Held { body, _thread: Arc::clone(thread) });
    Ok(http::Response::from_parts(parts, body).into())
}

//! reqwest's client, whose calls insist.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use reqwest::{Error, IntoUrl, Method, Request, Response};

use crate::builder::ClientBuilder;
use crate::call::execute;
use crate::request::RequestBuilder;
use crate::settings::Settings;

/// reqwest's `Client`, whose calls insist. Clones share the connections.
///
/// Code that needs reqwest's own client gets it with `as_ref()`; its calls do not insist.
#[derive(Clone)]
pub struct Client {
    pub(crate) plain: reqwest::Client,
    pub(crate) core: Arc<Core>,
}

/// Holds what the calls of a client share.
pub(crate) struct Core {
    pub(crate) settings: Settings,
    /// The client's total timeout, if it is known.
    pub(crate) total_timeout: Option<Duration>,
    /// True if redirects are noticed.
    pub(crate) sees_redirects: bool,
    /// True if a first attempt that succeeds is all of a call.
    pub(crate) is_simple: bool,
}

impl Core {
    pub(crate) fn new(settings: Settings, total_timeout: Option<Duration>, sees_redirects: bool) -> Arc<Self> {
        let is_simple = settings.are_simple() && !cfg!(any(feature = "metrics", feature = "tracing"));
        Arc::new(Self { settings, total_timeout, sees_redirects, is_simple })
    }
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
    /// If TLS cannot be initialized, or the resolver cannot read the system's configuration, as reqwest does.
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
        RequestBuilder { plain: self.plain.request(method, url), core: Arc::clone(&self.core), own: None }
    }

    /// Makes the call of a request.
    ///
    /// # Errors
    ///
    /// Returns the last error of the call's attempts, or why it had none. A status is no error.
    pub fn execute(&self, request: Request) -> impl Future<Output = Result<Response, Error>> + use<> {
        execute(self.plain.clone(), request, Arc::clone(&self.core), None)
    }
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

/// Makes a client of reqwest's own insist. Its total timeout is not known, so each attempt has it anew; nor are its
/// redirects seen, so an attempt is never known to be unsent; nor are its own retries turned off.
impl From<reqwest::Client> for Client {
    fn from(plain: reqwest::Client) -> Self {
        Self { plain, core: Core::new(Settings::new(), None, false) }
    }
}

/// Returns reqwest's own client, whose calls do not insist.
impl AsRef<reqwest::Client> for Client {
    fn as_ref(&self) -> &reqwest::Client {
        &self.plain
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("plain", &self.plain).field("settings", &self.core.settings).finish()
    }
}

/// The future of a call that was made through tower's `Service`.
#[must_use = "nothing is sent before it is awaited"]
pub struct Pending(Pin<Box<dyn Future<Output = Result<Response, Error>> + Send>>);

impl Future for Pending {
    type Output = Result<Response, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context)
    }
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").finish_non_exhaustive()
    }
}

macro_rules! service {
    ($($client:ty),*) => {$(
        impl tower_service::Service<Request> for $client {
            type Response = Response;
            type Error = Error;
            type Future = Pending;

            fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
                Poll::Ready(Ok(()))
            }

            fn call(&mut self, request: Request) -> Pending {
                Pending(Box::pin(self.execute(request)))
            }
        }
    )*};
}

service!(Client, &Client);

/// Makes the call of one GET request, with a client of its own.
///
/// # Errors
///
/// Returns the last error of the call's attempts, or why it had none. A status is no error.
pub async fn get<T: IntoUrl>(url: T) -> Result<Response, Error> {
    Client::builder().build()?.get(url).send().await
}

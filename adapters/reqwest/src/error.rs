//! Makes errors of reqwest for calls that ended without one.
//!
//! `reqwest::Error` has no public constructor. A request whose time is up before it can connect makes a real timeout, and a
//! connector that fails at once a real failure with our reason among its sources. Neither touches the network.

use std::cell::Cell;
use std::error;
use std::fmt;
use std::future::{Future, Pending, Ready, pending, poll_fn, ready};
use std::marker::PhantomData;
use std::pin::pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};
use std::time::Duration;

use insist_core::{NoOutcome, Policy, Reason};
use insist_http::BoxError;
use insist_http::client::GaveUp;
use reqwest::{Client, Error, Url};
use tower_layer::Layer;
use tower_service::Service;

/// The most lanes that a call has room for.
pub(crate) const LANES: usize = insist_tokio::LANES;

/// Makes the error of a call in which no attempt had an outcome.
pub(crate) async fn without_outcome(url: &Url, none: &NoOutcome, policy: &Policy) -> Error {
    // Attempts that were sent and had no outcome took too long.
    if none.attempts() > 0 || none.reason() == Reason::Deadline {
        return timed_out(url).await;
    }
    let gave_up = match none.reason() {
        Reason::Invalid => policy.validate().err().map_or(GaveUp::Lanes(LANES), GaveUp::Policy),
        reason => none.refusal().map_or(GaveUp::Because(reason), GaveUp::Refused),
    };
    nothing_sent(url, gave_up).await
}

/// Makes a timeout error.
pub(crate) async fn timed_out(url: &Url) -> Error {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    let client = CLIENT.get_or_init(|| client(Hangs));
    match client.get(url.clone()).timeout(Duration::ZERO).send().await {
        Err(error) => error,
        Ok(_) => unreachable!("its connector never connects"),
    }
}

thread_local! {
    static REASON: Cell<Option<BoxError>> = const { Cell::new(None) };
}

/// Makes an error that says why nothing was sent, with the reason among its sources.
pub(crate) async fn nothing_sent(url: &Url, reason: impl error::Error + Send + Sync + 'static) -> Error {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    let client = CLIENT.get_or_init(|| client(Refuses));
    let mut reason = Some(BoxError::from(reason));
    let mut call = pin!(client.get(url.clone()).send());
    // The connector is called while the call is polled, on its thread.
    let result = poll_fn(|context| {
        REASON.set(reason.take());
        let polled = call.as_mut().poll(context);
        reason = REASON.take();
        polled
    });
    match result.await {
        Err(error) => error,
        Ok(_) => unreachable!("its connector never connects"),
    }
}

/// Makes a client that connects by this.
fn client<L: Connect>(connect: L) -> Client {
    let builder = Client::builder().no_proxy().retry(reqwest::retry::never());
    match builder.connector_layer(Connector(connect)).build() {
        Ok(client) => client,
        Err(error) => panic!("reqwest cannot make a client: {error}"),
    }
}

/// The ways of not connecting.
trait Connect: Copy + fmt::Debug + Send + Sync + 'static {
    type Future<T: Send + 'static>: Future<Output = Result<T, BoxError>> + Send + 'static;

    fn connect<T: Send + 'static>(self) -> Self::Future<T>;
}

#[derive(Clone, Copy, Debug)]
struct Hangs;

impl Connect for Hangs {
    type Future<T: Send + 'static> = Pending<Result<T, BoxError>>;

    fn connect<T: Send + 'static>(self) -> Self::Future<T> {
        pending()
    }
}

#[derive(Clone, Copy, Debug)]
struct Refuses;

impl Connect for Refuses {
    type Future<T: Send + 'static> = Ready<Result<T, BoxError>>;

    fn connect<T: Send + 'static>(self) -> Self::Future<T> {
        ready(Err(REASON.take().unwrap_or_else(|| "nothing was sent".into())))
    }
}

#[derive(Clone, Copy, Debug)]
struct Connector<K>(K);

/// A connector in the place of reqwest's own, whose types have no names.
struct InPlaceOf<S, K>(K, PhantomData<fn() -> S>);

impl<S, K: Copy> Clone for InPlaceOf<S, K> {
    fn clone(&self) -> Self {
        Self(self.0, PhantomData)
    }
}

impl<S, K: Copy> Layer<S> for Connector<K> {
    type Service = InPlaceOf<S, K>;

    fn layer(&self, _: S) -> Self::Service {
        InPlaceOf(self.0, PhantomData)
    }
}

impl<S, K, R> Service<R> for InPlaceOf<S, K>
where
    S: Service<R, Response: Send + 'static, Error = BoxError>,
    K: Connect,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = K::Future<S::Response>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: R) -> Self::Future {
        self.0.connect()
    }
}

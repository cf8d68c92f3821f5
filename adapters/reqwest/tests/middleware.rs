//! The middleware: the middlewares after it are asked once an attempt.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use http::Extensions;
use insist_flaky::{Answer, Server};
use insist_reqwest::insisting::{InsistMiddleware, Policy, ReportSlot, Rules, Settings};
use insist_reqwest::{Request, Response};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware, Error, Middleware, Next, Result};

/// Counts the attempts, and numbers them in the extensions.
#[derive(Clone, Default)]
struct Counts(Arc<AtomicU32>);

#[derive(Clone, Debug, PartialEq)]
struct Number(u32);

#[async_trait::async_trait]
impl Middleware for Counts {
    async fn handle(&self, request: Request, extensions: &mut Extensions, next: Next<'_>) -> Result<Response> {
        extensions.insert(Number(self.0.fetch_add(1, SeqCst) + 1));
        next.run(request, extensions).await
    }
}

fn client(settings: Settings, counts: &Counts) -> ClientWithMiddleware {
    let plain = reqwest::Client::builder().no_proxy().build().unwrap();
    ClientBuilder::new(plain).with(InsistMiddleware::new(settings)).with(counts.clone()).build()
}

fn settings() -> Settings {
    Settings::new().policy(Policy::zero())
}

#[tokio::test]
async fn an_attempt_passes_the_middlewares_after_it_and_the_last_ones_extensions_go_back() {
    let server = Server::start([Answer::status(503), Answer::reset(), Answer::ok("hello")]).unwrap();
    let (counts, slot) = (Counts::default(), ReportSlot::new());
    let client = client(settings().report_to(&slot), &counts);
    let mut extensions = Extensions::new();
    let request = client.get(server.url()).build().unwrap();
    let answer = client.execute_with_extensions(request, &mut extensions).await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "hello");
    assert_eq!(extensions.get(), Some(&Number(3)));
    assert_eq!(slot.take().unwrap().attempts, 3);
}

#[tokio::test]
async fn a_stream_is_sent_again_where_reqwest_retry_refuses_it() {
    let server = Server::start([Answer::status(503), Answer::ok("")]).unwrap();
    let pieces = [Ok::<_, std::io::Error>("one "), Ok("two")];
    let body = reqwest::Body::wrap_stream(futures_lite::stream::iter(pieces));
    let answer = client(settings(), &Counts::default()).put(server.url()).body(body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(server.requests().iter().all(|seen| seen.body == b"one two"));
    assert_eq!(server.request_count(), 2);
}

#[tokio::test]
async fn a_post_is_sent_once_and_its_error_is_reqwests() {
    let server = Server::start([Answer::reset(), Answer::ok("")]).unwrap();
    let error = client(settings(), &Counts::default()).post(server.url()).body("x").send().await.unwrap_err();
    let Error::Reqwest(error) = error else { panic!("{error:?}") };
    assert!(error.is_request(), "{error:?}");
    assert_eq!(server.request_count(), 1);
}

#[tokio::test]
async fn an_error_of_another_middleware_stops() {
    struct Refuses(Counts);

    #[async_trait::async_trait]
    impl Middleware for Refuses {
        async fn handle(&self, _: Request, _: &mut Extensions, _: Next<'_>) -> Result<Response> {
            self.0.0.fetch_add(1, SeqCst);
            Err(Error::middleware(std::io::Error::other("no token")))
        }
    }

    let counts = Counts::default();
    let client = ClientBuilder::new(reqwest::Client::new())
        .with(InsistMiddleware::new(settings()))
        .with(Refuses(counts.clone()))
        .build();
    let error = client.get("http://localhost:1/").send().await.unwrap_err();
    assert_eq!(error.to_string(), "no token");
    assert_eq!(counts.0.load(SeqCst), 1);
}

#[tokio::test]
async fn what_makes_no_sense_is_said() {
    let says = |settings| async move {
        client(settings, &Counts::default()).get("http://localhost:1/").send().await.unwrap_err().to_string()
    };
    let text = says(Settings::new().policy(Policy::zero().attempts(0))).await;
    assert!(text.contains("attempts is 0; a call needs at least 1"), "{text}");
    let text = says(Settings::new().rules(Rules::new().retry_status(4))).await;
    assert!(text.contains("retry_status is 4"), "{text}");
}

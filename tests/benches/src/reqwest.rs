//! GETs on one connection that is kept alive, by reqwest and by what insists around it. The server is another process.

use std::future::Future;
use std::hint::black_box;
use std::time::Duration;

use insist_reqwest::Insist;
use insist_reqwest::insisting::{InsistMiddleware, Policy, Settings};
use insist_tokio::tower::Layer;
use reqwest_middleware::ClientWithMiddleware;
use reqwest_retry::RetryTransientMiddleware;
use reqwest_retry::policies::ExponentialBackoff;
use tower::{Service, ServiceBuilder, ServiceExt};

use crate::Job;
use crate::http::SERVER;

/// All of them, the plain one first.
pub static JOBS: &[Job] = &[
    Job { name: "reqwest", run: plain },
    Job { name: "insist-reqwest", run: insist },
    Job { name: "with an attempt timeout", run: timeout },
    Job { name: "with two lanes", run: hedge },
    Job { name: "insist-reqwest's middleware", run: insist_middleware },
    Job { name: "reqwest-middleware, empty", run: middleware },
    Job { name: "reqwest-retry", run: retry },
    Job { name: "tower layer", run: tower },
];

fn url() -> String {
    std::env::var(SERVER).expect("figures names the server")
}

/// Runs a GET so many times, on one thread.
fn run<A: Future<Output = usize>>(rounds: u64, mut get: impl FnMut() -> A) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        for _ in 0..rounds {
            black_box(get().await);
        }
    });
}

fn reqwest_client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().retry(reqwest::retry::never()).build().expect("a client")
}

async fn length(answer: reqwest::Response) -> usize {
    answer.bytes().await.expect("a body").len()
}

fn plain(_: u32, rounds: u64) {
    let (url, client) = (url(), reqwest_client());
    run(rounds, || async { length(client.get(&url).send().await.expect("an answer")).await });
}

fn insisting(rounds: u64, policy: Policy) {
    let client = insist_reqwest::Client::builder().no_proxy().policy(policy).build().expect("a client");
    let url = url();
    run(rounds, || async { length(client.get(&url).send().await.expect("an answer")).await });
}

fn insist(_: u32, rounds: u64) {
    insisting(rounds, Policy::default());
}

fn timeout(_: u32, rounds: u64) {
    insisting(rounds, Policy::default().attempt_timeout(Duration::from_secs(10)));
}

fn hedge(_: u32, rounds: u64) {
    insisting(rounds, Policy::default().lanes(2).hedge_after(Duration::from_secs(10)));
}

fn through(rounds: u64, client: &ClientWithMiddleware) {
    let url = url();
    run(rounds, || async { length(client.get(&url).send().await.expect("an answer")).await });
}

fn insist_middleware(_: u32, rounds: u64) {
    let insist = InsistMiddleware::new(Settings::new());
    through(rounds, &reqwest_middleware::ClientBuilder::new(reqwest_client()).with(insist).build());
}

fn middleware(_: u32, rounds: u64) {
    through(rounds, &reqwest_middleware::ClientBuilder::new(reqwest_client()).build());
}

fn retry(_: u32, rounds: u64) {
    let policy = ExponentialBackoff::builder().build_with_max_retries(3);
    let retry = RetryTransientMiddleware::new_with_policy(policy);
    through(rounds, &reqwest_middleware::ClientBuilder::new(reqwest_client()).with(retry).build());
}

fn tower(_: u32, rounds: u64) {
    let url: reqwest::Url = url().parse().expect("an address");
    let layer = Layer::retry(Policy::default()).clone_with(reqwest::Request::try_clone);
    let client = ServiceBuilder::new().layer(layer).service(reqwest_client());
    run(rounds, || {
        let request = reqwest::Request::new(reqwest::Method::GET, url.clone());
        let mut client = client.clone();
        async move { length(client.ready().await.expect("ready").call(request).await.expect("an answer")).await }
    });
}

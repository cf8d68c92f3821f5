//! A program on reqwest-middleware. Before, its line said
//! `RetryTransientMiddleware::new_with_policy(ExponentialBackoff::builder().build_with_max_retries(3))`.

use std::time::{Duration, Instant};

use insist_flaky::{Answer, Server};
use insist_reqwest::insisting::{InsistMiddleware, Policy, Settings};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware, Result};

const POLICY: Policy = Policy::exponential(Duration::from_millis(10)).attempts(4);

async fn order(client: &ClientWithMiddleware, url: String) -> Result<u16> {
    Ok(client.post(url).json(&["tea"]).send().await?.status().as_u16())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let plain = reqwest::Client::builder().no_proxy().build()?;
    let insist = InsistMiddleware::new(Settings::new().policy(POLICY));
    let client = ClientBuilder::new(plain).with(insist).build();

    let busy = Answer::status(503).header("Retry-After", "1");
    let server = Server::start([busy.clone(), Answer::ok("hello")]).expect("a port is free");
    let started = Instant::now();
    assert_eq!(client.get(server.url()).send().await?.text().await?, "hello");
    assert!(started.elapsed() >= Duration::from_secs(1), "the server asked for a second");

    // An order that may have been taken is not placed again.
    let server = Server::start([busy, Answer::ok("")]).expect("a port is free");
    assert_eq!(order(&client, server.url()).await?, 503);
    assert_eq!(server.request_count(), 1);
    Ok(())
}

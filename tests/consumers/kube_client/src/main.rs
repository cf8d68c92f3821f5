//! A Kubernetes client whose requests insist: the layer lies in kube's own stack.

use std::time::Duration;

use hyper_util::client::legacy::Client as Http;
use hyper_util::rt::TokioExecutor;
use insist::Policy;
use insist::tower::Layer;
use insist_flaky::{Answer, Server};
use kube::Client;
use kube::client::middleware::BaseUriLayer;
use tower::ServiceBuilder;

const POLICY: Policy = Policy::exponential(Duration::from_millis(10)).attempts(4);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let version = r#"{"major":"1","minor":"34","gitVersion":"","gitCommit":"","gitTreeState":"","buildDate":"",
        "goVersion":"","compiler":"","platform":""}"#;
    let server = Server::start([Answer::status(503), Answer::reset(), Answer::ok(version)])?;

    let stack = ServiceBuilder::new()
        .layer(BaseUriLayer::new(server.url().parse()?))
        .layer(Layer::http(&POLICY))
        .service(Http::builder(TokioExecutor::new()).build_http());
    let client = Client::new(stack, "default");
    assert_eq!(client.apiserver_version().await?.minor, "34");
    assert_eq!(server.request_count(), 3);
    Ok(())
}

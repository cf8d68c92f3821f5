//! A tonic client whose channel insists: statuses, pushback, and a body that is sent again, in one line.

mod codec;
mod server;

use std::time::{Duration, Instant};

use bytes::Bytes;
use codec::Raw;
use insist::Policy;
use insist::tower::Layer;
use tonic::body::Body;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Endpoint;
use tower::ServiceBuilder;

static POLICY: Policy = Policy::grpc();

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (url, calls) = server::start().await?;
    let channel = Endpoint::from_shared(url)?.connect_lazy();
    let channel = ServiceBuilder::new().layer(Layer::grpc(&POLICY).wrap_body(Body::new)).service(channel);

    // Generated clients take the channel the same way: `ShopClient::new(channel)`.
    let mut shop = tonic::client::Grpc::new(channel);
    let started = Instant::now();
    shop.ready().await?;
    let buy = PathAndQuery::from_static("/shop.Shop/Buy");
    let answer = shop.unary(tonic::Request::new(Bytes::from("tea")), buy, Raw).await?;
    assert_eq!(answer.into_inner(), "tea");
    assert_eq!(calls.lock().unwrap().len(), 3);
    assert!(started.elapsed() >= Duration::from_millis(80), "the server asked for 40 ms, twice");
    Ok(())
}

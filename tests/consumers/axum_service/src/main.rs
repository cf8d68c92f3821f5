//! A service on axum whose handler asks two backends. Each request insists: hedges for what is slow, a budget over all.

mod backend;

use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use backend::Backend;
use insist_flaky::{Answer, Server};

#[derive(Clone)]
struct Shop {
    prices: Backend,
    stock: Backend,
}

async fn offer(State(shop): State<Shop>) -> Result<String, StatusCode> {
    let (price, stock) = tokio::join!(shop.prices.get("/tea"), shop.stock.get("/tea"));
    Ok(format!("{} at {}", stock?, price?))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let prices = Server::start([Answer::status(503), Answer::ok("250")])?;
    let stock = Server::start([Answer::never(), Answer::ok("12")])?;
    let shop = Shop { prices: Backend::new(prices.url()), stock: Backend::new(stock.url()) };
    let app = Router::new().route("/offer", get(offer)).with_state(shop);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let own = Backend::new(format!("http://{}", listener.local_addr()?));
    tokio::spawn(async move { axum::serve(listener, app).await });

    let started = Instant::now();
    assert_eq!(own.get("/offer").await.unwrap(), "12 at 250");
    assert!(started.elapsed() < Duration::from_secs(10), "a hedge answered for the request that hung");
    assert!(prices.request_count() >= 2 && stock.request_count() >= 2);
    Ok(())
}

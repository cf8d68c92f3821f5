//! A program that knows reqwest only. Its servers fail at first, and it does not notice.

mod blocking;
mod server;

use std::time::Duration;

use futures_lite::StreamExt;
use reqwest::{Client, Error, StatusCode, multipart};
use serde::Deserialize;

#[derive(Deserialize)]
struct Price {
    cents: u32,
}

async fn price(client: &Client, shop: &str) -> Result<u32, Error> {
    let price: Price = client.get(format!("{shop}/price")).send().await?.error_for_status()?.json().await?;
    Ok(price.cents)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let (server, shop) = server::start();
    let client = Client::builder().user_agent("shopper/1").timeout(Duration::from_secs(20)).no_proxy().build()?;
    assert_eq!(price(&client, &shop).await?, 250);

    let form = multipart::Form::new().text("name", "tea").part("picture", multipart::Part::bytes(vec![7; 1000]));
    assert_eq!(client.put(format!("{shop}/form")).multipart(form).send().await?.status(), StatusCode::OK);

    let mut pieces = client.get(format!("{shop}/file")).send().await?.bytes_stream();
    let mut length = 0;
    while let Some(piece) = pieces.next().await {
        length += piece?.len();
    }
    assert_eq!(length, 100_000);
    assert_eq!(server.hits("/price") + server.hits("/form") + server.hits("/file"), 6);
    blocking::run(shop)
}

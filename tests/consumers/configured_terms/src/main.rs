use std::io;

use insist::{Breaker, Policy, Terms, When};

#[derive(serde::Deserialize)]
struct Config {
    address: String,
    retry: Policy,
}

struct Shop {
    address: String,
    terms: Terms<Policy, When<fn(&io::Error) -> bool>, (), Breaker>,
}

impl Shop {
    fn new(config: Config) -> Self {
        let is_transient: fn(&io::Error) -> bool = |error| error.kind() == io::ErrorKind::ConnectionReset;
        Self { address: config.address, terms: Terms::new(config.retry).when(is_transient).gate(Breaker::new(0.5)) }
    }

    fn price(&self) -> io::Result<u32> {
        insist::blocking::retry(&self.terms, |attempt| flaky(attempt.id, 100)).call()
    }

    async fn stock(&self) -> io::Result<u32> {
        insist::tokio::retry(&self.terms, |attempt| async move { flaky(attempt.id, 7) }).call().await
    }
}

fn flaky(attempt: u32, value: u32) -> io::Result<u32> {
    if attempt < 3 { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(value) }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let shop = Shop::new(toml::from_str(include_str!("../shop.toml"))?);
    assert_eq!((shop.address.as_str(), shop.price()?, shop.stock().await?), ("shop.example.com", 100, 7));
    Ok(())
}

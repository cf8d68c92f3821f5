use std::time::Duration;

use anyhow::{Context, Result, bail};
use insist::tokio::retry;
use insist::{Budget, Policy};

const POLICY: Policy = Policy::exponential(Duration::from_millis(1)).attempts(4).deadline(Duration::from_secs(10));
static BUDGET: Budget = Budget::new(0.1);

async fn fetch_stock(attempt: u32) -> Result<u32> {
    if attempt < 3 {
        bail!("the warehouse is busy");
    }
    "42".parse().context("the warehouse answered nonsense")
}

async fn stock() -> Result<u32> {
    let stock = retry(&POLICY, |attempt| fetch_stock(attempt.id))
        .gate(&BUDGET)
        .on_retry(|retry| eprintln!("{retry}"))
        .call()
        .await?;
    Ok(stock)
}

async fn never() -> Result<u32> {
    let slow = POLICY.attempt_timeout(Duration::from_millis(1)).attempts(2);
    retry(slow, |_| std::future::pending::<Result<u32>>()).call().await.context("no stock today")
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    assert_eq!(stock().await?, 42);
    let error = never().await.unwrap_err();
    assert_eq!(
        format!("{error:#}"),
        "no stock today: gave up after 2 attempts: no attempts were left; no attempt had a result"
    );
    Ok(())
}

use std::io;
use std::time::Duration;

use insist::{NoOutcome, Policy, Reason};

#[derive(Debug, thiserror::Error)]
enum ShopError {
    #[error("the shop cannot be reached")]
    Io(#[from] io::Error),
    #[error("sold out")]
    SoldOut,
    #[error(transparent)]
    NoAnswer(#[from] NoOutcome),
}

fn buy(attempt: u32) -> Result<&'static str, ShopError> {
    match attempt {
        1 => Err(io::Error::from(io::ErrorKind::ConnectionReset))?,
        2 => Ok("a teapot"),
        _ => Err(ShopError::SoldOut),
    }
}

fn is_transient(error: &ShopError) -> bool {
    matches!(error, ShopError::Io(_))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), ShopError> {
    let policy = Policy::zero().attempts(3).deadline(Duration::from_secs(5));
    assert_eq!(insist::blocking::retry(policy, |attempt| buy(attempt.id)).when(is_transient).call()?, "a teapot");
    let bought =
        insist::tokio::retry(policy, |attempt| async move { buy(attempt.id + 2) }).when(is_transient).call().await;
    assert!(matches!(bought, Err(ShopError::SoldOut)));

    let hangs = policy.attempt_timeout(Duration::from_millis(1)).attempts(1);
    let gave_up = insist::tokio::retry(hangs, |_| std::future::pending::<Result<(), ShopError>>()).call().await;
    assert!(matches!(gave_up, Err(ShopError::NoAnswer(none)) if none.reason() == Reason::Attempts));
    Ok(())
}

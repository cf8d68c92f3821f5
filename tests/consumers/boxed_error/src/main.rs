use std::cell::Cell;
use std::error::Error;
use std::num::ParseIntError;

use insist::Policy;
use insist::blocking::retry;

type BoxError = Box<dyn Error + Send + Sync>;

const POLICY: Policy = Policy::zero().attempts(2);

/// An operation whose error is a box.
fn port() -> Result<u16, BoxError> {
    retry(&POLICY, |_| -> Result<u16, BoxError> { Ok("8080".parse()?) }).call()
}

/// An operation with a plain error, and a value that is neither `Sync` nor `Send`.
fn shelf() -> Result<std::rc::Rc<Cell<u16>>, BoxError> {
    let parse = |text: &str| -> Result<_, ParseIntError> { Ok(std::rc::Rc::new(Cell::new(text.parse()?))) };
    Ok(retry(&POLICY, |attempt| parse(if attempt.id == 1 { "x" } else { "7" })).try_call()?)
}

async fn shelf_async(text: &'static str) -> Result<Cell<u16>, BoxError> {
    Ok(insist::tokio::retry(POLICY, |_| async move { text.parse().map(Cell::new) }).await?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    assert_eq!(port()?, 8080);
    assert_eq!(shelf()?.get(), 7);
    assert_eq!(shelf_async("9").await?.get(), 9);
    let error = shelf_async("x").await.unwrap_err();
    assert_eq!(error.to_string(), "gave up after 2 attempts: no attempts were left");
    assert_eq!(error.source().unwrap().to_string(), "invalid digit found in string");
    Ok(())
}

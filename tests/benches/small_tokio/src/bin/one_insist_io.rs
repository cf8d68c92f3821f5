//! One call site with insist-tokio whose error is std's, which can say why a call ended without an outcome.

use std::io;
use std::time::Duration;

use insist_small_tokio::answer;
use insist_tokio::{Policy, retry};

const POLICY: Policy = Policy::exponential(Duration::from_millis(100)).attempts(5);

async fn fetch() -> io::Result<usize> {
    answer(0).map_err(|_| io::ErrorKind::ConnectionReset.into())
}

fn main() {
    insist_small_tokio::run(&[|| tokio::spawn(retry(&POLICY, |_| fetch()).call())]);
}

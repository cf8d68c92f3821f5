//! A call by insist-tokio.

use std::time::Duration;

use insist_small_tokio::{Result, fetch};
use insist_tokio::{Policy, retry};

const POLICY: Policy = Policy::exponential(Duration::from_millis(100)).attempts(5);

pub(crate) fn call<const SITE: usize>() -> impl Future<Output = Result> + Send {
    retry(&POLICY, |_| fetch::<SITE>()).call()
}

//! A call by tokio-retry.

use insist_small_tokio::{Result, fetch};
use tokio_retry::Retry;
use tokio_retry::strategy::{ExponentialBackoff, jitter};

pub(crate) fn call<const SITE: usize>() -> impl Future<Output = Result> + Send {
    let delays = ExponentialBackoff::from_millis(2).factor(50).map(jitter).take(4);
    Retry::start(delays, fetch::<SITE>)
}

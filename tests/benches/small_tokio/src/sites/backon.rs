//! A call by backon.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use insist_small_tokio::{Result, fetch};

pub(crate) async fn call<const SITE: usize>() -> Result {
    let backoff = ExponentialBuilder::new().with_min_delay(Duration::from_millis(100)).with_max_times(4).with_jitter();
    fetch::<SITE>.retry(backoff).await
}

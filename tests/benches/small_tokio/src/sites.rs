//! What a call site is made of: a call with one library each, and the same by hand.

/// A call by backon.
pub mod backon {
    use std::time::Duration;

    use crate::{Result, fetch};
    use backon::{ExponentialBuilder, Retryable};

    /// Makes it.
    pub async fn call<const SITE: usize>() -> Result {
        let backoff =
            ExponentialBuilder::new().with_min_delay(Duration::from_millis(100)).with_max_times(4).with_jitter();
        fetch::<SITE>.retry(backoff).await
    }
}

/// A call by hand, with full jitter by a xorshift.
pub mod hand {
    use std::time::Duration;

    use crate::{Result, fetch, random_up_to};
    use tokio::time::sleep;

    /// Makes it.
    pub async fn call<const SITE: usize>() -> Result {
        let mut retry = 0;
        loop {
            match fetch::<SITE>().await {
                Err(_) if retry < 4 => {
                    sleep(Duration::from_millis(random_up_to(100 << retry))).await;
                    retry += 1;
                }
                result => return result,
            }
        }
    }
}

/// A call by insist-tokio.
pub mod insist {
    use std::time::Duration;

    use crate::{Result, fetch};
    use insist_tokio::{Policy, retry};

    const POLICY: Policy = Policy::exponential(Duration::from_millis(100)).attempts(5);

    /// Makes it.
    pub fn call<const SITE: usize>() -> impl Future<Output = Result> + Send {
        retry(&POLICY, |_| fetch::<SITE>()).call()
    }
}

/// A call by tokio-retry.
pub mod tokio_retry {
    use crate::{Result, fetch};
    use tokio_retry::Retry;
    use tokio_retry::strategy::{ExponentialBackoff, jitter};

    /// Makes it.
    pub fn call<const SITE: usize>() -> impl Future<Output = Result> + Send {
        let delays = ExponentialBackoff::from_millis(2).factor(50).map(jitter).take(4);
        Retry::start(delays, fetch::<SITE>)
    }
}

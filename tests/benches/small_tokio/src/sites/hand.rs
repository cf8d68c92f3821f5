//! A call by hand, with full jitter by a xorshift.

use std::time::Duration;

use insist_small_tokio::{Result, fetch, random_up_to};
use tokio::time::sleep;

pub(crate) async fn call<const SITE: usize>() -> Result {
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

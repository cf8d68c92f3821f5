//! One call site with a loop by hand whose error is std's.

use std::io;
use std::time::Duration;

use insist_small_tokio::{answer, random_up_to};

async fn fetch() -> io::Result<usize> {
    answer(0).map_err(|_| io::ErrorKind::ConnectionReset.into())
}

async fn call() -> io::Result<usize> {
    let mut retry = 0;
    loop {
        match fetch().await {
            Err(_) if retry < 4 => {
                tokio::time::sleep(Duration::from_millis(random_up_to(100 << retry))).await;
                retry += 1;
            }
            result => return result,
        }
    }
}

fn main() {
    insist_small_tokio::run(&[|| tokio::spawn(call())]);
}

//! Paused time is exact from the first call of a process, which is why this program has one test.

use std::time::Duration;

use insist_tokio::{Policy, retry};
use tokio::time::Instant;

/// The first call of a process waits as long as any other, whatever was done before it.
#[tokio::test(start_paused = true)]
async fn the_first_call_of_a_process_waits_as_long_as_it_should() {
    // The paused clock has stood still meanwhile.
    std::thread::sleep(Duration::from_millis(300));
    for _ in 0..3 {
        let started = Instant::now();
        let policy = Policy::constant(Duration::from_millis(100)).attempts(3);
        let call = retry(policy, |attempt| async move { if attempt.id < 3 { Err("down") } else { Ok(attempt.id) } });
        assert_eq!(call.call().await, Ok(3));
        assert_eq!(started.elapsed(), Duration::from_millis(200));
    }
}

//! Simulated time is exact from the first call of a process, which is why this program has one test.

use std::time::Duration;

use insist_futures::{Policy, retry};
use insist_madsim::MadsimTimer;
use madsim::runtime::Runtime;
use madsim::time::Instant;

/// The first call of a process waits as long as any other, and so does the first of a second simulation, which begins
/// before it.
#[test]
fn the_first_call_of_a_process_waits_as_long_as_it_should() {
    for _ in 0..2 {
        Runtime::with_seed_and_config(7, madsim::Config::default()).block_on(async {
            // The simulated clock has stood still meanwhile.
            std::thread::sleep(Duration::from_millis(300));
            for _ in 0..3 {
                let started = Instant::now();
                let policy = Policy::constant(Duration::from_millis(100)).attempts(3);
                assert!(retry(MadsimTimer, policy, |_| async { Err::<(), _>("down") }).call().await.is_err());
                // madsim adds some nanoseconds for each task that runs and each timer that fires.
                assert_eq!(started.elapsed().as_millis(), 200);
            }
        });
    }
}

//! Ten million steps, in chunks that two threads share; a chunk's calls are the same on any number of threads.

use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use insist_tests::difference::{Difference, NO_SLIP, hunt};
use insist_tests::random::many;

use crate::coverage::Coverage;

const STEPS: u32 = 10_000_000;
const CHUNKS: u64 = 64;
const THREADS: usize = 2;

/// The first of the numbers that pick the calls of each chunk.
const FIRST: u64 = 5000;

#[test]
fn ten_million_steps_are_what_the_laws_say() {
    let goal = u64::from(many(STEPS)).div_ceil(CHUNKS);
    let next = AtomicU64::new(0);
    let all = Mutex::new(Coverage::default());
    let found: Mutex<Vec<(u64, Difference)>> = Mutex::new(Vec::new());
    let work = || {
        while found.lock().unwrap().is_empty() {
            let chunk = next.fetch_add(1, Ordering::Relaxed);
            if chunk >= CHUNKS {
                break;
            }
            let mut seen = Coverage::default();
            let difference = hunt(FIRST + chunk, NO_SLIP, |record| {
                seen.add(record);
                seen.steps >= goal
            });
            all.lock().unwrap().merge(&seen);
            found.lock().unwrap().extend(difference.map(|difference| (chunk, difference)));
        }
    };
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(work);
        }
    });
    let mut found = found.into_inner().unwrap();
    found.sort_by_key(|(chunk, _)| *chunk);
    if let Some((chunk, difference)) = found.first() {
        panic!("among the calls of chunk {chunk}, {difference}");
    }
    let all = all.into_inner().unwrap();
    // Not through `eprintln`, which a test that passes keeps to itself.
    let _ = writeln!(
        std::io::stderr(),
        "ten_million_steps_are_what_the_laws_say: {} steps of {} calls",
        all.steps,
        all.calls
    );
    assert!(all.steps >= u64::from(many(STEPS)), "{all}");
    all.assert_nothing_is_missing();
}

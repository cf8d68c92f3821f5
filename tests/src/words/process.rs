//! Tests that count what the whole process has, each in a process of its own.

use std::process::Command;
use std::{fs, thread};

use super::{LONG, ms};

/// Set in the process of a test that is alone.
const ALONE: &str = "INSIST_TEST_IS_ALONE";

/// Runs the rest of a test, which is the closure in it, in a process in which nothing else runs.
///
/// # Panics
///
/// If the test fails there, or is not found.
pub fn alone<F: FnOnce()>(test: F) {
    if std::env::var_os(ALONE).is_some() {
        return test();
    }
    let mut alone = Command::new(std::env::current_exe().expect("this program has a path"));
    // One heap for all threads, so that its size tells what they left.
    alone.args(["--exact", name::<F>(), "--test-threads=1"]).env(ALONE, "1").env("MALLOC_ARENA_MAX", "1");
    let output = alone.output().expect("this program runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

/// The name of the test that a closure stands in, as the test harness knows it: its path without the crate's.
fn name<F>() -> &'static str {
    let path = std::any::type_name::<F>();
    let path = path.split_once("::{{closure}}").map_or(path, |(test, _)| test);
    path.split_once("::").map_or(path, |(_, name)| name)
}

/// The threads and the open descriptors of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// The number of threads.
    pub threads: usize,
    /// The number of descriptors.
    pub descriptors: usize,
}

impl Held {
    /// Returns what the process holds now.
    ///
    /// # Panics
    ///
    /// If the system does not tell.
    #[must_use]
    pub fn now() -> Self {
        let count = |folder| fs::read_dir(folder).expect("a system with /proc").count();
        Self { threads: count("/proc/self/task"), descriptors: count("/proc/self/fd") }
    }

    /// Waits until the process holds what it held before.
    ///
    /// # Panics
    ///
    /// If it holds something else for long.
    pub fn wait_for(self) {
        let mut now = Self::now();
        for _ in 0..LONG.as_millis() / 10 {
            if now == self {
                return;
            }
            thread::sleep(ms(10));
            now = Self::now();
        }
        panic!("the process held {self:?}, and holds {now:?}");
    }
}

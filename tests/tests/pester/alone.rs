//! Tests that count what the whole process has, each in a process of its own.

use std::fs;
use std::process::Command;
use std::thread;

use crate::{LONG, ms};

/// Set in the process of a test that is alone.
const ALONE: &str = "INSIST_TEST_IS_ALONE";

/// Runs the test of this name, as the test harness knows it, in a process in which nothing else runs.
pub(crate) fn alone(name: &str, test: impl FnOnce()) {
    if std::env::var_os(ALONE).is_some() {
        return test();
    }
    let mut alone = Command::new(std::env::current_exe().unwrap());
    // One heap for all threads, so that its size tells what they left.
    alone.args(["--exact", name, "--test-threads=1"]).env(ALONE, "1").env("MALLOC_ARENA_MAX", "1");
    let output = alone.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

/// The threads and the open descriptors of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) threads: usize,
    pub(crate) descriptors: usize,
}

impl Held {
    pub(crate) fn now() -> Self {
        let count = |folder| fs::read_dir(folder).unwrap().count();
        Self { threads: count("/proc/self/task"), descriptors: count("/proc/self/fd") }
    }

    /// Waits until the process holds what it held before.
    pub(crate) fn wait_for(self) {
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

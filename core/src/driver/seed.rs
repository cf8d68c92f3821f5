//! A seed for a call that was given none: different for every call, thread, process and machine.
//!
//! Each thread has a stream of its own, which takes no clock and meets no other thread at most seeds. A general generator
//! that seeds itself brings std's whole thread handle with it, 5 kB of a small program.

use core::cell::Cell;
use core::hash::{Hash, Hasher};
use core::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use crate::draw::{GOLDEN, mix};

/// The number of seeds from a stream before it restarts: the most that a copy of a running virtual machine can share
/// with the original.
const RUN: u64 = 16;

/// Counts the restarts of all streams, so that two threads that read the clock at one instant still differ.
static RUNS: AtomicUsize = AtomicUsize::new(0);

std::thread_local! {
    static STREAM: Stream = const { Stream::new() };
}

/// For drivers: a seed that no other call has. The clock tells machines apart, an address (which systems randomise) and
/// the process's id processes, and a count threads and calls. It is no secret.
///
/// The id is asked for each time, which is a system call of 0.1 µs on Linux: a process that forks goes on as two with the
/// same memory, and only the id tells that.
#[must_use]
pub fn fresh_seed() -> u64 {
    // Other systems have no fork, and some have no ids.
    let process = if cfg!(unix) { std::process::id() } else { 0 };
    STREAM.with(|stream| stream.seed(process))
}

/// SplitMix64 with a start of its own.
#[derive(Clone)]
struct Stream {
    state: Cell<u64>,
    /// The id of the process in the upper half, and the number of seeds left in the lower.
    mark: Cell<u64>,
}

impl Stream {
    const fn new() -> Self {
        Self { state: Cell::new(0), mark: Cell::new(0) }
    }

    #[inline]
    fn seed(&self, process: u32) -> u64 {
        let nothing_left = u64::from(process) << 32;
        // A mark of another process is out of this range as well: below it, it wraps.
        if self.mark.get().wrapping_sub(nothing_left + 1) >= RUN {
            self.begin(nothing_left);
        }
        self.mark.set(self.mark.get() - 1);
        let state = self.state.get();
        self.state.set(state.wrapping_add(GOLDEN));
        stir(state, GOLDEN)
    }

    /// Restarts the stream: mixes its state with an address, a count, the process's id and the clock.
    #[cold]
    #[inline(never)]
    fn begin(&self, nothing_left: u64) {
        let mut mixed = Mixed(self.state.get());
        mixed.write_u64(core::ptr::from_ref(&RUNS).addr() as u64);
        mixed.write_u64(RUNS.fetch_add(1, Ordering::Relaxed) as u64);
        mixed.write_u64(nothing_left);
        // Hashed without conversion: the subtraction that makes a number of it takes half a kilobyte of code.
        SystemTime::now().hash(&mut mixed);
        self.state.set(mixed.finish());
        self.mark.set(nothing_left + RUN);
    }
}

/// Not inlined, because it is most of what a seed adds to a small program.
#[inline(never)]
fn stir(state: u64, number: u64) -> u64 {
    mix(state.wrapping_add(number))
}

/// A hasher that mixes numbers in order.
struct Mixed(u64);

impl Hasher for Mixed {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    // Most systems' clocks hash as 32-bit and 64-bit numbers.
    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = stir(self.0, number);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use alloc::string::String;
    use alloc::vec::Vec;
    use std::process::{Command, Stdio};

    #[test]
    fn no_two_calls_draw_the_same_seed() {
        // On threads that run at once, and one after the other, which may reuse a thread's memory.
        let draw = || (0..10_000).map(|_| fresh_seed()).collect::<Vec<_>>();
        let together: Vec<_> = (0..8).map(|_| std::thread::spawn(draw)).collect();
        let mut seeds: Vec<u64> = together.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        (0..8).for_each(|_| seeds.extend(std::thread::spawn(draw).join().unwrap()));
        assert_eq!(BTreeSet::from_iter(&seeds).len(), 160_000);
    }

    /// Imitates a fork without unsafe code: the same stream goes on with other process ids.
    #[test]
    fn siblings_that_forked_draw_no_seed_twice() {
        let parent = Stream::new();
        let mut seeds: Vec<u64> = (0..7).map(|_| parent.seed(1)).collect();
        for process in 1..5 {
            let sibling = parent.clone();
            seeds.extend((0..100_000).map(|_| sibling.seed(process)));
        }
        assert_eq!(BTreeSet::from_iter(&seeds).len(), 400_007);
    }

    /// Imitates a virtual machine that is copied while it runs: the ids are the same.
    #[test]
    fn copies_of_a_machine_part_after_a_run() {
        let original = Stream::new();
        original.seed(1);
        let copy = original.clone();
        let same = (0..1000).filter(|_| original.seed(1) == copy.seed(1)).count();
        assert_eq!(same, RUN as usize - 1);
    }

    #[test]
    fn processes_draw_no_seed_twice() {
        const CHILD: &str = "INSIST_DRAWS_SEEDS";
        if std::env::var_os(CHILD).is_some() {
            (0..1000).for_each(|_| std::println!("seed {}", fresh_seed()));
            return;
        }
        let this = std::env::current_exe().unwrap();
        let name = "driver::seed::tests::processes_draw_no_seed_twice";
        let start = || {
            let mut command = Command::new(&this);
            command.args(["--exact", name, "--nocapture"]).env(CHILD, "1").stdout(Stdio::piped()).spawn().unwrap()
        };
        let children: Vec<_> = (0..4).map(|_| start()).collect();
        let mut seeds = BTreeSet::new();
        for child in children {
            let output = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
            seeds.extend(output.lines().filter_map(|line| line.strip_prefix("seed ")).map(String::from));
        }
        assert_eq!(seeds.len(), 4000);
    }

    #[test]
    fn every_part_of_what_is_mixed_counts_and_so_does_their_order() {
        fn mixed(parts: impl Hash) -> u64 {
            let mut mixed = Mixed(0);
            parts.hash(&mut mixed);
            mixed.finish()
        }
        let all =
            [mixed((1_u64, 2_u32)), mixed((1_u64, 3_u32)), mixed((2_u64, 1_u32)), mixed([1_u8, 2]), mixed([2_u8, 1])];
        assert_eq!(BTreeSet::from(all).len(), all.len());
    }
}

//! CPU time, where only time will do: the median of ratios to the same by hand, measured in turn in one process.

use insist_benches::{Job, full};
use rustix::time::{ClockId, clock_gettime};

use crate::table::{BLOCKING, BLOCKING_BORROWED, Row, Table};

/// Calls in a turn: some hundredths of a second.
const CALLS: u64 = 500_000;
const TURNS: usize = 31;

pub(crate) fn full(table: &mut Table) {
    let mut turns: Vec<Vec<f64>> = full::JOBS.iter().map(|_| Vec::new()).collect();
    for turn in 0..=TURNS {
        for (times, Job { run, .. }) in turns.iter_mut().zip(full::JOBS) {
            let before = cpu_nanos();
            run(0, CALLS);
            let took = (cpu_nanos() - before) / CALLS as f64;
            // The first warms up.
            if turn > 0 {
                times.push(took);
            }
        }
    }
    let by_hand = turns[full::JOBS.len() - 1].clone();
    let what = "a call whose first attempt succeeds";
    let mut ratios = Row::new(format!("CPU time, by hand is 1: {what}")).ratios();
    ratios = ratios.at_most(BLOCKING, 1.5).at_most(BLOCKING_BORROWED, 1.5);
    let mut nanos = Row::new(format!("nanoseconds of CPU time: {what}"));
    for (times, Job { name, .. }) in turns.iter().zip(full::JOBS) {
        ratios.cell(name, median(times.iter().zip(&by_hand).map(|(time, hand)| time / hand)));
        nanos.cell(name, median(times.iter().copied()));
    }
    table.push(ratios);
    table.push(nanos);
}

fn cpu_nanos() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_unstable_by(f64::total_cmp);
    figures[figures.len() / 2]
}

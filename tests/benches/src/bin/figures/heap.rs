//! Allocations, counted by an allocator that counts, and the heap that calls take while they wait.

use allocation_counter::measure as count;
use insist_benches::Job;
use insist_benches::pending::Pending;

use crate::table::{CORE, Row, Table};

/// Of a call whose first attempt succeeds, and of one with three retries.
pub(crate) fn allocations(table: &mut Table, jobs: &'static [Job]) {
    for (what, failures) in [("a call whose first attempt succeeds", 0), ("a call with 3 retries", 3)] {
        let mut row = Row::new(format!("allocations: {what}"));
        for Job { name, run } in jobs {
            if name.starts_with("insist") || name.starts_with("core") {
                row = row.at_most(name, 0.0);
            }
            // What is there once for all calls, such as a runtime, is not counted.
            let some = |calls| count(|| run(failures, calls)).count_total as f64;
            some(1);
            row.cell(name, (some(101) - some(1)) / 100.0);
        }
        table.push(row);
    }
}

/// Live heap of calls that wait in an event loop written by hand.
pub(crate) fn pending_calls(table: &mut Table) {
    for calls in [100_000, 1_000_000] {
        table.push(pending(calls));
    }
}

fn pending(calls: u32) -> Row {
    let mut kept = None;
    let live = count(|| kept = Some(Pending::new(calls))).bytes_current;
    // What was measured is a loop that works.
    let returned = kept.map(Pending::finish);
    assert_eq!(returned, Some(calls as usize), "a pending call did not return");
    let what = format!("bytes of live heap: each of {calls} pending calls in an event loop");
    Row::new(what).at_most(CORE, 128.0).with(CORE, live as f64 / f64::from(calls))
}

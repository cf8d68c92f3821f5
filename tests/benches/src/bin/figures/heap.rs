//! Allocations, counted by an allocator that counts, and the heap that calls take while they wait.

use allocation_counter::measure as count;
use insist_benches::{Job, calls, pending::Pending};

use crate::table::{INSIST, Row, Table};

pub(crate) fn measure(table: &mut Table) {
    allocations(table, "allocations of a call whose first attempt succeeds", 0);
    allocations(table, "allocations of a call with 3 retries", 3);
    for calls in [100_000, 1_000_000] {
        table.push(pending(calls));
    }
}

fn allocations(table: &mut Table, what: &str, failures: u32) {
    let mut row = Row::new(what).at_most(0.0);
    for Job { name, run } in calls::JOBS {
        // The first call may set up what is there once for a thread.
        run(failures, 1);
        row.cell(name, count(|| run(failures, 1)).count_total as f64);
    }
    table.push(row);
}

fn pending(calls: u32) -> Row {
    let mut kept = None;
    let live = count(|| kept = Some(Pending::new(calls))).bytes_current;
    // What was measured is a loop that works.
    let returned = kept.map(Pending::finish);
    assert_eq!(returned, Some(calls as usize), "a pending call did not return");
    let what = format!("bytes of live heap for each of {calls} pending calls in an event loop");
    Row::new(what).at_most(128.0).with(INSIST, live as f64 / f64::from(calls))
}

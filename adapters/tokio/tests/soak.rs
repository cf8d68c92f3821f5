//! Thousands of calls at once on tokio, with random outcomes, drops, aborts and panics: memory, wakes and gates are
//! counted, and nothing is left. `INSIST_CASES=100000` is the long form: a minute of virtual time, ten seconds of real.

#[path = "../../futures/tests/soak/load.rs"]
mod load;

use std::sync::atomic::Ordering::SeqCst;

use insist_tokio::TokioTimer;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

use load::{Load, cases, hush};

/// Runs that many calls at once, and drops every hundredth task in their midst.
fn soak(runtime: &Runtime, calls: u64, span: u64) {
    let load = Load::new(TokioTimer, span);
    let aborted = runtime.block_on(async {
        let mut tasks = JoinSet::new();
        let mut handles = Vec::new();
        for number in 0..calls {
            let handle = tasks.spawn(load.clone().call(number));
            if number % 100 == 99 {
                handles.push(handle);
            }
        }
        tokio::time::sleep(std::time::Duration::from_millis(span / 2)).await;
        handles.iter().for_each(tokio::task::AbortHandle::abort);
        let mut aborted = 0;
        while let Some(task) = tasks.join_next().await {
            aborted += u64::from(task.is_err_and(|error| error.is_cancelled()));
        }
        aborted
    });
    load.counts.dropped.fetch_add(aborted, SeqCst);
    load.check(calls);
}

/// A minute of virtual time.
#[test]
fn nothing_is_left_of_calls_in_paused_time() {
    hush();
    let runtime = || Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    soak(&runtime(), 500, 12_000);
    // All of it on this thread, so that the bytes that are left can be counted.
    let left = allocation_counter::measure(|| soak(&runtime(), cases(4_000), 12_000));
    assert!(left.bytes_current.abs() < 16 * 1024, "{left:?}");
}

/// Ten seconds of real time, in the long form.
#[test]
fn nothing_is_left_of_calls_on_one_thread() {
    hush();
    let span = if cases(0) > 0 { 2_000 } else { 60 };
    soak(&Builder::new_current_thread().enable_time().build().unwrap(), cases(4_000), span);
}

#[test]
fn nothing_is_left_of_calls_on_many_threads() {
    hush();
    let span = if cases(0) > 0 { 2_000 } else { 60 };
    soak(&Builder::new_multi_thread().worker_threads(4).enable_time().build().unwrap(), cases(4_000), span);
}

/// A runtime that is shut down in the midst of its calls leaves nothing either.
#[test]
fn nothing_is_left_of_a_runtime_that_is_shut_down() {
    hush();
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    let load = Load::new(TokioTimer, 10_000);
    let calls = cases(2_000);
    for number in 0..calls {
        runtime.spawn(load.clone().call(number));
    }
    runtime.block_on(async { tokio::time::sleep(std::time::Duration::from_millis(20)).await });
    drop(runtime);
    let counts = &load.counts;
    let ended = counts.ended.load(SeqCst) + counts.dropped.load(SeqCst) + counts.panicked.load(SeqCst);
    counts.dropped.fetch_add(calls - ended, SeqCst);
    counts.ended.fetch_max(1, SeqCst);
    let ended = counts.ended.load(SeqCst) + counts.dropped.load(SeqCst) + counts.panicked.load(SeqCst);
    load.check(ended);
}

//! Thousands of calls at once on smol's executor, with random outcomes, drops and panics: nothing is left.
//! `INSIST_CASES=100000` is the long form, of ten seconds.

#[path = "../../futures/tests/soak/load.rs"]
mod load;

use async_executor::{Executor, LocalExecutor};
use insist_smol::SmolTimer;

use load::{Load, cases, hush};

fn span() -> u64 {
    if cases(0) > 0 { 2_000 } else { 60 }
}

#[test]
fn nothing_is_left_of_calls_on_one_thread() {
    hush();
    let (load, calls) = (Load::new(SmolTimer, span()), cases(4_000));
    let executor = LocalExecutor::new();
    let tasks: Vec<_> = (0..calls).map(|number| executor.spawn(load.clone().call(number))).collect();
    async_io::block_on(executor.run(async {
        for task in tasks {
            task.await;
        }
    }));
    load.check(calls);
}

#[test]
fn nothing_is_left_of_calls_on_many_threads() {
    hush();
    let (load, calls) = (Load::new(SmolTimer, span()), cases(4_000));
    let executor = Executor::new();
    let tasks: Vec<_> = (0..calls).map(|number| executor.spawn(load.clone().call(number))).collect();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let done = async {
                    while !executor.is_empty() {
                        async_io::Timer::after(std::time::Duration::from_millis(5)).await;
                    }
                };
                async_io::block_on(executor.run(done));
            });
        }
        async_io::block_on(async {
            for task in tasks {
                task.await;
            }
        });
    });
    load.check(calls);
}

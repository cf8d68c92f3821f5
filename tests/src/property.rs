//! Runs random plans and holds each record against the model, in which every law has its place.

use proptest::strategy::Strategy;
use proptest::test_runner::{TestCaseError, TestError, TestRunner};

use crate::plan::Plan;
use crate::record::Record;
use crate::{model, random, world};

/// Runs that many plans; each record keeps every law, and this too. The number picks the plans.
///
/// # Panics
///
/// With the smallest plan's record that breaks a law.
pub fn hold(
    number: u64,
    cases: u32,
    plans: impl Strategy<Value = Plan>,
    and: impl Fn(&Plan, &Record) -> Result<(), String>,
) {
    let mut runner = TestRunner::new(random::config(number, cases));
    let result = runner.run(&plans, |plan| {
        let record = world::run(&plan);
        let kept = model::check(&record).map_err(|broken| format!("a law is broken at {broken}\n{record}"));
        kept.and_then(|()| and(&plan, &record)).map_err(TestCaseError::fail)
    });
    match result {
        Ok(()) => {}
        Err(TestError::Fail(reason, _)) => panic!("{reason}"),
        Err(other) => panic!("{other}"),
    }
}

/// Likewise, with nothing to add to the laws.
///
/// # Panics
///
/// With the smallest plan's record that breaks a law.
pub fn every_law_holds(number: u64, cases: u32, plans: impl Strategy<Value = Plan>) {
    hold(number, cases, plans, |_, _| Ok(()));
}

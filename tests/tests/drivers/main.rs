//! One table of scenarios through every driver, with equal results; and what becomes of a call that is dropped.
//!
//! - `insist-futures` in virtual time, `insist-tokio` in paused time, `insist-blocking` on the caller's thread with a
//!   virtual clock, and an event loop by hand: equal to the nanosecond, reports and logs included.
//! - `insist-smol`, and `insist-blocking` on threads, have no other time than the real one: there the same things
//!   happen in the same order, and reports are equal but for their times.

mod drive;
mod drops;
#[cfg(target_os = "linux")]
mod event_loop;
mod expected;
mod finishers;
mod given;
mod metrics;
mod numbered;
mod opentelemetry;
mod scenario;
mod table;
mod trace;

use std::thread;

use drive::Observed;
use scenario::Scenario;
use table::table;

#[test]
fn insist_futures_does_what_the_table_says() {
    for scenario in table() {
        scenario.check("insist-futures", &drive::futures(&scenario));
    }
}

#[test]
fn insist_tokio_does_what_the_table_says() {
    for scenario in table() {
        scenario.check("insist-tokio", &drive::tokio(&scenario));
    }
}

#[test]
fn an_event_loop_by_hand_does_what_the_table_says_with_all_calls_in_flight_at_once() {
    let (races, retries): (Vec<_>, Vec<_>) = table().into_iter().partition(|scenario| scenario.races);
    let seen = drive::by_hand::<4>(&races).into_iter().chain(drive::by_hand::<1>(&retries));
    for (scenario, seen) in races.iter().chain(&retries).zip(seen) {
        scenario.check("by hand", &seen);
    }
}

#[test]
fn insist_blocking_does_what_the_table_says_on_the_callers_thread() {
    let scenarios: Vec<_> = table().into_iter().filter(|scenario| !scenario.races && !scenario.interrupts()).collect();
    assert!(scenarios.len() > 25, "{}", scenarios.len());
    for scenario in scenarios {
        scenario.check("insist-blocking", &drive::on_this_thread(&scenario));
    }
}

#[test]
fn insist_blocking_does_what_the_table_says_on_threads_in_this_order() {
    let is_for_threads = |scenario: &Scenario| scenario.races || scenario.interrupts();
    let scenarios: Vec<_> =
        table().into_iter().filter(|scenario| is_for_threads(scenario) && !scenario.is_tied).collect();
    assert!(scenarios.len() > 15, "{}", scenarios.len());
    in_real_time(&scenarios, |scenario| in_this_order("insist-blocking", scenario, drive::on_threads));
}

#[test]
fn insist_blocking_does_what_the_table_says_with_the_first_attempt_on_the_callers_thread() {
    // Lanes for which `retry` has no room are raced here.
    let is_for_it = |scenario: &Scenario| {
        let has_room = scenario.races || scenario.policy.get_lanes() == 1;
        has_room && !scenario.is_tied && !scenario.falls_back
    };
    let scenarios: Vec<_> = table().into_iter().filter(is_for_it).collect();
    assert!(scenarios.len() > 40, "{}", scenarios.len());
    in_real_time(&scenarios, |scenario| in_this_order("insist-blocking", scenario, drive::first_on_caller));
}

#[test]
fn insist_smol_does_what_the_table_says_in_this_order() {
    let is_short = |scenario: &Scenario| !scenario.is_tied;
    let scenarios: Vec<_> = table().into_iter().filter(is_short).collect();
    in_real_time(&scenarios, |scenario| in_this_order("insist-smol", scenario, drive::smol));
}

fn in_this_order(driver: &str, scenario: &Scenario, run: fn(&Scenario) -> Observed) -> Result<(), String> {
    let observed = run(scenario);
    if !scenario.agrees(&observed) {
        return Err(format!("{driver}: {observed:#?}"));
    }
    scenario.check_result(&format!("{driver}: {}", scenario.name), &observed);
    Ok(())
}

/// All at once, each on a thread of its own. The machine may be busy: what comes in another order is tried again, slower.
fn in_real_time(scenarios: &[Scenario], run: impl Fn(&Scenario) -> Result<(), String> + Sync) {
    let run = &run;
    thread::scope(|scope| {
        for scenario in scenarios {
            scope.spawn(move || {
                let mut wrong = String::new();
                for factor in [1, 3, 10] {
                    match run(&scenario.clone().slower(factor)) {
                        Ok(()) => return,
                        Err(says) => wrong.push_str(&says),
                    }
                }
                panic!("{}: {wrong}", scenario.name);
            });
        }
    });
}

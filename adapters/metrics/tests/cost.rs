//! What the hook costs where no recorder is installed, and where one is.

#[path = "include/by_hand.rs"]
mod by_hand;

use std::sync::atomic::{AtomicUsize, Ordering};

use by_hand::Told;
use insist_core::{Decision, Event, Hook, Instant, Policy, Verdict};
use insist_metrics::Metrics;
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, NoopRecorder, Recorder, SharedString, Unit};

/// Makes a call whose first attempts fail.
fn call(hook: impl Hook<u32, &'static str>, failures: u32) {
    let verdict = |id| if id <= failures { Verdict::retry() } else { Verdict::Accept };
    by_hand::drive(Policy::zero().attempts(100), (), hook, verdict);
}

fn is_listening(hook: &Metrics) -> bool {
    Hook::<u32, &str>::is_listening(hook)
}

#[test]
fn where_no_recorder_is_the_hook_says_so_and_allocates_nothing() {
    let cost = || {
        allocation_counter::measure(|| {
            let hook = Metrics::named("price");
            assert!(!is_listening(&hook));
            call(hook, 3);
            let mut dropped = Metrics::new();
            dropped.on_event(&Told::new(Instant::ZERO, Instant::ZERO, Decision::Action(by_hand::SEND)));
        })
    };
    assert_eq!(cost().count_total, 0);
    // One that keeps nothing is none.
    assert_eq!(metrics::with_local_recorder(&NoopRecorder, cost).count_total, 0);
}

/// Counts how often a handle is looked up.
#[derive(Default)]
struct Lookups(AtomicUsize);

impl Recorder for Lookups {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        self.0.fetch_add(1, Ordering::Relaxed);
        Counter::noop()
    }
    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        unreachable!("a call has no gauge")
    }
    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        self.0.fetch_add(1, Ordering::Relaxed);
        Histogram::noop()
    }
}

fn lookups(failures: u32) -> usize {
    let recorder = Lookups::default();
    metrics::with_local_recorder(&recorder, || call(Metrics::new(), failures));
    recorder.0.into_inner()
}

#[test]
fn a_call_that_succeeds_at_once_looks_up_four_handles() {
    assert_eq!(lookups(0), 4);
}

#[test]
fn attempts_that_end_the_same_way_share_the_handles_that_were_looked_up() {
    // The first attempt, the retries that fail, the one that succeeds, and the call.
    assert_eq!([lookups(2), lookups(50)], [8, 8]);
}

#[test]
fn a_call_with_a_recorder_allocates_the_labels_and_a_list_of_its_attempts() {
    let recorder = Lookups::default();
    let cost =
        metrics::with_local_recorder(&recorder, || allocation_counter::measure(|| call(Metrics::named("price"), 0)));
    assert_eq!(cost.count_total, 5);
    assert_eq!(cost.count_current, 0, "nothing is left behind");
}

#[test]
fn a_hook_beside_one_that_listens_is_silent_where_no_recorder_is() {
    let mut seen = 0;
    let cost = allocation_counter::measure(|| {
        call((|_: &Event<'_, u32, &str>| seen += 1, Metrics::new()), 0);
    });
    assert_eq!((cost.count_total, seen), (0, 3));
}

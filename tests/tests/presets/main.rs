//! The presets: the schedule and the limits of each, and what the suites of the systems they are named after expect.
//!
//! Rows such as C8 or E1 are those of the systems' own tests, as far as they need no network.

mod aws;
mod cenkalti;
mod elastic;
mod grpc;
mod pester;

use std::time::Duration;

use insist_core::{Action, Instant, Policy, Reason, Script, Timeline, Verdict, play};

const SEEDS: u64 = 2_000;

/// Checks that the wait before retry n is drawn from the nth range, both ends included, and nearly reaches both.
#[track_caller]
fn assert_ranges(policy: &Policy, ranges: &[(Duration, Duration)]) {
    let waits: Vec<Vec<Duration>> =
        (0..SEEDS).map(|seed| policy.delays(seed).take(ranges.len()).collect::<Vec<_>>()).collect();
    for (index, (low, high)) in ranges.iter().enumerate() {
        let drawn = || waits.iter().map(|waits| waits[index]);
        let (least, most) = (drawn().min().unwrap(), drawn().max().unwrap());
        let near = (*high - *low) / 50;
        assert!(*low <= least && least <= *low + near, "retry {}: {least:?} is the least of {low:?}", index + 1);
        assert!(*high - near <= most && most <= *high, "retry {}: {most:?} is the most of {high:?}", index + 1);
    }
}

/// The waits, for a policy that draws none of them.
fn waits(policy: &Policy, count: usize) -> Vec<Duration> {
    policy.delays(0).take(count).collect()
}

/// Every attempt fails at once, as often as there is one.
fn failing(policy: &Policy, seed: u64) -> Timeline {
    let script = (1..=1_000).fold(Script::new(), |script, id| script.outcome(id, Duration::ZERO, Verdict::retry()));
    play(policy, seed, &script)
}

/// When each attempt was sent.
fn sends(timeline: &Timeline) -> Vec<Instant> {
    timeline.steps.iter().filter(|step| matches!(step.action, Action::Send(_))).map(|step| step.at).collect()
}

/// Why the call gave up, and when.
#[track_caller]
fn gave_up(timeline: &Timeline) -> (Reason, Instant) {
    let end = timeline.steps.last().unwrap();
    let Action::GiveUp(stop) = end.action else { panic!("the call did not give up:\n{timeline}") };
    (stop.reason(), end.at)
}

#[test]
fn presets_stand_in_constants() {
    const MINE: Policy = Policy::aws().attempts(5).deadline(Duration::from_secs(30));
    assert_eq!((MINE.get_attempts(), MINE.get_cap()), (Some(5), Some(Duration::from_secs(20))));
}

#[test]
fn no_preset_changes_how_hints_are_honoured() {
    for (name, policy) in Policy::PRESETS {
        assert_eq!((policy.get_hints(), policy.get_hint_limit()), (true, Some(Duration::from_secs(300))), "{name}");
        assert_eq!((policy.get_floor(), policy.get_attempt_timeout()), (Duration::ZERO, None), "{name}");
    }
}

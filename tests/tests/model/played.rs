//! What the tests play of a script is what the core plays of it, and so `insist replay`: the same actions in its order.

use std::cell::Cell;
use std::time::Duration;

use insist_core::{Action, Attempt, Call, Instant, Played, Policy, Script, Verdict, play_with};
use insist_tests::random;
use insist_tests::record::{Did, Step};
use insist_tests::world::{self, Outcomes};
use proptest::collection::btree_map;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

#[test]
fn a_script_is_played_as_the_core_plays_it() {
    let room = u8::try_from(world::ROOM).expect("room for a few lanes");
    let is_short = move |policy: &Policy| policy.get_lanes() <= room && policy.get_attempts().is_some();
    let policies = random::policy().prop_filter("room for all, and an end", is_short);
    let after = (0_u64..600).prop_map(Duration::from_millis);
    let outcomes = btree_map(1_u32..9, (after, random::verdict()), 0..9);
    let ends = Cell::new(0);
    let plans = (policies, random::repeat(), any::<u64>(), outcomes);
    let result = TestRunner::new(random::config(5990, 1500)).run(&plans, |(policy, repeat, seed, outcomes)| {
        let record = world::play(&policy, repeat, seed, &outcomes);
        let timeline = play_with(&policy, &(), repeat, Instant::ZERO, seed, &script(&outcomes));
        let played = timeline.steps.iter().map(|step| (step.at, Did::from(step.action)));
        let polled = |step: &Step| step.did().map(|did| (step.at, did));
        prop_assert!(played.eq(record.steps.iter().filter_map(polled)), "{timeline}\n{record}");
        ends.set(ends.get() + u32::from(!timeline.is_stuck));
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    assert!(ends.get() > 500, "{}", ends.get());
}

/// The same from a function, with how it came to an end.
#[test]
fn a_function_is_played_as_its_script_is() {
    let room = u8::try_from(world::ROOM).expect("room for a few lanes");
    let policies = random::policy().prop_filter("room for all", move |policy| policy.get_lanes() <= room);
    // In steps of 50 ms, so that much happens at one instant.
    let after = (0_u64..12).prop_map(|steps| Duration::from_millis(50 * steps));
    let outcomes = btree_map(1_u32..9, (after, random::verdict()), 0..9);
    let (ended, stuck) = (Cell::new(0), Cell::new(0));
    let plans = (policies, random::repeat(), any::<u64>(), outcomes);
    let result = TestRunner::new(random::config(5991, 1500)).run(&plans, |(policy, repeat, seed, outcomes)| {
        let record = world::play(&policy, repeat, seed, &outcomes);
        let mut by_hand = record.steps.iter().filter_map(|step| Some((step.at, step.did()?)));
        let (mut count, mut last) = (0, None);
        let mut call = Call::with_lanes::<{ world::ROOM }>(&policy, (), Instant::ZERO, seed).repeat(repeat);
        let mut wrong = None;
        let answer = |attempt: Attempt, _| outcomes.get(&attempt.id).copied();
        let played = call.play(answer, |at, action| {
            (count, last) = (count + 1, Some(action));
            let (expected, seen) = (by_hand.next(), (at, Did::from(action)));
            if count <= world::LONGEST && expected != Some(seen) {
                wrong.get_or_insert(format!("{expected:?} is played as {seen:?}"));
            }
        });
        prop_assert_eq!(wrong, None, "{}", record);
        match played {
            Played::Ended(action) => {
                prop_assert_eq!(Some(action), last);
                prop_assert!(Did::from(action).is_terminal() && call.is_over());
                ended.set(ended.get() + 1);
            }
            Played::Stuck => {
                prop_assert!(matches!(last, Some(Action::Wait { until: None, .. })), "{last:?}");
                stuck.set(stuck.get() + 1);
            }
            _ => prop_assert_eq!(count, 1_000_000),
        }
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    assert!(ended.get() > 500 && stuck.get() > 100, "{} ended, {} stuck", ended.get(), stuck.get());
}

fn script(outcomes: &Outcomes) -> Script {
    let add =
        |script: Script, (id, (after, verdict)): (&u32, &(Duration, Verdict))| script.outcome(*id, *after, *verdict);
    outcomes.iter().fold(Script::new(), add)
}

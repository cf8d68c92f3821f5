//! The machine beside the model, action by action, over random policies, gates and events: ten million steps.
//!
//! `INSIST_CASES=20` takes twenty times as many, `INSIST_SEED=7` takes others. A difference is made small and printed
//! with what `insist replay` needs to show it.

mod coverage;

use std::cell::Cell;
use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use insist_core::{Action, Attempt, Call, Instant, Jitter, Played, Policy, Repeat, Script, Verdict, play_with};
use insist_tests::difference::{Difference, NO_SLIP, Slip, hunt, look};
use insist_tests::plan::{Move, Plan, Shift};
use insist_tests::random::{self, many};
use insist_tests::record::{Did, Step, What};
use insist_tests::world::{self, Outcomes};
use proptest::collection::btree_map;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::coverage::Coverage;

const STEPS: u32 = 10_000_000;

const CHUNKS: u64 = 64;

const THREADS: usize = 2;

/// The first of the numbers that pick the calls of each chunk.
const FIRST: u64 = 5000;

#[test]
fn ten_million_steps_are_what_the_laws_say() {
    let goal = u64::from(many(STEPS)).div_ceil(CHUNKS);
    let next = AtomicU64::new(0);
    let all = Mutex::new(Coverage::default());
    let found: Mutex<Vec<(u64, Difference)>> = Mutex::new(Vec::new());
    let work = || {
        while found.lock().unwrap().is_empty() {
            let chunk = next.fetch_add(1, Ordering::Relaxed);
            if chunk >= CHUNKS {
                break;
            }
            let mut seen = Coverage::default();
            let difference = hunt(FIRST + chunk, NO_SLIP, |record| {
                seen.add(record);
                seen.steps >= goal
            });
            all.lock().unwrap().merge(&seen);
            found.lock().unwrap().extend(difference.map(|difference| (chunk, difference)));
        }
    };
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(work);
        }
    });
    let mut found = found.into_inner().unwrap();
    found.sort_by_key(|(chunk, _)| *chunk);
    if let Some((chunk, difference)) = found.first() {
        panic!("among the calls of chunk {chunk}, {difference}");
    }
    let all = all.into_inner().unwrap();
    // Not through `eprintln`, which a test that passes keeps to itself.
    let _ = writeln!(
        std::io::stderr(),
        "ten_million_steps_are_what_the_laws_say: {} steps of {} calls",
        all.steps,
        all.calls
    );
    assert!(all.steps >= u64::from(many(STEPS)), "{all}");
    all.assert_nothing_is_missing();
}

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

/// Names what each of these models is wrong about.
const SLIPS: [(&str, Slip); 12] = [
    ("law 2, counted sends", |told| told.policy = told.policy.lane_attempts(2)),
    ("law 6, honest waits", |told| told.policy = told.policy.floor(Duration::ZERO)),
    ("law 7, timeouts fit the deadline", |told| told.policy = told.policy.attempt_timeout(Duration::MAX)),
    ("law 8, fair draws", |told| told.policy = told.policy.jitter(Jitter::Equal)),
    ("law 9, hints are kept", |told| told.policy = told.policy.ignore_hints()),
    ("law 9, hints are about all lanes", |told| told.policy = told.policy.separate_targets(true)),
    ("law 9, hints are spread", |told| told.policy = told.policy.hint_spread(0.0)),
    ("what was never sent is not counted", |told| told.policy = told.policy.unsent_attempts(0)),
    ("law 10, races and hedges", |told| told.policy = told.policy.hedge_after(Duration::from_millis(70))),
    ("law 10, a failure opens the next lane", |told| told.policy = told.policy.hedge_on_failure(false)),
    ("law 14, the same again", |told| told.seed ^= 1),
    ("law 16, no double harm", |told| told.repeat = Repeat::Always),
];

fn found(number: u64, slip: Slip) -> Option<Difference> {
    let mut calls = 0;
    hunt(number, slip, |_| {
        calls += 1;
        calls == 20_000
    })
}

#[test]
fn a_model_that_is_wrong_about_a_law_is_found_out_and_a_replay_shows_it() {
    for (number, (law, slip)) in (5910..).zip(SLIPS) {
        let difference = found(number, slip).unwrap_or_else(|| panic!("nothing was found for {law}"));
        let replay = &difference.replay;
        let text = difference.to_string();
        assert!(text.contains("the laws expect"), "{law}: {text}");
        let shown = replay.shown.as_ref().unwrap_or_else(|| panic!("no replay shows {law}: {text}"));
        assert!(text.contains(&format!("its timeline differs too, by action {}: ", shown.action)), "{law}: {text}");
        // A policy that is read again is what it was, and the machine does in a replay what it is said to do.
        let policy: Policy = serde_json::from_value(serde_json::to_value(difference.plan.policy).unwrap()).unwrap();
        assert_eq!(policy, difference.plan.policy, "{law}: {text}");
        assert!(difference.plan.moves.len() <= 6, "{law} is shown by a plan that is not small: {text}");
    }
}

#[test]
fn what_no_script_can_say_is_said() {
    let plan = Plan {
        policy: Policy::constant(Duration::from_secs(1)).jitter(Jitter::Full).attempts(2),
        seed: 7,
        repeat: Repeat::Always,
        start: 5,
        room: world::ROOM,
        made: insist_tests::gate::Made::Alone,
        answers: Default::default(),
        hedge: Vec::new(),
        moves: vec![Move::Drive(Shift::Stay), Move::Suspend(Shift::By(9)), Move::Poll(Shift::Stay)],
        last: insist_core::Verdict::Accept,
    };
    // The wait after the failure is drawn, so that only the resumed call differs.
    let difference = look(plan, |told| told.seed = 8).expect_err("the seed differs");
    let text = difference.to_string();
    assert!(difference.replay.shown.is_none(), "{text}");
    assert!(text.contains("its timeline is as the laws say"), "{text}");
    assert!(text.contains("(the call had a call that is put away and taken up again, a start at another"), "{text}");
    assert!(text.contains("Suspend"), "{text}");
    assert!(matches!(difference.record.steps[difference.broken.step].what, What::Resume(Ok(()))), "{text}");
}

/// Plain types of the core: words and numbers without a rule in them.
const PLAIN: [&str; 24] = [
    "Admission",
    "AtEnd",
    "AttemptEnd",
    "CancelReason",
    "Cause",
    "Factor",
    "Failure",
    "Handled",
    "HedgeAfter",
    "Hint",
    "Instant",
    "Jitter",
    "Kind",
    "Policy",
    "Reason",
    "Refusal",
    "Repeat",
    "Sent",
    "Settled",
    "Shape",
    "StateError",
    "Verdict",
    "WaitReason",
    "self",
];

const SOURCES: [(&str, &str); 10] = [
    ("model", include_str!("../../src/model/mod.rs")),
    ("due", include_str!("../../src/model/due.rs")),
    ("history", include_str!("../../src/model/history.rs")),
    ("judge", include_str!("../../src/model/judge.rs")),
    ("kept", include_str!("../../src/model/kept.rs")),
    ("operator", include_str!("../../src/model/operator.rs")),
    ("sense", include_str!("../../src/model/sense.rs")),
    ("tape", include_str!("../../src/model/tape.rs")),
    ("withdraw", include_str!("../../src/model/withdraw.rs")),
    ("expected", include_str!("../../src/expected.rs")),
];

/// Yields what follows each place where these words stand.
fn after<'a>(source: &'a str, words: &'a str) -> impl Iterator<Item = &'a str> {
    source.match_indices(words).map(move |(at, _)| &source[at + words.len()..])
}

#[test]
fn the_model_shares_no_code_with_the_core() {
    for (name, source) in SOURCES {
        let mut names: Vec<&str> = Vec::new();
        for named in after(source, "insist_core::") {
            match named.strip_prefix('{').and_then(|list| list.split_once('}')) {
                Some((list, _)) => names.extend(list.split(',').map(str::trim)),
                None => names.extend(named.split(|letter: char| !letter.is_alphanumeric()).next()),
            }
        }
        for used in names {
            assert!(PLAIN.contains(&used) || used.is_empty(), "{name}.rs uses insist_core::{used}");
        }
        // Getters alone: what follows from the numbers of a policy is worked out anew.
        for asked in after(source, "policy.") {
            assert!(asked.starts_with("get_"), "{name}.rs asks a policy for {asked:.20}");
        }
    }
}

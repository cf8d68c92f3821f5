//! A model that is wrong about a law is found out, and what is printed lets `insist replay` show it.

use std::time::Duration;

use insist_core::{Jitter, Policy, Repeat};
use insist_tests::difference::{Difference, Slip, hunt, look};
use insist_tests::plan::{Move, Plan, Shift};
use insist_tests::record::What;
use insist_tests::world;

/// What each of these models is wrong about.
const SLIPS: [(&str, Slip); 9] = [
    ("law 2, counted sends", |told| told.policy = told.policy.lane_attempts(2)),
    ("law 6, honest waits", |told| told.policy = told.policy.floor(Duration::ZERO)),
    ("law 7, timeouts fit the deadline", |told| told.policy = told.policy.attempt_timeout(Duration::MAX)),
    ("law 8, fair draws", |told| told.policy = told.policy.jitter(Jitter::Equal)),
    ("law 9, hints are kept", |told| told.policy = told.policy.ignore_hints()),
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
    for (number, (law, slip)) in (5900..).zip(SLIPS) {
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

//! Gates that delay or refuse.

use insist_core::Reason;
use insist_tests::by_hand::ms;
use insist_tests::gate::Answer::{self, In, No, Yes};

use super::FIXED;
use crate::scenario::Made::{First, Hedge, Retry};
use crate::scenario::Outcome::{Fails, Ok};
use crate::scenario::{Guard, Scenario};

/// What a scripted gate says when it refuses.
const ADMITS: &str = "gate 1 admits none";
const RESERVES: &str = "gate 1 reserves none";

/// Not before so many milliseconds from now.
const fn held(millis: u64) -> Answer {
    In(millis * 1_000_000)
}

pub(super) fn table() -> Vec<Scenario> {
    let mut table = refused();
    table.extend(held_back());
    table
}

fn refused() -> Vec<Scenario> {
    let hedged = FIXED.lanes(2).hedge_after(ms(50));
    vec![
        Scenario::new("a gate refuses a retry", FIXED)
            .gate(&[false], &[])
            .given(&[(1, 20, Fails)])
            .sends(&[(First, 0, 20, "retry")])
            .refused_by(RESERVES)
            .gives_up(
                20,
                Reason::Refused,
                1,
                "gave up after 1 attempt: a gate refused another attempt (gate 1 reserves none)",
            ),
        Scenario::new("a gate refuses the send of a retry that it has reserved", FIXED)
            .gate(&[], &[Yes, No])
            .given(&[(1, 20, Fails)])
            .sends(&[(First, 0, 20, "retry")])
            .refused_by(ADMITS)
            .gives_up(
                120,
                Reason::Refused,
                1,
                "gave up after 1 attempt: a gate refused another attempt (gate 1 admits none)",
            ),
        Scenario::new("a gate refuses the first attempt", FIXED).gate(&[], &[No]).refused_by(ADMITS).gives_up(
            0,
            Reason::Refused,
            None,
            "gave up before anything was sent: a gate refused another attempt (gate 1 admits none)",
        ),
        Scenario::new("a gate refuses a hedge", hedged)
            .gate(&[false], &[])
            .given(&[(1, 120, Ok)])
            .sends(&[(First, 0, 120, "accept")])
            .returns(1),
        Scenario::new("a gate refuses the send of a hedge", hedged)
            .gate(&[], &[Yes, No])
            .given(&[(1, 120, Ok)])
            .sends(&[(First, 0, 120, "accept")])
            .returns(1),
        Scenario::new("a gate refuses one lane of a race", FIXED.lanes(3))
            .gate(&[false, true], &[])
            .given(&[(1, 120, Ok), (2, 60, Ok)])
            .sends(&[(First, 0, 60, "lost"), (Hedge(2), 0, 60, "accept")])
            .returns(2),
        Scenario::new("a budget is used up", FIXED.attempts(5))
            .guard(Guard::Budget(1))
            .given(&[(1, 20, Fails), (2, 20, Fails)])
            .sends(&[(First, 0, 20, "retry"), (Retry(0, 1), 120, 140, "retry")])
            .refused_by("budget is used up")
            .gives_up(
                140,
                Reason::Refused,
                2,
                "gave up after 2 attempts: a gate refused another attempt (budget is used up)",
            ),
        Scenario::new("a breaker opens", FIXED.attempts(5))
            .guard(Guard::Breaker)
            .given(&[(1, 20, Fails), (2, 20, Fails)])
            .sends(&[(First, 0, 20, "retry"), (Retry(0, 1), 120, 140, "retry")])
            .refused_by("breaker is open")
            .gives_up(
                240,
                Reason::Refused,
                2,
                "gave up after 2 attempts: a gate refused another attempt (breaker is open)",
            ),
    ]
}

fn held_back() -> Vec<Scenario> {
    let hedged = FIXED.lanes(2).hedge_after(ms(50));
    vec![
        Scenario::new("a gate holds the first attempt back", FIXED)
            .gate(&[], &[held(80), Yes])
            .held_until(&[80])
            .given(&[(1, 20, Ok)])
            .sends(&[(First, 80, 100, "accept")])
            .returns(1),
        Scenario::new("a gate holds a retry back", FIXED)
            .gate(&[], &[Yes, held(60), Yes])
            .held_until(&[180])
            .given(&[(1, 20, Fails), (2, 20, Ok)])
            .sends(&[(First, 0, 20, "retry"), (Retry(0, 1), 180, 200, "accept")])
            .returns(2),
        Scenario::new("a gate holds a hedge back", hedged)
            .gate(&[], &[Yes, held(60), Yes])
            .held_until(&[110])
            .given(&[(2, 40, Ok)])
            .sends(&[(First, 0, 150, "lost"), (Hedge(1), 110, 150, "accept")])
            .returns(2),
        Scenario::new("a gate holds a retry back twice", FIXED)
            .gate(&[], &[Yes, held(60), held(40), Yes])
            .held_until(&[180, 220])
            .given(&[(1, 20, Fails), (2, 20, Ok)])
            .sends(&[(First, 0, 20, "retry"), (Retry(0, 1), 220, 240, "accept")])
            .returns(2),
        Scenario::new("a gate's wait goes beyond the deadline", FIXED.deadline(ms(100)))
            .gate(&[], &[held(200)])
            .refused_by("the wait that a gate asks for leaves no time")
            .gives_up(
                0,
                Reason::Refused,
                None,
                "gave up before anything was sent: a gate refused another attempt \
                 (the wait that a gate asks for leaves no time)",
            ),
    ]
}

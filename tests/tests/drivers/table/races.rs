//! Attempts beside each other, and gates.

use insist_core::{Policy, Reason, Repeat};
use insist_tests::gate::Answer::{self, In, No, Yes};
use insist_tests::words::ms;

use super::FIXED;
use crate::scenario::Made::{First, Hedge, Retry};
use crate::scenario::Outcome::{Fails, Ok, Stops};
use crate::scenario::{Guard, Scenario};

const HEDGED: Policy = FIXED.lanes(2).hedge_after(ms(50));

pub(super) fn table() -> Vec<Scenario> {
    let mut table = races();
    table.extend(hedges());
    table
}

fn races() -> Vec<Scenario> {
    vec![
        Scenario::new("the fastest of three", FIXED.lanes(3))
            .given(&[(1, 220, Ok), (2, 60, Ok), (3, 140, Ok)])
            .sends(&[(First, 0, 60, "lost"), (Hedge(1), 0, 60, "accept"), (Hedge(2), 0, 60, "lost")])
            .returns(2),
        Scenario::new("the fastest fails", FIXED.lanes(2))
            .given(&[(1, 40, Fails), (2, 90, Ok)])
            .sends(&[(First, 0, 40, "retry"), (Hedge(1), 0, 90, "accept")])
            .returns(2),
        Scenario::new("each lane retries by itself", FIXED.lanes(2).attempts(4))
            .given(&[(1, 40, Fails), (2, 90, Fails), (4, 20, Ok)])
            .sends(&[
                (First, 0, 40, "retry"),
                (Hedge(1), 0, 90, "retry"),
                (Retry(0, 1), 140, 210, "lost"),
                (Retry(1, 1), 190, 210, "accept"),
            ])
            .returns(4),
        Scenario::new("all lanes fail", FIXED.lanes(2).attempts(2))
            .given(&[(1, 90, Fails), (2, 40, Fails)])
            .sends(&[(First, 0, 90, "retry"), (Hedge(1), 0, 40, "retry")])
            .gives_up(90, Reason::Attempts, 1, "gave up after 2 attempts: no attempts were left"),
        Scenario::new("a stop ends a race", FIXED.lanes(2))
            .given(&[(2, 40, Stops)])
            .sends(&[(First, 0, 40, "lost"), (Hedge(1), 0, 40, "stop")])
            .gives_up(
                40,
                Reason::Stopped,
                2,
                "gave up after 2 attempts: the outcome is not one that another attempt mends",
            ),
        Scenario::new(
            "both lanes take too long, and then one does not",
            FIXED.lanes(2).attempts(4).attempt_timeout(ms(80)),
        )
        .given(&[(3, 40, Ok)])
        .sends(&[
            (First, 0, 80, "timeout"),
            (Hedge(1), 0, 80, "timeout"),
            (Retry(0, 1), 180, 220, "accept"),
            (Retry(1, 1), 180, 220, "lost"),
        ])
        .returns(3),
        Scenario::new("a race until the deadline", FIXED.lanes(2).deadline(ms(100)))
            .sends(&[(First, 0, 100, "deadline"), (Hedge(1), 0, 100, "deadline")])
            .gives_up(
                100,
                Reason::Deadline,
                None,
                "gave up after 2 attempts: the deadline left no time for another attempt; no attempt had a result",
            ),
        Scenario::new("what may not be repeated is not raced", FIXED.lanes(3))
            .repeat(Repeat::IfUnsent)
            .given(&[(1, 60, Ok)])
            .sends(&[(First, 0, 60, "accept")])
            .returns(1),
        Scenario::new("two answers at one instant: a failure and a success", FIXED.lanes(2))
            .tied()
            .given(&[(1, 50, Fails), (2, 50, Ok)])
            .sends(&[(First, 0, 50, "retry"), (Hedge(1), 0, 50, "accept")])
            .returns(2),
        Scenario::new("two answers at one instant: the older wins", FIXED.lanes(2))
            .tied()
            .given(&[(1, 50, Ok), (2, 50, Ok)])
            .sends(&[(First, 0, 50, "accept"), (Hedge(1), 0, 50, "lost")])
            .returns(1),
    ]
}

fn hedges() -> Vec<Scenario> {
    vec![
        Scenario::new("a hedge wins", HEDGED)
            .given(&[(2, 40, Ok)])
            .sends(&[(First, 0, 90, "lost"), (Hedge(1), 50, 90, "accept")])
            .returns(2),
        Scenario::new("a hedge loses", HEDGED)
            .given(&[(1, 100, Ok)])
            .sends(&[(First, 0, 100, "accept"), (Hedge(1), 50, 100, "lost")])
            .returns(1),
        Scenario::new("a hedge never opens", HEDGED)
            .given(&[(1, 10, Ok)])
            .sends(&[(First, 0, 10, "accept")])
            .returns(1),
        Scenario::new("a hedge opens one at a time", HEDGED.lanes(3))
            .given(&[(3, 40, Ok)])
            .sends(&[(First, 0, 140, "lost"), (Hedge(1), 50, 140, "lost"), (Hedge(2), 100, 140, "accept")])
            .returns(3),
        Scenario::new("no hedge opens during a backoff", HEDGED)
            .given(&[(1, 10, Fails), (2, 10, Ok)])
            .sends(&[(First, 0, 10, "retry"), (Retry(0, 1), 110, 120, "accept")])
            .returns(2),
        Scenario::new("a failure opens the next lane at once", HEDGED.hedge_after(ms(500)).hedge_on_failure(true))
            .given(&[(1, 40, Fails), (2, 50, Ok)])
            .sends(&[(First, 0, 40, "retry"), (Hedge(1), 40, 90, "accept")])
            .returns(2),
        Scenario::new("a failed hedge leaves the first attempt to answer", HEDGED.attempts(2))
            .given(&[(1, 180, Ok), (2, 50, Fails)])
            .sends(&[(First, 0, 180, "accept"), (Hedge(1), 50, 100, "retry")])
            .returns(1),
    ]
}

/// Holds what a scripted gate says when it refuses.
const ADMITS: &str = "gate 1 admits none";

const RESERVES: &str = "gate 1 reserves none";

/// Not before so many milliseconds from now.
const fn held(millis: u64) -> Answer {
    In(millis * 1_000_000)
}

pub(super) fn gates() -> Vec<Scenario> {
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

//! Several lanes: races and hedges.

use insist_core::{Policy, Reason, Repeat};
use insist_tests::by_hand::ms;

use super::FIXED;
use crate::scenario::Made::{First, Hedge, Retry};
use crate::scenario::Outcome::{Fails, Ok, Stops};
use crate::scenario::Scenario;

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

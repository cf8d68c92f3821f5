//! Attempt timeouts and deadlines.

use insist_core::{Jitter, Policy, Reason};
use insist_tests::by_hand::ms;

use super::FIXED;
use crate::scenario::Made::{First, Retry};
use crate::scenario::Outcome::{Fails, Ok};
use crate::scenario::Scenario;

pub(super) fn table() -> Vec<Scenario> {
    vec![
        Scenario::new("an attempt that takes too long is retried", FIXED.attempt_timeout(ms(50)))
            .given(&[(2, 10, Ok)])
            .sends(&[(First, 0, 50, "timeout"), (Retry(0, 1), 150, 160, "accept")])
            .returns(2),
        Scenario::new("every attempt takes too long", FIXED.attempt_timeout(ms(50)).attempts(2))
            .sends(&[(First, 0, 50, "timeout"), (Retry(0, 1), 150, 200, "timeout")])
            .gives_up(
                200,
                Reason::Attempts,
                None,
                "gave up after 2 attempts: no attempts were left; no attempt had a result",
            ),
        Scenario::new("a failure, and an attempt that takes too long", FIXED.attempt_timeout(ms(50)).attempts(2))
            .given(&[(1, 10, Fails)])
            .sends(&[(First, 0, 10, "retry"), (Retry(0, 1), 110, 160, "timeout")])
            .gives_up(160, Reason::Attempts, 1, "gave up after 2 attempts: no attempts were left"),
        Scenario::new("an answer exactly at the timeout", FIXED.attempt_timeout(ms(50)))
            .tied()
            .given(&[(1, 50, Ok)])
            .sends(&[(First, 0, 50, "accept")])
            .returns(1),
        Scenario::new("an answer exactly at the deadline", FIXED.deadline(ms(150)))
            .tied()
            .given(&[(1, 20, Fails), (2, 30, Ok)])
            .sends(&[(First, 0, 20, "retry"), (Retry(0, 1), 120, 150, "accept")])
            .returns(2),
        Scenario::new("the deadline comes while an attempt is in flight", FIXED.deadline(ms(250)))
            .given(&[(1, 20, Fails)])
            .sends(&[(First, 0, 20, "retry"), (Retry(0, 1), 120, 250, "deadline")])
            .gives_up(
                250,
                Reason::Deadline,
                1,
                "gave up after 2 attempts: the deadline left no time for another attempt",
            ),
        Scenario::new("the deadline comes before a wait would end", FIXED.deadline(ms(100)))
            .given(&[(1, 20, Fails)])
            .sends(&[(First, 0, 20, "retry")])
            .gives_up(
                20,
                Reason::Deadline,
                1,
                "gave up after 1 attempt: the deadline left no time for another attempt",
            ),
        Scenario::new(
            "the deadline cuts the last timeout short",
            Policy::constant(ms(40)).jitter(Jitter::None).attempt_timeout(ms(100)).deadline(ms(190)),
        )
        .sends(&[(First, 0, 100, "timeout"), (Retry(0, 1), 140, 190, "deadline")])
        .gives_up(
            190,
            Reason::Deadline,
            None,
            "gave up after 2 attempts: the deadline left no time for another attempt; no attempt had a result",
        ),
    ]
}

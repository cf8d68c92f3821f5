//! Attempts one after the other: retries, the waits that a server asks for, timeouts and deadlines.

use insist_core::{AtEnd, Jitter, List, Policy, Reason, Repeat};
use insist_tests::words::ms;

use super::{DOUBLING, FIXED};
use crate::scenario::Made::{First, Retry};
use crate::scenario::Outcome::{AtLeast, Exactly, Fails, Ok, Stops, Unsent};
use crate::scenario::Scenario;

pub(super) fn table() -> Vec<Scenario> {
    vec![
        Scenario::new("the first attempt succeeds", FIXED)
            .given(&[(1, 20, Ok)])
            .sends(&[(First, 0, 20, "accept")])
            .returns(1),
        Scenario::new("failures are retried, further and further apart", DOUBLING)
            .given(&[(1, 20, Fails), (2, 30, Fails), (3, 10, Ok)])
            .sends(&[(First, 0, 20, "retry"), (Retry(0, 1), 120, 150, "retry"), (Retry(0, 2), 350, 360, "accept")])
            .returns(3),
        Scenario::new("without waits", Policy::zero().attempts(4))
            .given(&[(1, 10, Fails), (2, 10, Fails), (3, 10, Ok)])
            .sends(&[(First, 0, 10, "retry"), (Retry(0, 1), 10, 20, "retry"), (Retry(0, 2), 20, 30, "accept")])
            .returns(3),
        Scenario::new("attempts are used up", DOUBLING)
            .given(&[(1, 20, Fails), (2, 20, Fails), (3, 20, Fails)])
            .sends(&[(First, 0, 20, "retry"), (Retry(0, 1), 120, 140, "retry"), (Retry(0, 2), 340, 360, "retry")])
            .gives_up(360, Reason::Attempts, 3, "gave up after 3 attempts: no attempts were left"),
        Scenario::new("a single attempt", FIXED.attempts(1))
            .given(&[(1, 20, Fails)])
            .sends(&[(First, 0, 20, "retry")])
            .gives_up(20, Reason::Attempts, 1, "gave up after 1 attempt: no attempts were left"),
        Scenario::new("a stop ends the call", FIXED)
            .given(&[(1, 20, Fails), (2, 30, Stops)])
            .sends(&[(First, 0, 20, "retry"), (Retry(0, 1), 120, 150, "stop")])
            .gives_up(
                150,
                Reason::Stopped,
                2,
                "gave up after 2 attempts: the outcome is not one that another attempt mends",
            ),
        Scenario::new("a cap that stops", DOUBLING.cap_that_stops(ms(300)).attempts(9))
            .given(&[(1, 20, Fails), (2, 20, Fails), (3, 20, Fails)])
            .sends(&[(First, 0, 20, "retry"), (Retry(0, 1), 120, 140, "retry"), (Retry(0, 2), 340, 360, "retry")])
            .gives_up(360, Reason::Backoff, 3, "gave up after 3 attempts: the backoff ended"),
        Scenario::new("a cap that bounds", DOUBLING.cap(ms(150)))
            .given(&[(1, 20, Fails), (2, 20, Fails), (3, 20, Ok)])
            .sends(&[(First, 0, 20, "retry"), (Retry(0, 1), 120, 140, "retry"), (Retry(0, 2), 290, 310, "accept")])
            .returns(3),
        Scenario::new(
            "a list that ends",
            Policy::list(List::new(&[ms(50)]), AtEnd::Stop).jitter(Jitter::None).attempts(9),
        )
        .given(&[(1, 20, Fails), (2, 20, Fails)])
        .sends(&[(First, 0, 20, "retry"), (Retry(0, 1), 70, 90, "retry")])
        .gives_up(90, Reason::Backoff, 2, "gave up after 2 attempts: the backoff ended"),
        Scenario::new("never repeated, not even what was not sent", FIXED)
            .repeat(Repeat::Never)
            .given(&[(1, 20, Unsent)])
            .sends(&[(First, 0, 20, "retry")])
            .gives_up(
                20,
                Reason::NotRepeatable,
                1,
                "gave up after 1 attempt: it may have reached the server, and it is not safe to repeat",
            ),
        Scenario::new("repeated only what was not sent", FIXED)
            .repeat(Repeat::IfUnsent)
            .given(&[(1, 20, Unsent), (2, 30, Fails)])
            .sends(&[(First, 0, 20, "retry"), (Retry(0, 1), 120, 150, "retry")])
            .gives_up(
                150,
                Reason::NotRepeatable,
                2,
                "gave up after 2 attempts: it may have reached the server, and it is not safe to repeat",
            ),
        Scenario::new("a fallback in place of an error", FIXED.attempts(2))
            .with_fallback()
            .given(&[(1, 20, Fails), (2, 20, Fails)])
            .sends(&[(First, 0, 20, "retry"), (Retry(0, 1), 120, 140, "retry")])
            .gives_up(140, Reason::Attempts, 2, ""),
        Scenario::new("a fallback that is not needed", FIXED)
            .with_fallback()
            .given(&[(1, 20, Fails), (2, 20, Ok)])
            .sends(&[(First, 0, 20, "retry"), (Retry(0, 1), 120, 140, "accept")])
            .returns(2),
        Scenario::new("an invalid policy", FIXED.attempts(0)).gives_up(
            0,
            Reason::Invalid,
            None,
            "gave up before anything was sent: its policy is invalid: attempts is 0; a call needs at least 1",
        ),
        Scenario::new("more lanes than there is room for", FIXED.lanes(2)).by_retry().gives_up(
            0,
            Reason::Invalid,
            None,
            "gave up before anything was sent: its policy is invalid: it has more lanes than the 1 that the call has \
             room for; use race, which has room for more",
        ),
    ]
}

pub(super) fn hints() -> Vec<Scenario> {
    const TOO_LONG: &str = "gave up after 1 attempt: the server asked for a longer wait than is allowed (2s)";
    vec![
        Scenario::new("a hint delays the backoff", FIXED)
            .given(&[(1, 20, AtLeast(200)), (2, 20, Ok)])
            .sends(&[(First, 0, 20, "retry"), (Retry(0, 1), 320, 340, "accept")])
            .returns(2),
        Scenario::new("an exact hint is the wait", FIXED)
            .given(&[(1, 20, Exactly(30)), (2, 20, Ok)])
            .sends(&[(First, 0, 20, "retry"), (Retry(0, 1), 50, 70, "accept")])
            .returns(2),
        Scenario::new("a hint beyond the limit", FIXED.hint_limit(ms(1000)))
            .given(&[(1, 20, AtLeast(2000))])
            .sends(&[(First, 0, 20, "retry")])
            .hands_back_hint(2000)
            .gives_up(20, Reason::RetryAfter, 1, TOO_LONG),
        Scenario::new("an exact hint beyond the limit", FIXED.hint_limit(ms(1000)))
            .given(&[(1, 20, Exactly(2000))])
            .sends(&[(First, 0, 20, "retry")])
            .hands_back_hint(2000)
            .gives_up(20, Reason::RetryAfter, 1, TOO_LONG),
        Scenario::new("a hint beyond the deadline", FIXED.deadline(ms(500)))
            .given(&[(1, 20, AtLeast(2000))])
            .sends(&[(First, 0, 20, "retry")])
            .hands_back_hint(2000)
            .gives_up(20, Reason::RetryAfter, 1, TOO_LONG),
        Scenario::new("a hint that nobody looks at", FIXED.ignore_hints())
            .given(&[(1, 20, AtLeast(2000)), (2, 20, Ok)])
            .sends(&[(First, 0, 20, "retry"), (Retry(0, 1), 120, 140, "accept")])
            .returns(2),
    ]
}

pub(super) fn times() -> Vec<Scenario> {
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

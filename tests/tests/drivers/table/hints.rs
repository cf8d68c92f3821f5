//! Waits that a server asks for.

use insist_core::Reason;
use insist_tests::by_hand::ms;

use super::FIXED;
use crate::scenario::Made::{First, Retry};
use crate::scenario::Outcome::{AtLeast, Exactly, Ok};
use crate::scenario::Scenario;

pub(super) fn table() -> Vec<Scenario> {
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

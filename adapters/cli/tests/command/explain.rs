//! `insist plan` says in sentences what a policy means.

use crate::plan::plan;

/// The sentences, which stand before the first empty line.
fn sentences(arguments: &str) -> Vec<String> {
    let planned = plan(arguments);
    planned.lines().take_while(|line| !line.is_empty()).map(str::to_owned).collect()
}

const HINT: &str = "What a server asks for with Retry-After is waited for first, and the wait comes on top; more than 5m ends the call.";
const HINT_IN_A_LANE: &str = "What a server asks for with Retry-After is waited for first, and the wait comes on top; more than 5m ends its lane.";
const WINS: &str = "The first answer that is accepted wins, and the others are cancelled.";
const ONE_LANE: &str = "A call that may not be repeated has one lane.";

#[test]
fn attempts_and_growing_waits_are_told() {
    assert_eq!(
        sentences("--attempts 5"),
        [
            "A call makes at most 5 attempts.",
            "After a failure it waits, at first up to 100ms, then up to twice as long each time, never more than 10s; each \
             wait is drawn evenly from zero up to that.",
            HINT,
        ]
    );
    for (arguments, waits) in [
        ("--jitter none", "at first 100ms, then twice as long each time, never more than 10s."),
        (
            "--jitter equal --backoff linear",
            "at first up to 100ms, then 100ms longer each time, never more than 10s; each wait is drawn evenly from half of \
             that up to all of it.",
        ),
        (
            "--jitter 0.25 --factor 1.5 --floor 50ms",
            "at first about 100ms, then about 1.5 × as long each time, never less than 50ms, never more than 10s; each wait \
             is drawn evenly from 25 % less up to 25 % more than that.",
        ),
        (
            "--jitter none --backoff fibonacci --cap 1s",
            "at first 100ms, once more 100ms, then as long as the two before together, never more than 1s.",
        ),
        (
            "--backoff decorrelated",
            "at first from 100ms up to 3 × 100ms, then from 100ms up to 3 × the wait before, never more than 10s; each \
             wait is drawn evenly between the two.",
        ),
    ] {
        assert_eq!(sentences(arguments)[1], format!("After a failure it waits, {waits}"), "{arguments}");
    }
}

#[test]
fn waits_that_stay_and_lists_are_told() {
    for (arguments, waits) in [
        ("--backoff zero", "tries again at once."),
        ("--base 0", "tries again at once."),
        ("--backoff zero --floor 1s", "waits 1s."),
        (
            "--backoff constant --base 2s --floor 1s --jitter full",
            "waits up to 2s, never less than 1s; each wait is drawn evenly from 1s up to that.",
        ),
        ("--backoff constant", "waits 100ms."),
        ("--backoff constant --base 1m --cap 2s", "waits 2s."),
        ("--base 20s --jitter none", "waits 10s."),
        ("--factor 1 --jitter none", "waits 100ms."),
        ("--delays 1s,5s", "waits 1s, then 5s, and then no more."),
        ("--delays 1s,5s --at-end repeat", "waits 1s, then 5s each time from then on."),
    ] {
        assert_eq!(sentences(arguments)[1], format!("After a failure it {waits}"), "{arguments}");
    }
}

#[test]
fn what_ends_a_call_is_told() {
    assert_eq!(sentences("--attempts 1"), ["A call makes 1 attempt, and no other."]);
    assert_eq!(sentences("--backoff stop"), ["A call makes 1 attempt, and no other."]);
    assert_eq!(sentences("--delays 1s --attempts 9")[0], "A call makes at most 2 attempts.");
    assert_eq!(
        sentences("--backoff zero --attempt-timeout 3s --deadline 30s --ignore-retry-after"),
        [
            "A call makes at most 3 attempts.",
            "After a failure it tries again at once.",
            "An attempt that takes longer than 3s is cancelled and counts as a failure.",
            "The call takes at most 30s; a wait that would not end before that is not begun.",
            "What a server asks for with Retry-After is ignored.",
        ]
    );
    assert_eq!(
        sentences("--preset elastic"),
        [
            "The number of attempts has no limit.",
            "After a failure it waits, at first about 15ms, then about twice as long each time; each wait is drawn evenly \
             from 33.3 % less up to 33.3 % more than that.",
            "A wait that comes to 8s or more ends the call instead.",
            HINT,
        ]
    );
}

#[test]
fn lanes_are_told() {
    assert_eq!(
        sentences("--preset pester --lanes 3"),
        [
            "A call makes at most 9 attempts, 3 in each lane.",
            "After a failure its lane waits 1s.",
            &format!("3 lanes start at once. {WINS}"),
            ONE_LANE,
            HINT_IN_A_LANE,
        ]
    );
    assert_eq!(
        sentences("--lanes 9 --hedge-after 50ms --backoff constant"),
        [
            "A call makes at most 3 attempts, in all its lanes together.",
            "After a failure its lane waits 100ms.",
            &format!("When what is in flight has taken 50ms, another lane opens, 3 at most. {WINS}"),
            ONE_LANE,
            HINT_IN_A_LANE,
        ]
    );
    let at = "When what is in flight has taken longer than p95 of the latest answers, another lane opens, 3 at most.";
    assert_eq!(sentences("--lanes 9 --hedge-after p95")[2], format!("{at} {WINS}"));
    assert_eq!(
        sentences("--preset grpc-hedging"),
        [
            "A call makes at most 4 attempts, 1 in each lane.",
            &format!(
                "When what is in flight has taken 500ms, another lane opens, 4 at most; a failure opens the next at once. \
                 {WINS}"
            ),
            ONE_LANE,
            "The next lane opens when a failure's Retry-After has passed.",
        ]
    );
}

//! `--preset`: its numbers are the base, and what else is given on the line wins.

use crate::plan::{plan, waits};
use crate::run::{insist, insist_with};

/// The line of a plan that says what the policy is.
fn described(arguments: &str) -> String {
    let planned = plan(&format!("--seed 7 {arguments}"));
    let line = planned.lines().find(|line| line.ends_with("; seed 7"));
    line.unwrap_or(&planned).trim_end_matches("; seed 7").to_owned()
}

#[test]
fn each_preset_has_its_numbers() {
    for (name, numbers) in [
        ("pester", "constant 1s, no jitter; unlimited attempts, 3 in a lane"),
        ("elastic", "exponential from 15ms × 2, stops at 8s, jitter ± 0.3333; unlimited attempts"),
        ("cenkalti", "exponential from 500ms × 1.5, cap 1m, jitter ± 0.5; unlimited attempts; deadline 15m"),
        ("grpc", "exponential from 100ms × 2, cap 1s, jitter ± 0.2; 4 attempts in all, and 16 more if unsent"),
        ("grpc-hedging", "no retry; 4 attempts in all, 1 in a lane; 4 lanes, hedged after 500ms or a failure"),
        ("aws", "exponential from 50ms × 2, from 1s if throttled, cap 20s, full jitter; 3 attempts in all"),
    ] {
        let anew = if name == "grpc" { ", then the backoff starts anew" } else { "" };
        assert_eq!(described(&format!("--preset {name}")), format!("{numbers}; Retry-After up to 5m{anew}"));
    }
}

#[test]
fn what_is_given_on_the_line_wins_and_the_rest_stays() {
    for (arguments, policy) in [
        (
            "--preset aws --attempts 5",
            "exponential from 50ms × 2, from 1s if throttled, cap 20s, full jitter; 5 attempts in all",
        ),
        (
            "--preset aws --base 1s",
            "exponential from 1s × 2, from 1s if throttled, cap 20s, full jitter; 3 attempts in all",
        ),
        (
            "--preset cenkalti --base 1s --attempts 3 --deadline 1m",
            "exponential from 1s × 1.5, cap 1m, jitter ± 0.5; 3 attempts in all; deadline 1m",
        ),
        (
            "--preset cenkalti --factor 3 --attempts 3",
            "exponential from 500ms × 3, cap 1m, jitter ± 0.5; 3 attempts in all; deadline 15m",
        ),
        (
            "--preset aws --backoff linear",
            "linear from 50ms, from 1s if throttled, cap 20s, full jitter; 3 attempts in all",
        ),
        ("--preset pester --backoff linear", "linear from 1s, cap 10s, full jitter; unlimited attempts, 3 in a lane"),
        (
            "--preset grpc --delays 1s,2s --floor 5ms",
            "list 1s,2s and stop, floor 5ms, cap 1s, jitter ± 0.2; 4 attempts in all, and 16 more if unsent",
        ),
        ("--preset elastic --cap 1s", "exponential from 15ms × 2, stops at 1s, jitter ± 0.3333; unlimited attempts"),
        (
            "--preset grpc --jitter full --cap 2s --lanes 2 --hedge-after 1s --attempt-timeout 3s",
            "exponential from 100ms × 2, cap 2s, full jitter; 4 attempts in all, and 16 more if unsent; 2 lanes, hedged \
          after 1s; attempt timeout 3s",
        ),
        ("--preset pester --attempts 9 --lane-attempts 4", "constant 1s, no jitter; 9 attempts in all, 4 in a lane"),
    ] {
        let anew = if arguments.contains("grpc") { ", then the backoff starts anew" } else { "" };
        assert_eq!(described(arguments), format!("{policy}; Retry-After up to 5m{anew}"), "{arguments}");
    }
    let ignoring = described("--preset aws --ignore-retry-after");
    assert!(ignoring.ends_with("3 attempts in all; Retry-After ignored"), "{ignoring}");
}

#[test]
fn a_plan_shows_the_start_of_what_has_no_end_and_all_of_what_has_one() {
    let endless = plan("--preset cenkalti --seed 7");
    assert!(endless.ends_with("\n\nAnd so on without end; --count prints more.\n"), "{endless}");
    assert!(endless.contains("\n   10  ") && !endless.contains("\n   11  "), "{endless}");
    assert_eq!(waits("--preset cenkalti --count 30").len(), 30);
    assert_eq!(waits("--preset pester"), [1000.0, 1000.0]);
    assert!(matches!(waits("--preset elastic").len(), 9 | 10));
    assert_eq!(waits("--preset grpc-hedging").len(), 0);

    let machine = insist(&["plan", "--preset", "cenkalti", "--json"]);
    assert_eq!((machine.status, machine.out.as_str()), (2, ""));
    assert!(machine.err.contains("--preset cenkalti never stops making waits"), "{}", machine.err);
}

#[test]
fn what_has_no_effect_beside_a_preset_is_noted() {
    for (arguments, note) in [
        ("--preset pester --factor 2", "--factor has no effect with the constant backoff of --preset pester"),
        ("--preset grpc-hedging --base 1s", "--base has no effect with the stop backoff of --preset grpc-hedging"),
        ("--preset pester --backoff zero --base 1s", "--base has no effect with --backoff zero"),
        ("--preset aws --hedge-after 1s", "--hedge-after has no effect with one lane; --lanes 2 gives it another"),
        (
            "--preset pester --attempts 5",
            "--attempts has no effect with the 3 attempts in a lane of --preset pester; --lane-attempts gives it more",
        ),
    ] {
        let words: Vec<&str> = ["plan"].into_iter().chain(arguments.split_whitespace()).collect();
        let ran = insist(&words);
        assert_eq!((ran.status, ran.err), (0, format!("insist: note: {note}\n")), "{arguments}");
    }
    for arguments in [
        "--preset pester --attempts 2",
        "--preset pester --lanes 3 --attempts 9",
        "--preset grpc-hedging --hedge-after 1s",
    ] {
        plan(arguments);
    }
}

#[test]
fn an_unknown_preset_is_told_their_names() {
    let ran = insist(&["plan", "--preset", "amazon"]);
    assert_eq!((ran.status, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("'amazon'") && ran.err.contains("cenkalti") && ran.err.contains("aws"), "{}", ran.err);
}

#[test]
fn what_a_shape_leaves_without_an_end_is_refused() {
    let ran = insist(&["replay", "--preset", "elastic", "--backoff", "constant"]);
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("--preset elastic, and nothing else ends the call; set --deadline"), "{}", ran.err);
}

#[test]
fn a_replay_knows_presets_too() {
    let script = (1..9).map(|attempt| format!("{{\"attempt\":{attempt},\"after\":\"0\",\"verdict\":\"retry\"}}\n"));
    let ran = insist_with(&["replay", "--json", "--preset", "pester"], &script.collect::<String>());
    assert_eq!(ran.status, 1, "{}", ran.err);
    assert_eq!(ran.out.matches("\"send\"").count(), 3);
    assert!(ran.out.contains("{\"at_ns\":2000000000,\"action\":\"send\",\"attempt\":3"), "{}", ran.out);
}

#[cfg(feature = "ureq")]
#[test]
fn a_get_knows_presets_too() {
    let server = insist_flaky::Server::start(insist_flaky::Answer::status(503)).unwrap();
    let ran = insist(&["get", "--preset", "grpc", "--base", "1ms", &server.url()]);
    assert_eq!((ran.status, server.request_count()), (22, 4), "{}", ran.err);
}

//! `insist replay`: one call in virtual time.

use crate::run::{Ran, insist, insist_with};

fn replay(arguments: &str, script: &[&str]) -> Ran {
    let words: Vec<&str> = ["replay", "--jitter", "none"].into_iter().chain(arguments.split_whitespace()).collect();
    insist_with(&words, &script.join("\n"))
}

/// The lines of JSON of a replay whose call ended with that status.
fn lines(status: i32, arguments: &str, script: &[&str]) -> Vec<String> {
    let ran = replay(&format!("--json {arguments}"), script);
    assert_eq!(ran.status, status, "{arguments}: {}", ran.err);
    ran.out.lines().map(str::to_owned).collect()
}

const RETRY_1: &str = r#"{"attempt":1,"after":"20ms","verdict":"retry"}"#;
const RETRY_2: &str = r#"{"attempt":2,"after":"20ms","verdict":"retry"}"#;
const RETRY_3: &str = r#"{"attempt":3,"after":"20ms","verdict":"retry"}"#;
const ACCEPT_2: &str = r#"{"attempt":2,"after":"20ms","verdict":"accept"}"#;

#[test]
fn a_plain_retry_prints_every_action_in_the_documented_form() {
    assert_eq!(
        lines(0, "", &[RETRY_1, ACCEPT_2]),
        [
            r#"{"at_ns":0,"action":"send","attempt":1,"lane":0,"retry":0,"kind":"first","timeout_ns":null}"#,
            r#"{"at_ns":0,"action":"wait","until_ns":null}"#,
            r#"{"at_ns":20000000,"action":"wait","until_ns":120000000}"#,
            r#"{"at_ns":120000000,"action":"send","attempt":2,"lane":0,"retry":1,"kind":"retry","timeout_ns":null}"#,
            r#"{"at_ns":120000000,"action":"wait","until_ns":null}"#,
            r#"{"at_ns":140000000,"action":"return","attempt":2}"#,
        ]
    );
}

#[test]
fn a_call_that_gives_up_exits_with_1_and_says_why() {
    let script = [RETRY_1, RETRY_2, RETRY_3];
    let printed = lines(1, "", &script);
    assert_eq!(
        printed.last().unwrap(),
        r#"{"at_ns":360000000,"action":"give_up","reason":"attempts","refusal":null,"last":3,"retry_after_ns":null}"#
    );
    assert_eq!(replay("--json", &script).err, "insist: gave up: no attempts were left\n");
}

#[test]
fn a_race_cancels_its_losers_before_it_returns() {
    assert_eq!(
        lines(0, "--lanes 3 --attempts 3", &[r#"{"attempt":2,"after":"18ms","verdict":"accept"}"#]),
        [
            r#"{"at_ns":0,"action":"send","attempt":1,"lane":0,"retry":0,"kind":"first","timeout_ns":null}"#,
            r#"{"at_ns":0,"action":"send","attempt":2,"lane":1,"retry":0,"kind":"hedge","timeout_ns":null}"#,
            r#"{"at_ns":0,"action":"send","attempt":3,"lane":2,"retry":0,"kind":"hedge","timeout_ns":null}"#,
            r#"{"at_ns":0,"action":"wait","until_ns":null}"#,
            r#"{"at_ns":18000000,"action":"cancel","attempt":1,"reason":"lost"}"#,
            r#"{"at_ns":18000000,"action":"cancel","attempt":3,"reason":"lost"}"#,
            r#"{"at_ns":18000000,"action":"return","attempt":2}"#,
        ]
    );
}

#[test]
fn a_hedge_opens_when_what_is_in_flight_is_slow() {
    let script =
        [r#"{"attempt":1,"after":"200ms","verdict":"accept"}"#, r#"{"attempt":2,"after":"20ms","verdict":"accept"}"#];
    let printed = lines(0, "--lanes 2 --hedge-after 50ms", &script);
    assert_eq!(
        printed[1..],
        [
            r#"{"at_ns":0,"action":"wait","until_ns":50000000}"#,
            r#"{"at_ns":50000000,"action":"send","attempt":2,"lane":1,"retry":0,"kind":"hedge","timeout_ns":null}"#,
            r#"{"at_ns":50000000,"action":"wait","until_ns":null}"#,
            r#"{"at_ns":70000000,"action":"cancel","attempt":1,"reason":"lost"}"#,
            r#"{"at_ns":70000000,"action":"return","attempt":2}"#,
        ]
    );
}

#[test]
fn a_timeout_and_a_deadline_show_in_the_actions() {
    assert_eq!(
        lines(1, "--attempt-timeout 100ms --deadline 250ms", &[]),
        [
            r#"{"at_ns":0,"action":"send","attempt":1,"lane":0,"retry":0,"kind":"first","timeout_ns":100000000}"#,
            r#"{"at_ns":0,"action":"wait","until_ns":100000000}"#,
            r#"{"at_ns":100000000,"action":"cancel","attempt":1,"reason":"timeout"}"#,
            r#"{"at_ns":100000000,"action":"wait","until_ns":200000000}"#,
            r#"{"at_ns":200000000,"action":"send","attempt":2,"lane":0,"retry":1,"kind":"retry","timeout_ns":50000000}"#,
            r#"{"at_ns":200000000,"action":"wait","until_ns":250000000}"#,
            r#"{"at_ns":250000000,"action":"cancel","attempt":2,"reason":"deadline"}"#,
            r#"{"at_ns":250000000,"action":"give_up","reason":"deadline","refusal":null,"last":null,"retry_after_ns":null}"#,
        ]
    );
}

#[test]
fn a_hint_delays_the_backoff_and_one_that_is_too_long_is_handed_back() {
    let hinted = r#"{"attempt":1,"after":"0","verdict":"retry","retry_after":"2s"}"#;
    let printed = lines(0, "", &[hinted, ACCEPT_2]);
    assert_eq!(printed[2], r#"{"at_ns":0,"action":"wait","until_ns":2100000000}"#);

    let printed = lines(0, "--ignore-retry-after", &[hinted, ACCEPT_2]);
    assert_eq!(printed[2], r#"{"at_ns":0,"action":"wait","until_ns":100000000}"#);

    for limit in ["--max-retry-after 1s", "--deadline 1s"] {
        let printed = lines(1, limit, &[hinted, ACCEPT_2]);
        assert_eq!(
            printed.last().unwrap(),
            r#"{"at_ns":0,"action":"give_up","reason":"retry_after","refusal":null,"last":1,"retry_after_ns":2000000000}"#
        );
    }
}

#[test]
fn what_may_not_be_repeated_is_not() {
    let unsent = r#"{"attempt":1,"after":"20ms","verdict":"retry","sent":"no"}"#;
    let maybe = r#"{"attempt":1,"after":"20ms","verdict":"retry","sent":"maybe"}"#;
    let throttled = r#"{"attempt":1,"after":"20ms","verdict":"retry","throttled":true}"#;
    let given_up = r#"{"at_ns":20000000,"action":"give_up","reason":"not_repeatable","refusal":null,"last":1,"retry_after_ns":null}"#;
    for (repeat, outcome, status) in [
        ("always", unsent, 0),
        ("always", maybe, 0),
        ("if-unsent", unsent, 0),
        ("if-unsent", maybe, 1),
        ("always", throttled, 0),
        ("if-unsent", throttled, 1),
        ("if-unsent", RETRY_1, 1),
        ("never", unsent, 1),
        ("never", maybe, 1),
    ] {
        let printed = lines(status, &format!("--repeat {repeat}"), &[outcome, ACCEPT_2]);
        assert_eq!(printed.last().unwrap() == given_up, status == 1, "{repeat} {outcome}: {printed:?}");
    }
}

#[test]
fn only_what_may_always_be_repeated_is_raced() {
    let ran = replay("--json --repeat if-unsent --lanes 3", &[r#"{"attempt":1,"after":"1s","verdict":"accept"}"#]);
    assert_eq!(ran.status, 0);
    assert_eq!(ran.err, "insist: note: --lanes has no effect without --repeat always; one lane is used\n");
    assert_eq!(ran.out.matches("\"send\"").count(), 1);
}

#[test]
fn a_stop_ends_the_call_and_a_backoff_that_ends_too() {
    let printed = lines(1, "", &[r#"{"attempt":1,"after":"1ms","verdict":"stop"}"#]);
    assert_eq!(
        printed.last().unwrap(),
        r#"{"at_ns":1000000,"action":"give_up","reason":"stopped","refusal":null,"last":1,"retry_after_ns":null}"#
    );
    let printed = lines(1, "--backoff stop", &[RETRY_1]);
    assert_eq!(
        printed.last().unwrap(),
        r#"{"at_ns":20000000,"action":"give_up","reason":"backoff","refusal":null,"last":1,"retry_after_ns":null}"#
    );
}

#[test]
fn a_call_that_nothing_can_end_is_an_error_and_no_hang() {
    for form in ["", "--json"] {
        let ran = replay(form, &[RETRY_1]);
        assert_eq!(ran.status, 1);
        assert!(ran.err.contains("nothing can end this call"), "{}", ran.err);
    }
    let printed = lines(1, "", &[RETRY_1]);
    assert_eq!(printed.last().unwrap(), r#"{"at_ns":120000000,"action":"wait","until_ns":null}"#);
}

#[test]
fn many_lanes_race() {
    let printed = lines(0, "--lanes 255 --attempts 255", &[r#"{"attempt":200,"after":"1ms","verdict":"accept"}"#]);
    assert_eq!(printed.iter().filter(|line| line.contains("\"send\"")).count(), 255);
    assert_eq!(printed.iter().filter(|line| line.contains("\"cancel\"")).count(), 254);
}

#[test]
fn the_same_seed_replays_the_same_call() {
    let script = [RETRY_1, RETRY_2, RETRY_3].join("\n");
    let run = |seed: &str| insist_with(&["replay", "--json", "--seed", seed], &script).out;
    assert_eq!(run("7"), run("7"));
    assert_ne!(run("7"), run("8"));
}

#[test]
fn a_script_is_read_from_a_file_or_from_standard_input() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{RETRY_1}\n\n{ACCEPT_2}\n")).unwrap();
    let from_file = insist(&["replay", "--json", "--seed", "7", file.path().to_str().unwrap()]);
    let from_input = insist_with(&["replay", "--json", "--seed", "7", "-"], &format!("{RETRY_1}\r\n{ACCEPT_2}"));
    assert_eq!(from_file.status, 0, "{}", from_file.err);
    assert_eq!(from_file.out, from_input.out);
}

#[test]
fn a_script_that_makes_no_sense_is_a_usage_error_that_names_the_line() {
    for (bad, named) in [
        (r#"{"attempt":2,"after":"1s","verdict":"retry","color":1}"#, "unknown field `color`"),
        (r#"{"attempt":2,"after":"1s","after":"2s","verdict":"retry"}"#, "duplicate field `after`"),
        (RETRY_1, "attempt 1 has an outcome already"),
        (r#"{"attempt":0,"after":"1s","verdict":"retry"}"#, "attempt is 0"),
        (r#"{"attempt":2,"after":"1","verdict":"retry"}"#, "a duration needs a unit"),
        (r#"{"attempt":2,"after":"1s","verdict":"never"}"#, "unknown variant `never`"),
        (r#"{"attempt":2,"after":"1s","verdict":"retry","sent":"yes"}"#, "unknown variant `yes`"),
        ("attempt 2", "not a JSON object"),
    ] {
        let ran = replay("--json", &[RETRY_1, bad]);
        assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{bad}");
        assert!(ran.err.contains("line 2") && ran.err.contains(named), "{bad}: {}", ran.err);
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), b"\xff\xfe").unwrap();
    let ran = insist(&["replay", file.path().to_str().unwrap()]);
    assert_eq!(ran.status, 2, "{}", ran.err);
}

#[test]
fn the_picture_shows_each_attempt_on_its_line() {
    let script = [RETRY_1, r#"{"attempt":3,"after":"30ms","verdict":"accept"}"#];
    let output = assert_cmd::Command::cargo_bin("insist")
        .unwrap()
        .args(["replay", "--jitter", "none", "--seed", "7", "--attempt-timeout", "50ms"])
        .env("LC_ALL", "C")
        .write_stdin(script.join("\n"))
        .output()
        .unwrap();
    let ran = crate::run::ran(output);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    assert_eq!(
        ran.out,
        "exponential from 100ms × 2, cap 10s, no jitter; 3 attempts in all; attempt timeout 50ms; \
         Retry-After up to 5m; seed 7\n\
         \n\
         \x20            0  send attempt 1 (first in lane 0), which has 50ms\n\
         \x20            0  wait until 50ms (attempt timeout)\n\
         \x20         20ms  attempt 1 ended: retry\n\
         \x20         20ms  wait until 120ms (backoff)\n\
         \x20        120ms  send attempt 2 (retry in lane 0), which has 50ms\n\
         \x20        120ms  wait until 170ms (attempt timeout)\n\
         \x20        170ms  cancel attempt 2 (timeout)\n\
         \x20        170ms  wait until 370ms (backoff)\n\
         \x20        370ms  send attempt 3 (retry in lane 0), which has 50ms\n\
         \x20        370ms  wait until 420ms (attempt timeout)\n\
         \x20        400ms  attempt 3 ended: accept\n\
         \x20        400ms  return attempt 3\n\
         \n\
         \x20                   0                                  400ms\n\
         #1 first in lane 0  =x                                        retry\n\
         #2 retry in lane 0   ..........=====x                         timeout\n\
         #3 retry in lane 0                  ....................===+  accept\n"
    );
}

#[test]
fn a_call_that_goes_on_and_on_is_refused_before_anything_is_printed() {
    let ran = replay("--attempts unlimited --base 0s --attempt-timeout 1ns --deadline 1h", &[]);
    assert_eq!((ran.status, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains("the call goes on after 1000000 actions; set --attempts"), "{}", ran.err);
}

/// A rehearsal that fails prints a command; the command shows the same timeline.
#[test]
fn the_command_that_a_rehearsal_prints_shows_the_same_call() {
    use std::time::Duration;

    use insist_core::testing::rehearse;
    use insist_core::{Jitter, Policy, Repeat, Verdict};

    let ms = Duration::from_millis;
    let hedged =
        Policy::fibonacci(ms(30)).jitter(Jitter::fraction(0.25)).lanes(2).hedge_after(ms(50)).deadline(ms(900));
    for (policy, repeat) in [(Policy::exponential(ms(100)).attempts(4), Repeat::IfUnsent), (hedged, Repeat::Always)] {
        let played = rehearse(&policy)
            .outcome(1, ms(20), Verdict::retry().unsent().after(ms(40)))
            .outcome(2, ms(70), Verdict::retry().unsent().throttled().exactly_after(ms(15)))
            .outcome(3, ms(20), Verdict::Stop)
            .repeat(repeat)
            .seed(77)
            .play();
        let printed = played.to_string();
        let (_, command) = printed.split_once("to see it again:\n").unwrap();
        let (words, script) = command.split_once(" <<'SCRIPT'\n").unwrap();
        let words: Vec<&str> = words.split_whitespace().skip(1).collect();
        let ran = insist_with(&words, script.trim_end_matches("SCRIPT\n"));
        for line in played.timeline().to_string().lines() {
            let (at, what) = line.split_once(": ").unwrap();
            let shows = |line: &str| line.trim_start().starts_with(at.trim_end_matches("ns")) && line.contains(what);
            assert!(ran.out.lines().any(shows), "{line}\n{}\n{}", ran.out, ran.err);
        }
    }
}

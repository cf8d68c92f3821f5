//! `insist replay REPORT`: a call that was made, again, and by another policy.

use std::time::Duration;

use insist_flaky::{Answer, Script, Server};

use crate::run::{Ran, insist, insist_with};

fn report(arguments: &str, script: impl Into<Script>) -> String {
    let server = Server::start(script).unwrap();
    let url = server.url();
    let words: Vec<&str> = ["get", "--report", "-", "-o", "/dev/null", "--base", "30ms"]
        .into_iter()
        .chain(arguments.split_whitespace())
        .chain([url.as_str()])
        .collect();
    let ran = insist(&words);
    assert!(ran.out.starts_with("{\"version\":1,"), "{}{}", ran.out, ran.err);
    ran.out
}

fn replay(report: &str, arguments: &str) -> Ran {
    let words: Vec<&str> = ["replay", "-"].into_iter().chain(arguments.split_whitespace()).collect();
    insist_with(&words, report)
}

#[test]
fn a_report_replays_as_the_same_call() {
    let busy = || Answer::status(503);
    for (arguments, script) in [
        ("", Script::list([busy(), busy(), Answer::ok("x")])),
        ("--seed 7 --attempts 4 --jitter equal", Script::list([busy()])),
        ("", Script::list([busy().header("Retry-After", "1"), Answer::reset(), Answer::ok("x")])),
        ("--attempt-timeout 80ms", Script::list([Answer::never(), Answer::ok("x")])),
        ("--attempt-timeout 60ms", Script::list([Answer::ok("slow").trickle(1, Duration::from_millis(50))])),
        ("--deadline 200ms", Script::list([busy()])),
        ("--max-retry-after 1s", Script::list([busy().header("Retry-After", "7")])),
        ("-d x", Script::list([busy()])),
        ("", Script::list([Answer::status(404)])),
        ("", Script::list([Answer::ok("hello").cut_at(2), Answer::ok("hello")])),
        ("--lanes 2 --hedge-after 60ms", Script::list([Answer::never(), Answer::ok("x")])),
        ("--lanes 2 --attempt-timeout 80ms --attempts 3", Script::list([Answer::never()])),
    ] {
        let report = report(arguments, script);
        let ran = replay(&report, "");
        assert_eq!(ran.status, 0, "{arguments}: {}{}\n{report}", ran.out, ran.err);
        assert!(ran.out.contains("the same as in the report: "), "{arguments}: {}", ran.out);
    }
}

#[test]
fn a_report_of_many_lines_is_a_line_for_each() {
    let server = Server::start(Script::paths().path("/a", Answer::ok("a")).path("/b", Answer::status(503))).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r");
    let path = path.to_str().unwrap();
    insist(&["get", "--each", "--base", "5ms", "--report", path, &server.at("/a"), &server.at("/b")]);
    let ran = insist(&["replay", path]);
    assert_eq!((ran.status, ran.out.lines().count()), (0, 2), "{}{}", ran.out, ran.err);
    assert!(ran.out.starts_with("line 1: the same as in the report: returned attempt 1"), "{}", ran.out);
    assert!(ran.out.contains("line 2: the same as in the report: gave up after 3 attempts"), "{}", ran.out);
}

#[test]
fn where_a_replay_differs_is_said() {
    let report = report("--seed 7", [Answer::status(503), Answer::ok("x")]);
    for (was, is, said) in [
        ("\"verdict\":\"accept\"", "\"verdict\":\"stop\"", "the call returned attempt 2"),
        ("\"base\":\"30ms\"", "\"base\":\"3s\"", "attempt 2 was sent at "),
        ("\"kind\":\"retry\"", "\"kind\":\"hedge\"", "attempt 2 was a hedge in lane 0, and is a retry in lane 0"),
    ] {
        let changed = report.replace(was, is);
        assert_ne!(changed, report, "{was}");
        let ran = replay(&changed, "");
        assert!(ran.status == 1 && ran.out.contains(said), "{was}: {}{}", ran.out, ran.err);
    }
}

#[test]
fn another_policy_goes_by_time_and_not_by_number() {
    // Down for some 100 ms, and well after that.
    let log = |number: u32, sent: u64, verdict: &str| {
        format!(
            "{{\"attempt\":{number},\"lane\":0,\"retry\":{},\"kind\":\"{}\",\"sent_ns\":{},\"ended_ns\":{},\
             \"verdict\":\"{verdict}\",\"sent\":{}}}",
            number - 1,
            if number == 1 { "first" } else { "retry" },
            sent * 1_000_000,
            (sent + 1) * 1_000_000,
            if verdict == "retry" { "\"maybe\"" } else { "null" }
        )
    };
    let report = format!(
        "{{\"version\":1,\"outcome\":\"returned\",\"reason\":null,\"refusal\":null,\"attempts\":3,\"retries\":2,\"hedges\":0,\
         \"winner\":{{\"attempt\":3,\"lane\":0}},\"elapsed_ns\":113000000,\"seed\":7,\"log\":[{},{},{}]}}",
        log(1, 0, "retry"),
        log(2, 13, "retry"),
        log(3, 112, "accept")
    );
    let ran = replay(&report, "--what-if --backoff constant --base 20ms --attempts 9");
    assert_eq!(ran.status, 0, "{}{}", ran.out, ran.err);
    assert!(
        ran.out.contains("recorded: returned attempt 3 after 113ms\nwhat if:  returned attempt 7 after "),
        "{}",
        ran.out
    );
    let ran = replay(&report, "--what-if --lanes 2 --attempts 2");
    assert!(
        ran.status == 1 && ran.out.contains("what if:  gave up after 2 attempts and 1ms"),
        "{}{}",
        ran.out,
        ran.err
    );
    let ran = replay(&report, "");
    assert!(ran.status == 2 && ran.err.contains("no policy"), "{}", ran.err);
}

#[test]
fn a_wait_that_was_asked_for_ends_when_it_would_have() {
    let report = report("--seed 7", [Answer::status(503).header("Retry-After", "1"), Answer::ok("x")]);
    let ran = replay(&report, "--what-if --ignore-retry-after --backoff constant --base 300ms --attempts 9");
    assert!(
        ran.out.contains("what if:  returned attempt 5 after ") || ran.out.contains("returned attempt 6 after"),
        "{}",
        ran.out
    );
}

#[test]
fn what_is_no_report_is_refused_by_its_line() {
    let good = report("", [Answer::ok("x")]);
    for (text, named) in [
        (good.replace("\"version\":1", "\"version\":2"), "version is 2"),
        (good.clone() + "{\"version\":1}\n", "line 2: missing field"),
        (good.clone() + "{\n", "line 2: "),
    ] {
        let ran = replay(&text, "");
        assert!(ran.status == 2 && ran.err.contains(named), "{}", ran.err);
    }
    let ran = replay(&good, "--attempts 5");
    assert!(ran.status == 2 && ran.err.contains("--what-if"), "{}", ran.err);
    let ran = replay("{\"attempt\":1,\"after\":\"0\",\"verdict\":\"accept\"}", "--what-if");
    assert!(ran.status == 2 && ran.err.contains("--what-if needs a report"), "{}", ran.err);
}

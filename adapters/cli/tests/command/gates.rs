//! Gates on the command line and in policy files: what every command makes of them, and gates that all calls to a host share.

use std::io::Write;

use insist_flaky::{Answer, Server};
use tempfile::NamedTempFile;

use crate::plan::plan;
use crate::run::{Ran, insist, insist_with};

fn file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::with_suffix(".toml").unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn get(arguments: &str, urls: &[String]) -> Ran {
    let words: Vec<&str> = ["get", "--backoff", "zero"]
        .into_iter()
        .chain(arguments.split_whitespace())
        .chain(urls.iter().map(String::as_str))
        .collect();
    insist(&words)
}

fn gates_lines(ran: &Ran) -> Vec<&str> {
    ran.err.lines().filter(|line| line.starts_with("gates of ")).collect()
}

#[test]
fn a_budget_bounds_the_retries_of_all_calls_together() {
    let server = Server::start(Answer::status(503)).unwrap();
    let ran = get("--each --attempts 5 --budget 0.1", &vec![server.url(); 50]);
    assert_ne!(ran.status, 0, "{}", ran.err);
    // 50 first sends, 0.1 retries for each of them, and the reserve of 10; without it there would be 250.
    let requests = server.request_count();
    assert!((60..=65).contains(&requests), "{requests}: {}", ran.err);
    assert!(ran.err.contains("a gate refused another attempt (budget is used up)"), "{}", ran.err);
    let retries = requests - 50;
    let line = format!("gates of {}: budget: {retries} retries and hedges for 50 first sends, ", server.url());
    assert!(gates_lines(&ran)[0].starts_with(&line), "{}", ran.err);
}

#[test]
fn a_breaker_opens_and_refuses_what_is_left() {
    let server = Server::start(Answer::status(503)).unwrap();
    let ran = get("--each --parallel 1 --attempts 1 --breaker 0.5", &vec![server.url(); 30]);
    assert_eq!((ran.status, server.request_count()), (22, 20), "{}", ran.err);
    let refused = "  a gate refused another attempt (breaker is open)\n";
    assert_eq!(ran.err.matches(refused).count(), 10, "{}", ran.err);
    let line = format!("gates of {}: breaker open for another ", server.url());
    let [gates] = gates_lines(&ran)[..] else { panic!("{}", ran.err) };
    assert!(gates.starts_with(&line), "{}", ran.err);
}

/// The first 20 calls are the warm-up; after it, what is slower than 95 % of the latest answers is asked for once more.
#[test]
fn hedges_at_a_percentile_go_by_the_latest_answers_of_their_host() {
    let server = Server::start(Answer::ok("well\n")).unwrap();
    let ran = get("--each --parallel 1 --lanes 2 --hedge-after p95", &vec![server.url(); 40]);
    assert_eq!((ran.status, ran.out.matches("well\n").count()), (0, 40), "{}", ran.err);
    let requests = server.request_count();
    assert!((40..=60).contains(&requests), "{requests}: {}", ran.err);
    let line = format!("gates of {}: 40 latencies: p50 ", server.url());
    let [gates] = gates_lines(&ran)[..] else { panic!("{}", ran.err) };
    assert!(gates.starts_with(&line), "{}", ran.err);
}

/// Twenty attempts at 500 a second take 38 ms at least.
#[test]
fn a_rate_spaces_the_attempts_of_all_calls() {
    let server = Server::start(Answer::ok("well\n")).unwrap();
    let started = std::time::Instant::now();
    let ran = get("--each --parallel 20 --rate 500/s", &vec![server.url(); 20]);
    assert_eq!((ran.status, ran.out.matches("well\n").count()), (0, 20), "{}", ran.err);
    assert!(started.elapsed().as_millis() >= 38, "{:?}", started.elapsed());
    assert!(gates_lines(&ran)[0].contains("rate limit: "), "{}", ran.err);
}

#[test]
fn one_host_that_fails_does_not_stop_the_others() {
    let (bad, good) = (Server::start(Answer::status(503)).unwrap(), Server::start(Answer::ok("well\n")).unwrap());
    let urls: Vec<String> = (0..60).map(|number| if number % 2 == 0 { bad.url() } else { good.url() }).collect();
    let ran = get("--each --parallel 1 --attempts 1 --breaker 0.5 --budget 0.1", &urls);
    assert_eq!((ran.status, ran.out.matches("well\n").count()), (22, 30), "{}", ran.err);
    assert_eq!((bad.request_count(), good.request_count()), (20, 30));
    let [first, second] = gates_lines(&ran)[..] else { panic!("{}", ran.err) };
    // What the breaker refused is no first send.
    assert!(first.starts_with(&format!("gates of {}: breaker open for another ", bad.url())), "{}", ran.err);
    assert!(first.ends_with("; budget: 0 retries and hedges for 20 first sends, 12 left"), "{}", ran.err);
    let closed =
        "breaker closed: 0 of 30 failed, ratio 0.000; budget: 0 retries and hedges for 30 first sends, 13 left";
    assert_eq!(second, format!("gates of {}: {closed}", good.url()));
}

#[test]
fn one_call_has_them_too_and_says_which_refused() {
    for (arguments, requests, named) in
        [("--breaker 0.5", 20, "breaker is open"), ("--budget 0.001", 11, "budget is used up")]
    {
        let server = Server::start(Answer::status(503)).unwrap();
        let ran = get(&format!("--attempts 50 {arguments}"), &[server.url()]);
        assert_eq!((ran.status, server.request_count()), (75, requests), "{arguments}: {}", ran.err);
        let expected = format!(
            "insist: gave up after {requests} attempts: a gate refused another attempt ({named}); last status: 503\n"
        );
        assert_eq!(ran.err, expected, "{arguments}");
    }
}

/// The file's reserve of 2 lets two retries through; the line's of 4, four; and without the budget the call has all its attempts.
#[test]
fn a_file_has_gates_too_and_what_is_given_on_the_line_wins() {
    let policy = file("backoff = \"zero\"\nattempts = 9\nbudget = { ratio = 0.001, reserve = 2 }\n");
    let path = policy.path().to_str().unwrap();
    for (line, requests) in [("", 3), ("--budget reserve=4", 5), ("--budget none", 9)] {
        let server = Server::start(Answer::status(503)).unwrap();
        let url = server.url();
        let words: Vec<&str> = ["get", "--policy", path, &url].into_iter().chain(line.split_whitespace()).collect();
        let ran = insist(&words);
        assert_eq!((ran.status != 0, server.request_count()), (true, requests), "{line}: {}", ran.err);
    }
}

#[test]
fn every_gate_is_an_option_that_is_at_work_and_says_its_state() {
    for (options, requests, state) in [
        ("--bulkhead 1 --attempts 1", 3, "bulkhead: 0 of 1 in flight"),
        ("--retry-quota 12 --attempts 9", 5, "retry quota: 2 of 12 tokens"),
        ("--throttle 1 --attempts 1", 2, "throttle: refuses 75.0 % of the attempts"),
        ("--rate 1000/s --attempts 1", 3, "rate limit: "),
        ("--retry-share 0.2 --attempts 1", 3, "retry share: 0 in flight, 0 retries and hedges, 3 left"),
        ("--aimd-limit 10,ratio=0.5 --attempts 1", 3, "AIMD limit: 0 in flight, limit 1"),
        ("--gradient-limit 10 --attempts 1", 3, "gradient limit: 0 in flight, limit 3, measuring"),
        ("--adaptive-rate 9 --attempts 1", 3, "adaptive rate: 9.00 a second"),
        ("--pause 0 --attempts 1", 3, "not paused"),
        ("--breaker failures=2,over_last=2 --attempts 1", 2, "breaker open for another "),
    ] {
        let server = Server::start(Answer::status(429)).unwrap();
        let ran = get(&format!("--each --parallel 1 {options}"), &vec![server.url(); 3]);
        assert_eq!((ran.status != 0, server.request_count()), (true, requests), "{options}: {}", ran.err);
        let line = format!("gates of {}: {state}", server.url());
        assert!(gates_lines(&ran)[0].starts_with(&line), "{options}: {}", ran.err);
    }
}

#[test]
fn a_plan_says_in_sentences_what_gates_do() {
    let policy = file("breaker = 0.5\nbudget = 0.1\n");
    let planned = plan(&format!("--policy {} --breaker 1 --bulkhead 16 --seed 7", policy.path().display()));
    for line in [
        "When 100 % or more of the attempts of the last 10s fail, and there are 20 of them, every attempt is refused for 5s; \
         then one attempt tries whether it works again.",
        "Retries and hedges of all calls together are at most 0.1 × the first sends in 10s, and 10 on top; others are refused.",
        "At most 16 attempts are in flight at once, of all calls together; others are refused.",
    ] {
        assert!(planned.lines().any(|printed| printed == line), "{line}: {planned}");
    }
    assert!(planned.contains("; breaker 1; budget 0.1; bulkhead 16; seed 7\n"), "{planned}");
}

#[test]
fn a_replay_asks_the_gates_too() {
    let failing =
        "{\"attempt\":1,\"after\":\"0\",\"verdict\":\"retry\"}\n{\"attempt\":2,\"after\":\"0\",\"verdict\":\"retry\"}";
    let ran = insist_with(&["replay", "--budget", "0.001,reserve=1"], failing);
    assert_eq!((ran.status, ran.out.matches("send attempt").count()), (1, 2), "{}", ran.out);
    assert_eq!(ran.err, "insist: gave up: a gate refused another attempt (budget is used up)\n");
}

#[test]
fn a_simulation_gives_the_gates_of_the_line_to_every_policy_and_sweeps_them() {
    let world = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/worlds/fail-fast.toml");
    let policy = file("attempts = 3\nbreaker = 0.5\n");
    let path = policy.path().to_str().unwrap();
    let refused = |arguments: &[&str]| {
        let words = [&["simulate", "--world", world, "--seeds", "1", "--seed", "7", "--json"], arguments].concat();
        let ran = insist(&words);
        assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{arguments:?}");
        let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        json["runs"].as_array().unwrap().iter().map(|run| run["refused"].as_f64().unwrap()).collect::<Vec<_>>()
    };
    let [file, preset] = refused(&["--policy", path, "--preset", "aws"])[..] else { panic!() };
    assert!(file > 1000.0 && preset == 0.0, "{file} {preset}");
    let [file, preset] = refused(&["--policy", path, "--preset", "aws", "--breaker", "none"])[..] else { panic!() };
    assert_eq!([file, preset], [0.0; 2]);
    let [file, preset] = refused(&["--policy", path, "--preset", "aws", "--breaker", "0.4"])[..] else { panic!() };
    assert!(file > 1000.0 && preset > 1000.0, "{file} {preset}");
    let [without, with] = refused(&["--preset", "aws", "--sweep", "breaker=none,0.5"])[..] else { panic!() };
    assert!(without == 0.0 && with > 1000.0, "{without} {with}");
}

#[test]
fn the_report_says_that_a_gate_refused() {
    let server = Server::start(Answer::status(503)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.json");
    get(&format!("--attempts 50 --budget 0.001 --report {}", path.display()), &[server.url()]);
    let report: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!((&report["reason"], &report["attempts"]), (&"refused".into(), &11.into()), "{report}");
}

#[test]
fn values_that_make_no_sense_are_refused() {
    for (option, ratios, right) in [
        ("--budget", ["0", "0.0009", "10.1", "-1", "NaN", "some"], "from 0.001 to 10"),
        ("--rate", ["10", "0/s", "10/0s", "x/s", "10/", "-1/s"], "a span as in 10/s or 600/5m"),
        ("--hedge-after", ["p", "p49", "p99.95", "p100", "pNaN", "p95%"], "from p50 to p99.9"),
        ("--breaker", ["0", "1.01", "-0.5", "inf", "NaN", "some"], "above 0 and up to 1"),
        ("--bulkhead", ["0", "-1", "1.5", "5000000000", "some", "1s"], "a whole number of attempts from 1"),
        ("--retry-quota", ["0", "-1", "1.5", "5000000000", "some", ""], "a whole number of tokens from 1"),
        ("--retry-share", ["-0.1", "1.01", "inf", "NaN", "some", "1s"], "from 0 to 1"),
        ("--adaptive-rate", ["-0.1", "0", "inf", "NaN", "some", "1s"], "from 0.001 to 1000000"),
        ("--pause", ["-0.1", "1.01", "inf", "NaN", "some", "1s"], "from 0 to 1"),
        ("--aimd-limit", ["0", "-1", "1.5", "5000000000", "some", "1s"], "a whole number of attempts from 1"),
        ("--gradient-limit", ["0", "-1", "1.5", "5000000000", "some", "1s"], "a whole number of attempts from 1"),
        ("--throttle", ["0", "0.99", "1001", "inf", "NaN", "some"], "from 1 to 1000"),
    ] {
        for ratio in ratios {
            let ran = insist(&["get", option, ratio, "http://127.0.0.1:9"]);
            assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{option} {ratio}: {}", ran.err);
            for word in [option, &format!("'{ratio}'"), right] {
                assert!(ran.err.contains(word), "{option} {ratio}: {word} in {}", ran.err);
            }
        }
    }
}

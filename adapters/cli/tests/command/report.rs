//! `insist get --report`: the documented form.

use insist_flaky::{Answer, Server};
use serde_json::Value;

use crate::run::insist;

/// The report, with every time checked and put to 0.
fn report(arguments: &str, urls: &[String]) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.json");
    let path = path.to_str().unwrap();
    let words: Vec<&str> = ["get", "--base", "1ms", "--seed", "7", "--report", path]
        .into_iter()
        .chain(arguments.split_whitespace())
        .chain(urls.iter().map(String::as_str))
        .collect();
    let ran = insist(&words);
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.ends_with("}\n") && text.lines().count() == 1, "{text}");
    (ran.status, without_times(&text))
}

fn without_times(text: &str) -> String {
    let report: Value = serde_json::from_str(text).unwrap();
    let elapsed = report["elapsed_ns"].as_u64().unwrap();
    for entry in report["log"].as_array().unwrap() {
        let (sent, ended) = (entry["sent_ns"].as_u64().unwrap(), entry["ended_ns"].as_u64().unwrap());
        assert!(sent <= ended && ended <= elapsed, "{text}");
    }
    let mut rest = text.trim_end();
    let mut stripped = String::new();
    while let Some(at) = rest.find("_ns\":") {
        let (before, after) = rest.split_at(at + "_ns\":".len());
        let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap();
        stripped = stripped + before + if digits > 0 { "0" } else { "" };
        rest = &after[digits..];
    }
    stripped + rest
}

/// Returns what the report says of its policy and its call.
fn policy(attempts: u32, lanes: u8) -> String {
    format!(
        "\"policy\":{{\"backoff\":\"exponential\",\"base\":\"1ms\",\"factor\":2.0,\"cap\":\"10s\",\"floor\":\"0\",\"jitter\":\"full\",\
         \"attempts\":{attempts},\"lanes\":{lanes},\"hedge_after\":\"0\",\"hint_limit\":\"5m\"}},\"repeat\":\"always\",\
         \"is_on_caller\":{},\"gates\":null",
        lanes == 1
    )
}

#[test]
fn a_call_that_returned() {
    let server = Server::start([Answer::status(503), Answer::ok("hello\n")]).unwrap();
    let target = server.at("/x");
    assert_eq!(
        report("", std::slice::from_ref(&target)),
        (
            0,
            format!(
                "{{\"version\":1,\"outcome\":\"returned\",\"reason\":null,\"refusal\":null,\"hint_ns\":null,\"fell_back\":false,\"status\":200,\"attempts\":2,\"retries\":1,\"hedges\":0,\
                 \"winner\":{{\"attempt\":2,\"lane\":0}},\"started_unix_ns\":0,\"elapsed_ns\":0,\"seed\":7,{},\"log\":[\
                 {{\"attempt\":1,\"lane\":0,\"retry\":0,\"kind\":\"first\",\"target\":\"{target}\",\"sent_ns\":0,\
                 \"ended_ns\":0,\"timeout_ns\":null,\"verdict\":\"retry\",\"sent\":\"maybe\",\"throttled\":false,\"retry_after_ns\":null,\"is_exact\":false,\"failed_at\":\"head\",\"status\":503,\"error\":null}},\
                 {{\"attempt\":2,\"lane\":0,\"retry\":1,\"kind\":\"retry\",\"target\":\"{target}\",\"sent_ns\":0,\
                 \"ended_ns\":0,\"timeout_ns\":null,\"verdict\":\"accept\",\"sent\":null,\"throttled\":false,\"retry_after_ns\":null,\"is_exact\":false,\"failed_at\":null,\"status\":200,\"error\":null}}],\"dropped\":0}}",
                policy(3, 1)
            )
        )
    );
}

#[test]
fn a_call_that_gave_up() {
    let server = Server::start(Answer::status(429)).unwrap();
    let target = server.at("/x");
    assert_eq!(
        report("--attempts 1", std::slice::from_ref(&target)),
        (
            22,
            format!(
                "{{\"version\":1,\"outcome\":\"gave_up\",\"reason\":\"attempts\",\"refusal\":null,\"hint_ns\":null,\"fell_back\":false,\"status\":429,\"attempts\":1,\"retries\":0,\
                 \"hedges\":0,\"winner\":null,\"started_unix_ns\":0,\"elapsed_ns\":0,\"seed\":7,{},\"log\":[\
                 {{\"attempt\":1,\"lane\":0,\"retry\":0,\"kind\":\"first\",\"target\":\"{target}\",\"sent_ns\":0,\
                 \"ended_ns\":0,\"timeout_ns\":null,\"verdict\":\"retry\",\"sent\":\"maybe\",\"throttled\":true,\"retry_after_ns\":null,\"is_exact\":false,\"failed_at\":\"head\",\"status\":429,\"error\":null}}],\"dropped\":0}}",
                policy(1, 1)
            )
        )
    );
}

#[test]
fn a_race_names_its_winner_and_the_attempts_that_were_cancelled() {
    let replicas = [Answer::never(), Answer::ok("fast\n")].map(|answer| Server::start(answer).unwrap());
    let [slow, fast] = replicas.each_ref().map(|server| server.at("/"));
    assert_eq!(
        report("--lanes 2", &[slow.clone(), fast.clone()]),
        (
            0,
            format!(
                "{{\"version\":1,\"outcome\":\"returned\",\"reason\":null,\"refusal\":null,\"hint_ns\":null,\"fell_back\":false,\"status\":200,\"attempts\":2,\"retries\":0,\"hedges\":1,\
                 \"winner\":{{\"attempt\":2,\"lane\":1}},\"started_unix_ns\":0,\"elapsed_ns\":0,\"seed\":7,{},\"log\":[\
                 {{\"attempt\":1,\"lane\":0,\"retry\":0,\"kind\":\"first\",\"target\":\"{slow}\",\"sent_ns\":0,\
                 \"ended_ns\":0,\"timeout_ns\":null,\"verdict\":\"lost\",\"sent\":null,\"throttled\":false,\"retry_after_ns\":null,\"is_exact\":false,\"failed_at\":null,\"status\":null,\"error\":null}},\
                 {{\"attempt\":2,\"lane\":1,\"retry\":0,\"kind\":\"hedge\",\"target\":\"{fast}\",\"sent_ns\":0,\
                 \"ended_ns\":0,\"timeout_ns\":null,\"verdict\":\"accept\",\"sent\":null,\"throttled\":false,\"retry_after_ns\":null,\"is_exact\":false,\"failed_at\":null,\"status\":200,\"error\":null}}],\"dropped\":0}}",
                policy(3, 2)
            )
        )
    );
}

fn fields(arguments: &str, answer: Answer) -> Value {
    let server = Server::start(answer).unwrap();
    let (status, text) = report(arguments, &[server.url()]);
    assert_ne!(status, 0, "{text}");
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a_call_that_has_no_response_has_an_error_and_no_status() {
    let report = fields("--attempts 1", Answer::reset());
    assert_eq!((&report["outcome"], &report["status"]), (&"gave_up".into(), &Value::Null));
    assert!(report["log"][0]["error"].is_string(), "{report}");
    assert_eq!(report["log"][0]["verdict"], "retry");
}

#[test]
fn a_timeout_is_told_from_a_retry() {
    let report = fields("--attempts 1 --attempt-timeout 30ms", Answer::never());
    assert_eq!(report["log"][0]["verdict"], "timeout", "{report}");
    assert_eq!(report["reason"], "attempts", "{report}");
}

#[test]
fn an_attempt_that_the_deadline_ends_is_told_so_on_one_thread_and_in_a_race() {
    for lanes in ["", "--lanes 2", "--attempt-timeout 1h", "--lanes 2 --attempt-timeout 1h"] {
        let report = fields(&format!("--deadline 60ms {lanes}"), Answer::never());
        assert_eq!(report["reason"], "deadline", "{lanes}: {report}");
        let log = report["log"].as_array().unwrap();
        assert!(log.iter().all(|entry| entry["verdict"] == "deadline"), "{lanes}: {report}");
    }
}

#[test]
fn a_refusal_is_told() {
    let report = fields("--budget 0.001 --attempts 99 --factor 1", Answer::status(503));
    assert_eq!(report["reason"], "refused", "{report}");
    assert_eq!(report["refusal"], "budget is used up", "{report}");
}

#[test]
fn a_body_that_broke_off_is_no_return() {
    let report = fields("--attempts 1", Answer::ok("hello\n").cut_at(2));
    assert_eq!((&report["outcome"], &report["reason"]), (&"gave_up".into(), &"attempts".into()), "{report}");
    assert_eq!(report["winner"], Value::Null);
    assert_eq!(report["status"], 200);
    assert_eq!(report["log"][0]["verdict"], "retry");
    assert!(report["log"][0]["error"].as_str().unwrap().contains("broke off"), "{report}");
}

#[test]
fn the_seed_that_is_named_gives_the_same_waits() {
    let server = Server::start(Answer::status(503)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.json");
    insist(&["get", "--attempts", "1", "--report", path.to_str().unwrap(), &server.url()]);
    let report: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let seed = report["seed"].as_u64().unwrap();
    assert!(seed < 1 << 53, "every reader of JSON can read it");
    let plan = insist(&["plan", "--json", "--seed", &seed.to_string()]);
    assert!(plan.out.starts_with(&format!("{{\"seed\":{seed},")));
}

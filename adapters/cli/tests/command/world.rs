//! `insist world`: what is inferred of an incident, and that a simulation of it comes to what happened.

use std::fmt::Write as _;
use std::io::Write;
use std::time::{Duration, Instant};

use insist_flaky::{Answer, Script, Server};
use serde_json::Value;
use tempfile::NamedTempFile;

use crate::run::{Ran, insist};

fn file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::with_suffix(".toml").unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn world(records: &NamedTempFile) -> Ran {
    insist(&["world", "--from", records.path().to_str().unwrap()])
}

/// Fails from one second until two, and answers after 20 ms else.
fn outage() -> Script {
    let started = std::sync::OnceLock::new();
    Script::each(move |_, _| {
        let since = started.get_or_init(Instant::now).elapsed().as_millis();
        if (1000..2000).contains(&since) {
            Answer::status(503).after(Duration::from_millis(5))
        } else {
            Answer::ok("hello").after(Duration::from_millis(20))
        }
    })
}

/// A scripted outage, fetched, inferred, and simulated under the policy that it was fetched with: as many calls succeed, to
/// two in a hundred, and as many are sent, to three in a hundred.
#[test]
fn an_outage_that_was_fetched_is_simulated_as_it_was() {
    let server = Server::start(outage()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (reports, policy, made) = (path("reports.jsonl"), path("policy.toml"), path("incident.toml"));
    std::fs::write(&policy, "attempts = 3\nbase = \"100ms\"\n").unwrap();
    let urls: Vec<String> = (0..450).map(|number| server.at(&format!("/{number}"))).collect();
    let head =
        ["get", "--each", "--parallel", "4", "--policy", &policy, "--output-dir", folder.path().to_str().unwrap()];
    let words: Vec<&str> =
        head.into_iter().chain(["--report", &reports]).chain(urls.iter().map(String::as_str)).collect();
    insist(&words);

    let lines: Vec<Value> =
        std::fs::read_to_string(&reports).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let returned = lines.iter().filter(|report| report["outcome"] == "returned").count() as f64;
    let sent: f64 = lines.iter().map(|report| report["attempts"].as_f64().unwrap()).sum();
    let (success, sends) = (returned / lines.len() as f64, sent / lines.len() as f64);
    assert!(success < 0.98 && sends > 1.05, "the outage was seen: {success} {sends}");

    let ran = insist(&["world", "--from", &reports]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    assert!(ran.out.contains("450 calls") && ran.out.contains("kind = \"fail\"\nstatus = 503"), "{}", ran.out);
    std::fs::write(&made, &ran.out).unwrap();

    let ran = insist(&["simulate", "--world", &made, "--policy", &policy, "--seeds", "20", "--seed", "7", "--json"]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    let json: Value = serde_json::from_str(&ran.out).unwrap();
    let figure = |name: &str| json["runs"][0][name].as_f64().unwrap();
    println!("success {:.4} of {success:.4}, sends {:.4} of {sends:.4}", figure("success"), figure("sends_per_call"));
    assert!((figure("success") - success).abs() <= 0.02, "success {} of {success}", figure("success"));
    assert!((figure("sends_per_call") / sends - 1.0).abs() <= 0.03, "sends {} of {sends}", figure("sends_per_call"));

    let ran =
        insist(&["simulate", "--world", &made, "--preset", "pester", "--attempt-timeout", "1s", "--deadline", "2s"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
}

/// A minute of an access log: 10 requests a second, silent from 20 s until 25 s, ten times slower from 40 s until 45 s.
fn log() -> String {
    let mut log = String::new();
    for request in 0..600 {
        let second = request / 10;
        let (status, took) = match second {
            20..25 => (499, 1.0),
            40..45 => (200, 0.21 + f64::from(request % 7) / 1000.0),
            _ => (200, 0.020 + f64::from(request % 7) / 1000.0),
        };
        let _ = writeln!(
            log,
            "10.0.0.1 - - [27/Nov/2026:12:00:{second:02} +0000] \"GET /x HTTP/1.1\" {status} 12 {took:.3}"
        );
    }
    log
}

#[test]
fn an_access_log_says_when_a_server_was_silent_and_slow() {
    let ran = world(&file(&log()));
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    for said in [
        "# Inferred from access log: 600 calls, 600 attempts, 1 target; 60 seconds, 2 of them without data.",
        "each counts as a call",
        "seen_per_second = 20",
        "kind = \"hang\"",
        "kind = \"slow\"\nfactor = 9",
    ] {
        assert!(ran.out.contains(said), "{said}: {}", ran.out);
    }
    assert_eq!(ran.out.matches("[[incidents]]").count(), 2, "{}", ran.out);
}

/// Attempts as OpenTelemetry writes them, to two servers, of which one fails.
#[test]
fn spans_say_which_server_failed() {
    let span = |server: &str, at: u64, status: u16, resend: u32| {
        let attribute = |key: &str, value: String| format!("{{\"key\":\"{key}\",\"value\":{value}}}");
        let text = |value: &str| format!("{{\"stringValue\":\"{value}\"}}");
        let attributes = [
            attribute("server.address", text(server)),
            attribute("server.port", "{\"intValue\":\"443\"}".into()),
            attribute("http.request.method", text("GET")),
            attribute("http.response.status_code", format!("{{\"intValue\":\"{status}\"}}")),
            attribute("http.request.resend_count", format!("{{\"intValue\":{resend}}}")),
        ];
        let (start, end) = (at * 1_000_000, at * 1_000_000 + 15_000_000);
        format!(
            "{{\"name\":\"GET\",\"startTimeUnixNano\":\"{start}\",\"endTimeUnixNano\":\"{end}\",\"attributes\":[{}]}}",
            attributes.join(",")
        )
    };
    let spans: Vec<String> = (0..400)
        .map(|number| {
            let at = 1_700_000_000_000 + number * 25;
            let is_ill = number % 2 == 1 && (100..200).contains(&number);
            span(
                if number % 2 == 0 { "a" } else { "b" },
                at,
                if is_ill { 502 } else { 200 },
                u32::from(number % 10 == 9),
            )
        })
        .collect();
    let text = format!("{{\"resourceSpans\":[{{\"scopeSpans\":[{{\"spans\":[{}]}}]}}]}}", spans.join(","));
    let ran = world(&file(&text));
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    assert!(ran.out.contains("Inferred from spans: 360 calls, 400 attempts, 2 targets"), "{}", ran.out);
    assert!(ran.out.contains("# Replica 1 is b:443.") && ran.out.contains("status = 502"), "{}", ran.out);
    assert!(ran.out.contains("share = 1.0000\nreplica = 1\n"), "{}", ran.out);
    let made = file(&ran.out);
    let once = file("attempts = 1");
    let paths = [&made, &once].map(|file| file.path().to_str().unwrap());
    let ran = insist(&["simulate", "--world", paths[0], "--policy", paths[1], "--seed", "7", "--json"]);
    let json: Value = serde_json::from_str(&ran.out).unwrap();
    let success = json["runs"][0]["success"].as_f64().unwrap();
    assert!((success - 310.0 / 360.0).abs() < 0.03, "{success}: 50 of 400 attempts failed");
}

#[test]
fn a_policy_that_sends_more_than_was_seen_is_refused() {
    let made = file(&world(&file(&log())).out);
    let path = made.path().to_str().unwrap();
    let ran = insist(&["simulate", "--world", path, "--preset", "grpc", "--attempt-timeout", "50ms", "--seed", "7"]);
    assert_eq!((ran.status, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("and the records have seen 20 at most"), "{}", ran.err);
}

#[test]
fn records_that_hold_too_little_are_named() {
    let usage = |text: &str, message: &str| {
        let ran = world(&file(text));
        assert_eq!((ran.status, ran.out.as_str()), (2, ""));
        assert!(ran.err.contains(message), "{}", ran.err);
    };
    usage("what", ", line 1: there is no [time]");
    usage("{\"log\":[]}", ", line 1: started_unix_ns is missing");
    usage("{\"log\":", ", line 1: it is no report of a call");
    usage("{\"resourceSpans\":[]}", ": no span has http.response.status_code");
    usage("{\"started_unix_ns\":1,\"log\":[]}", "the records hold no attempt");
    let few: String = log().lines().take(5).fold(String::new(), |few, line| few + line + "\n");
    usage(&few, "the records hold 5 attempts that were answered; at least 20 are needed");
    let ran = insist(&["world", "--from", file(&log()).path().to_str().unwrap(), "--target", "b"]);
    assert!(ran.status == 2 && ran.err.contains("no attempt was sent to \"b\"; the targets are server"), "{}", ran.err);
}

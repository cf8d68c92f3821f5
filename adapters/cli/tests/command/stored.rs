//! `insist later`, `insist work`, `insist calls`: calls that outlive the commands.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use insist_flaky::{Answer, Script, Server as Receiver};
use serde_json::Value;
use tempfile::TempDir;

use crate::run::{Ran, insist, insist_with};
#[cfg(feature = "postgres")]
use crate::server::Server;

struct Store {
    folder: TempDir,
    /// The database, if it is one and no file.
    #[cfg(feature = "postgres")]
    url: Option<String>,
}

impl Store {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            #[cfg(feature = "postgres")]
            url: None,
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("calls.db")
    }

    fn place(&self) -> String {
        #[cfg(feature = "postgres")]
        if let Some(url) = &self.url {
            return url.clone();
        }
        self.path().display().to_string()
    }

    /// Runs a command with this store.
    fn run(&self, line: &str) -> Ran {
        let path = self.place();
        let words: Vec<&str> = line.split_whitespace().chain(["--store", &path]).collect();
        insist(&words)
    }

    /// Runs a command that has to succeed, and returns what it printed.
    fn out(&self, line: &str) -> String {
        let ran = self.run(line);
        assert_eq!(ran.status, 0, "{line}: {}", ran.err);
        ran.out
    }

    fn json(&self, line: &str) -> Vec<Value> {
        self.out(line).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn worker(&self) -> Child {
        Command::new(assert_cmd::cargo::cargo_bin("insist"))
            .args(["work", "--lease-margin", "1s", "--store"])
            .arg(self.place())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }
}

#[test]
fn a_request_is_kept_and_sent_by_another_command() {
    let server = Receiver::start(Script::list([Answer::status(503), Answer::status(204)])).unwrap();
    let store = Store::new();
    let url = server.at("/hooks");
    let later = format!("later --key order-17 -d paid=17 -H X-One:1 --base 10ms --seed 7 {url}");
    assert_eq!(store.out(&later), "order-17\n");
    assert_eq!(server.request_count(), 0);
    assert_eq!(store.out("work --until-empty"), "");
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    for request in &requests {
        assert_eq!(
            (request.method.as_str(), request.path.as_str(), request.body.as_slice()),
            ("POST", "/hooks", &b"paid=17"[..])
        );
        assert_eq!(request.header("idempotency-key"), Some("\"order-17\""));
        assert_eq!(
            (request.header("x-one"), request.header("content-type")),
            (Some("1"), Some("application/x-www-form-urlencoded"))
        );
    }
    let [shown] = &store.json("calls show order-17 --json")[..] else { panic!("one line") };
    assert_eq!((&shown["status"], &shown["attempts"], &shown["due"]), (&"delivered".into(), &2.into(), &Value::Null));
    let log: Vec<_> = shown["log"].as_array().unwrap().iter().map(|entry| (&entry["end"], &entry["status"])).collect();
    assert_eq!(log, [(&"retry".into(), &503.into()), (&"accept".into(), &204.into())]);
}

#[test]
fn a_key_that_is_known_is_told_and_changes_nothing() {
    let store = Store::new();
    store.out("later --key a http://127.0.0.1:9/one");
    let ran = store.run("later --key a http://127.0.0.1:9/two");
    assert_eq!((ran.status, ran.out.as_str()), (0, "a\n"));
    assert!(ran.err.contains("a is known"), "{}", ran.err);
    assert!(store.out("calls show a").contains("/one"));
    assert_eq!(
        store.json("later --key a --json http://127.0.0.1:9/two"),
        [serde_json::json!({"key": "a", "enqueued": "known"})]
    );
}

#[test]
fn a_call_waits_for_its_time() {
    let store = Store::new();
    store.out("later --key a --in 1h http://127.0.0.1:9/");
    store.out("later --key b --at 2200-01-01T00:00:00Z http://127.0.0.1:9/");
    let listed = store.json("calls list --json");
    assert_eq!(listed[0]["due"], "2200-01-01T00:00:00.000Z");
    let line = r#"{"key":"b","status":"pending","attempts":0,"due":"2200-01-01T00:00:00.000Z","last_status":null,"last_error":null}"#;
    assert_eq!(store.out("calls list --json").lines().next(), Some(line));
    assert_eq!(listed[1]["key"], "a");
    assert!(store.out("calls list").contains("in 59m"), "{}", store.out("calls list"));
}

#[test]
fn what_is_kept_of_a_policy_can_be_changed_under_its_name() {
    let store = Store::new();
    let file = store.folder.path().join("webhooks.toml");
    let server = Receiver::start(Answer::status(500)).unwrap();
    for attempts in [50, 2] {
        std::fs::write(&file, format!("backoff = \"zero\"\nattempts = {attempts}\n")).unwrap();
        let key = format!("with-{attempts}");
        store.out(&format!("later --key {key} --policy {} {}", file.display(), server.url()));
    }
    store.out("work --until-empty");
    for key in ["with-50", "with-2"] {
        let shown = store.json(&format!("calls show {key} --json"));
        assert_eq!((&shown[0]["policy"], &shown[0]["attempts"]), (&"webhooks".into(), &2.into()), "{key}");
        assert_eq!((&shown[0]["status"], &shown[0]["reason"]), (&"failed".into(), &"attempts".into()), "{key}");
    }
}

#[test]
fn an_operator_cancels_revives_pauses_and_prunes() {
    let server =
        Receiver::start(Script::each(|request, _| Answer::status(if request.path == "/gone" { 410 } else { 200 })))
            .unwrap();
    let store = Store::new();
    for key in ["well", "gone", "cancelled"] {
        store.out(&format!("later --key {key} {}", server.at(&format!("/{key}"))));
    }
    store.out("calls cancel cancelled");
    store.out(&format!("calls pause --target {}", server.url()));
    assert_eq!(store.json("calls list --json --status paused").len(), 2);
    store.out("work --until-empty");
    assert_eq!(server.request_count(), 0, "everything is paused");
    store.out(&format!("calls resume --target {}", server.url()));
    store.out("work --until-empty");
    let status = |key: &str| store.json(&format!("calls show {key} --json"))[0]["status"].clone();
    assert_eq!([status("well"), status("gone"), status("cancelled")], ["delivered", "failed", "cancelled"]);

    store.out("calls revive --all");
    store.out("calls revive cancelled");
    store.out("work --until-empty");
    assert_eq!(server.hits("/gone"), 2);
    assert_eq!(status("cancelled"), "delivered");
    let shown = store.json("calls show gone --json");
    assert_eq!(shown[0]["attempts"], 2, "numbers go on");

    let ran = store.run("calls revive well");
    assert_eq!(ran.status, 1);
    assert!(ran.err.contains("delivered"), "{}", ran.err);
    let stats = &store.json("calls stats --json")[0];
    assert_eq!((&stats["delivered"], &stats["failed"], &stats["pending"]), (&2.into(), &1.into(), &0.into()));
    assert_eq!(store.out("calls prune"), "0\n", "nothing is older than a week");
    assert_eq!(store.out("calls prune --older-than 0 --status delivered --status failed"), "3\n");
    assert_eq!(store.json("calls list --json").len(), 0);
}

#[test]
fn a_request_that_may_be_sent_once_is_unknown_after_an_answer_that_says_nothing() {
    let server = Receiver::start(Answer::status(503)).unwrap();
    let store = Store::new();
    store.out(&format!("later --key a --once -d x {}", server.url()));
    store.out("work --until-empty");
    assert_eq!(store.json("calls list --json")[0]["status"], "unknown");
    let ran = store.run("calls revive a");
    assert!(ran.err.contains("may not be repeated"), "{}", ran.err);
    assert_eq!(server.request_count(), 1);
}

#[test]
fn secrets_are_not_shown() {
    let store = Store::new();
    let path = store.path().display().to_string();
    let ran = insist_with(
        &["later", "--store", &path, "--key", "a", "-H", "Authorization: hunter2", "-d", "@-", "http://127.0.0.1:9/"],
        "pin=1234",
    );
    assert_eq!(ran.status, 0, "{}", ran.err);
    for line in ["calls show a", "calls show a --json", "calls list", "calls list --json"] {
        let out = store.out(line);
        assert!(!out.contains("hunter2") && !out.contains("1234"), "{line}: {out}");
    }
    assert!(store.out("calls show a").contains("headers: authorization, content-type"));
    let ran = store.run("later http://me:hunter2@127.0.0.1/");
    assert_eq!(ran.status, 2);
    assert!(!ran.err.contains("hunter2"), "{}", ran.err);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let store = Store::new();
    for (line, named) in [
        ("later", "URL"),
        ("later --key a http://a http://b", "--key"),
        ("later --at tomorrow http://a", "2026-12-24T18:00:00Z"),
        ("later --in 1h --at 2030-01-01 http://a", "--in"),
        ("later --lanes 2 http://a", "one lane"),
        ("later --attempts 0 http://a", "at least 1"),
        ("work --lease-margin 1ms", "at least 1s"),
        ("work --threads 0", "--threads"),
        ("calls list --status dead", "unknown"),
        ("calls pause", "--target"),
        ("calls pause --target a --policy b", "--policy"),
        ("calls prune --status pending", "not over"),
        ("calls revive", "KEY"),
    ] {
        let ran = store.run(line);
        assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{line}: {}", ran.err);
        assert!(ran.err.contains(named), "{line}: {}", ran.err);
    }
    assert!(!store.path().exists(), "nothing was made");
    for line in ["calls list", "calls stats", "work"] {
        let ran = store.run(line);
        assert_eq!(ran.status, 2, "{line}");
        assert!(ran.err.contains("insist later"), "{line}: {}", ran.err);
    }
    let ran = insist(&["calls", "list", "--store", "mysql://localhost/calls"]);
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("mysql://"), "{}", ran.err);
}

/// An answer is on its way when the worker is told to stop: it is waited for, and a call that must not be repeated is known.
#[cfg(unix)]
#[test]
fn a_worker_that_is_told_to_stop_finishes_what_it_has_in_flight() {
    let server = Receiver::start(Answer::ok("").after(Duration::from_millis(300))).unwrap();
    let store = Store::new();
    store.out(&format!("later --key a --once -d x {}", server.url()));
    let mut worker = store.worker();
    assert!(server.wait_until(|record| record.request_count() == 1, Duration::from_secs(30)));
    assert!(Command::new("kill").arg(worker.id().to_string()).status().unwrap().success());
    assert_eq!(worker.wait().unwrap().code(), Some(0));
    assert_eq!(store.json("calls show a --json")[0]["status"], "delivered");
}

/// Many webhooks, a receiver that fails, workers that are killed.
#[test]
fn webhooks_are_delivered_although_workers_are_killed_and_the_receiver_fails() {
    deliver(&Store::new());
}

#[cfg(feature = "postgres")]
#[test]
fn the_same_command_works_on_a_database() {
    let Some(server) = Server::get() else { return };
    let store = Store { url: Some(server.database()), ..Store::new() };
    let ran = store.run("calls list");
    assert_eq!(ran.status, 2, "{}", ran.err);
    assert!(ran.err.contains("insist later"), "{}", ran.err);
    deliver(&store);
    store.out("later --key a --in 1h http://127.0.0.1:9/");
    assert!(store.out("calls list --limit 1").contains("in 59m"));
    store.out("calls pause --target http://127.0.0.1:9");
    assert_eq!(store.json("calls list --json --status paused").len(), 1);
    store.out("calls cancel a");
    assert_eq!(store.out("calls prune --older-than 0 --status cancelled --status delivered"), "151\n");

    let lost = Store { url: Some(server.address("nobody")), ..Store::new() };
    let ran = lost.run("calls list");
    assert_eq!(ran.status, 1);
    assert!(ran.err.contains("database \"nobody\" does not exist"), "{}", ran.err);
}

fn deliver(store: &Store) {
    let server = Receiver::start(Script::each(|_, number| match number % 5 {
        0 => Answer::status(503),
        1 => Answer::reset(),
        _ => Answer::ok("").after(Duration::from_millis(3)),
    }))
    .unwrap();
    let urls: Vec<String> = (0..150).map(|n| server.at(&format!("/{n}"))).collect();
    let later = format!("later --base 20ms --cap 100ms --attempt-timeout 1s -d paid {}", urls.join(" "));
    assert_eq!(store.out(&later).lines().count(), 150);
    for _ in 0..4 {
        let before = server.request_count();
        let mut worker = store.worker();
        assert!(server.wait_until(|record| record.request_count() > before + 20, Duration::from_secs(30)));
        worker.kill().unwrap();
        worker.wait().unwrap();
    }
    store.out("work --until-empty --lease-margin 1s");
    let stats = &store.json("calls stats --json")[0];
    assert_eq!((&stats["delivered"], &stats["pending"]), (&150.into(), &0.into()));
    for (n, url) in urls.iter().enumerate() {
        assert!(server.hits(&format!("/{n}")) > 0, "{url}");
    }
}

//! Nothing is leaked: neither a secret, nor a byte of a server or a file that moves the terminal.

use std::fs::read_to_string;

use insist_flaky::{Answer, Server};

use crate::run::{insist, insist_with};

#[test]
fn a_user_and_a_password_in_a_url_are_sent_and_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("r");
    let server = Server::start([Answer::status(503), Answer::reset(), Answer::ok("")]).unwrap();
    let url = format!("http://alice:PASSWORD@{}/x?sig=TOKEN", server.address());
    for each in ["--log", "--each"] {
        let ran = insist(&["get", "--base", "1ms", each, "--report", report.to_str().unwrap(), &url]);
        let told = ran.err + &read_to_string(&report).unwrap();
        assert!(!told.contains("alice") && !told.contains("PASSWORD"), "{told}");
        assert!(told.contains("/x?sig=TOKEN"), "{told}");
    }
    assert_eq!(server.requests()[0].header("authorization"), Some("Basic YWxpY2U6UEFTU1dPUkQ="));
}

#[test]
fn queries_are_hidden_on_demand() {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("r");
    let server = Server::start([Answer::status(503), Answer::ok("")]).unwrap();
    for each in ["--log", "--each"] {
        let words = ["get", "--hide-queries", "--base", "1ms", each, "--report", report.to_str().unwrap()];
        let ran = insist(&[&words[..], &[&server.at("/x?sig=TOKEN")]].concat());
        let told = ran.err + &read_to_string(&report).unwrap();
        assert!(!told.contains("TOKEN") && told.contains("/x?…"), "{told}");
    }
}

#[test]
fn what_is_wrong_with_a_secret_is_said_without_it() {
    for (arguments, named) in [
        (&["-H", "Authorization: Bearer SECRET\u{1}", "http://127.0.0.1"][..], "--header Authorization"),
        (&["-H", "X-Key SECRET", "http://127.0.0.1"], "--header"),
        (&["http://alice:SECRET@127.0.0.1:port/"], "127.0.0.1:port"),
        (&["alice:SECRET@127.0.0.1:99999"], "99999"),
        (&["ftp://alice:SECRET@127.0.0.1/"], "ftp://127.0.0.1"),
    ] {
        let ran = insist(&[&["get"], arguments].concat());
        assert_eq!(ran.status, 2, "{arguments:?}");
        assert!(!ran.err.contains("SECRET") || arguments[1].starts_with("X-Key"), "{arguments:?}: {}", ran.err);
        assert!(ran.err.contains(named), "{arguments:?}: {}", ran.err);
    }
}

/// Returns whether a text could move a terminal.
fn moves(text: &str) -> bool {
    text.chars().any(|c| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c))
}

#[test]
fn what_a_server_says_does_not_move_the_terminal() {
    let evil = "http://\u{1b}[2J\u{9b}2J\u{202e}evil/";
    for answer in [
        Answer::status(302).header("Location", evil),
        Answer::status(302).header("Location", format!("http://[{}", "x".repeat(5000))),
        Answer::raw(b"HTTP/1.1 200 \x1b[2J\r\nX\x1b: y\r\n\r\n".as_slice()),
        Answer::ok("x").header("Content-Encoding", "\u{1b}[2J").header("Transfer-Encoding", "\u{1b}[2J"),
    ] {
        let server = Server::start(answer.clone()).unwrap();
        for each in ["--log", "--each"] {
            let ran = insist(
                &["get", "--attempts", "1", each, "-o", "/dev/null", &server.url()]
                    [..if each == "--log" { 7 } else { 4 }],
            );
            let ran = if each == "--log" { ran } else { insist(&["get", "--attempts", "1", "--each", &server.url()]) };
            assert!(!moves(&ran.err), "{answer:?}: {:?}", ran.err);
            assert!(ran.err.lines().all(|line| line.chars().count() < 500), "{answer:?}: {}", ran.err);
        }
    }
}

#[test]
fn what_a_file_says_does_not_move_the_terminal() {
    let script = format!("{{\"attempt\":1,\"after\":\"1s\",\"verdict\":\"\u{1b}[2J{}\"}}", "x".repeat(5000));
    let ran = insist_with(&["replay"], &script);
    assert_eq!(ran.status, 2);
    assert!(!moves(&ran.err) && ran.err.len() < 500, "{:?}", ran.err);

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.toml");
    std::fs::write(&file, "back\u{202e}off = 5\n\"\\u001b[2J\" = 1\n").unwrap();
    let ran = insist(&["plan", "--policy", file.to_str().unwrap()]);
    assert_eq!(ran.status, 2);
    assert!(!moves(&ran.err), "{:?}", ran.err);
}

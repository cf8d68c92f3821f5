//! What a terminal shows while a call waits. It needs `script`, which util-linux has, to be a terminal; other systems have another.

use std::process::{Command, Stdio};
use std::time::Duration;

use insist_flaky::{Answer, Server};

/// Runs it in a terminal of so many columns, and gives what the terminal was shown, piece by piece; `None` without `script`.
fn shown(columns: usize, arguments: &str, server: &Server) -> Option<Vec<String>> {
    let is_there = Command::new("script").arg("--version").output().is_ok_and(|output| output.status.success());
    if !is_there {
        return None;
    }
    let insist = env!("CARGO_BIN_EXE_insist");
    let line = format!("stty cols {columns} rows 24; {insist} get -o /dev/null {arguments} {}", server.url());
    let output = Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        .stdin(Stdio::null())
        .env("NO_COLOR", "1")
        .env("TERM", "xterm")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!text.contains("\u{1b}[3") && !text.contains("\u{1b}[1m"), "there is no colour: {text:?}");
    let pieces = text.split(['\r', '\n']).map(|piece| piece.replace("\u{1b}[2K", "").replace("\u{1b}[1A", ""));
    Some(pieces.filter(|piece| !piece.trim().is_empty()).collect())
}

fn busy() -> Server {
    Server::start([Answer::status(503).header("Retry-After", "2"), Answer::ok("hello\n")]).unwrap()
}

#[test]
fn a_terminal_shows_what_is_waited_for_and_why() {
    let Some(pieces) = shown(80, "", &busy()) else { return };
    let waiting = pieces.iter().find(|piece| piece.contains("waiting 2")).unwrap_or_else(|| panic!("{pieces:?}"));
    assert!(waiting.contains(": status 503, Retry-After 2s, next at "), "{waiting}");
    assert!(pieces.iter().all(|piece| piece.chars().count() <= 80), "{pieces:?}");
}

#[test]
fn a_narrow_terminal_is_not_exceeded() {
    let Some(pieces) = shown(40, "", &busy()) else { return };
    assert!(pieces.iter().any(|piece| piece.contains("waiting 2")), "{pieces:?}");
    assert!(pieces.iter().all(|piece| piece.chars().count() <= 40), "{pieces:?}");
}

#[test]
fn nothing_is_shown_of_a_call_that_is_short_or_silent() {
    let quick = Server::start(Answer::ok("hello\n")).unwrap();
    let Some(pieces) = shown(80, "", &quick) else { return };
    assert_eq!(pieces, [""; 0]);
    let slow = Server::start(Answer::ok("hello\n").after(Duration::from_millis(1300))).unwrap();
    assert_eq!(shown(80, "-s", &slow).unwrap(), [""; 0]);
    let slow = Server::start(Answer::ok("hello\n").after(Duration::from_millis(1300))).unwrap();
    assert!(shown(80, "", &slow).unwrap().iter().any(|piece| piece.contains("#1 in flight")));
}

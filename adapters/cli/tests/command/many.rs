//! Many URLs: their places, their threads, their lists, and what they cost.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use insist_flaky::{Answer, Script, Server};

use crate::run::{Ran, insist, insist_with, ran};

/// Runs it where no thread can be started.
fn without_threads(arguments: &[&str]) -> Ran {
    let most = (1_u64 << 50).to_string();
    ran(Command::new(env!("CARGO_BIN_EXE_insist")).args(arguments).env("RUST_MIN_STACK", most).output().unwrap())
}

#[test]
fn it_goes_on_where_there_is_no_thread_to_be_had() {
    let server = Server::start(Answer::ok("hello\n")).unwrap();
    let port = server.address().port();
    let url = format!("http://localhost:{port}/");
    for arguments in [
        &[][..],
        &["--attempt-timeout", "2s"],
        &["--connect-timeout", "2"],
        &["-o", "/dev/null"],
        &["--deadline", "5s"],
    ] {
        let ran = without_threads(&[&["get"], arguments, &[&url]].concat());
        assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{arguments:?}");
    }
    let ran = without_threads(&["get", "--lanes", "2", &url]);
    assert_eq!((ran.status, ran.out.as_str()), (0, "hello\n"), "{}", ran.err);
    assert!(ran.err.contains("no thread can be started"), "{}", ran.err);
    let ran = without_threads(&["get", "--each", "--parallel", "8", &url, &url, &url]);
    assert_eq!((ran.status, ran.out.as_str()), (0, "hello\nhello\nhello\n"), "{}", ran.err);
}

#[test]
fn a_url_that_waits_holds_no_place() {
    let quick = Arc::new(Server::start(Answer::ok("quick\n")).unwrap());
    let (others, at_first_retry) = (Arc::clone(&quick), Arc::new(AtomicUsize::new(0)));
    let seen = Arc::clone(&at_first_retry);
    let busy = Server::start(Script::each(move |_, number| {
        if number <= 3 {
            return Answer::status(429).header("Retry-After", "2");
        }
        let _ = seen.compare_exchange(0, others.request_count(), Ordering::SeqCst, Ordering::SeqCst);
        Answer::ok("late\n")
    }))
    .unwrap();
    let urls: Vec<String> = (0..3).map(|_| busy.url()).chain((0..8).map(|_| quick.url())).collect();
    let words: Vec<&str> =
        ["get", "--each", "--parallel", "2"].into_iter().chain(urls.iter().map(String::as_str)).collect();
    let ran = insist(&words);
    assert_eq!((ran.status, ran.out), (0, "late\n".repeat(3) + &"quick\n".repeat(8)), "{}", ran.err);
    assert_eq!(at_first_retry.load(Ordering::SeqCst), 8, "all others were sent while three waited for two places");
}

#[test]
fn urls_come_from_a_file_or_standard_input() {
    let server = Server::start(Script::each(|request, _| Answer::ok(format!("{}\n", request.path)))).unwrap();
    let list = format!("# a list\n{}\n\n  {}  \n", server.at("/b"), server.at("/c"));
    let ran = insist_with(&["get", "--urls-from", "-", &server.at("/a")], &list);
    assert_eq!((ran.status, ran.out.as_str()), (0, "/a\n/b\n/c\n"), "{}", ran.err);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &list).unwrap();
    let ran = insist(&["get", "--urls-from", file.path().to_str().unwrap()]);
    assert_eq!((ran.status, ran.out.as_str()), (0, "/b\n/c\n"), "{}", ran.err);
    let ran = insist(&["get", "--urls-from", "/nowhere/at/all"]);
    assert!(ran.status == 2 && ran.err.contains("--urls-from /nowhere/at/all"), "{}", ran.err);
}

#[test]
fn connections_are_used_again() {
    let server = Server::start(Answer::ok("x")).unwrap();
    let list: String = (0..500).map(|number| server.at(&format!("/{number}\n"))).collect();
    let ran = insist_with(&["get", "--urls-from", "-", "--parallel", "8"], &list);
    assert_eq!((ran.status, ran.out.len()), (0, 500), "{}", ran.err);
    assert!(server.connections() <= 9, "{}", server.connections());
}

#[test]
fn a_long_url_does_not_widen_the_table() {
    let server = Server::start(Answer::ok("x")).unwrap();
    let list: String = (0..50).map(|number| server.at(&format!("/{number}\n"))).collect();
    let list = list + &server.at(&format!("/{}", "x".repeat(50_000)));
    let ran = insist_with(&["get", "-s", "--urls-from", "-"], &list);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    let ran = insist_with(&["get", "--urls-from", "-"], &list);
    assert!(ran.err.lines().all(|line| line.chars().count() < 200), "{}", ran.err);
}

//! A process that is killed at a chosen system call, and what its trace says was synced when. It needs `strace`; where there is
//! none, the tests say that they were skipped.

use std::collections::HashSet;
use std::fs;
use std::process::{Command, Output};
use std::time::Duration;

use insist_store::{NewCall, Policy, Repeat, Status, Verdict};

use crate::words::open;

const ROLE: &str = "INSIST_POINTS_STORE";
/// The calls that write to the file, and those that make it stay.
const WRITES: &str = "pwrite64,fsync,fdatasync,ftruncate,unlink";
/// The calls that say something to a database.
#[cfg(feature = "postgres")]
const SENDS: &str = "sendto,sendmsg,writev";
const POLICY: Policy = Policy::zero().attempts(3).attempt_timeout(Duration::from_millis(1));

/// Without a role there is nothing to do.
#[test]
fn the_child() {
    if let Ok(store) = std::env::var(ROLE) {
        go_on(&store);
    }
}

/// Enqueues six calls and works everything off, and tells each step when it has been taken.
fn go_on(store: &str) {
    let calls = open(store);
    for n in 0..6 {
        let repeat = if n % 2 == 0 { Repeat::Always } else { Repeat::IfUnsent };
        calls.enqueue(NewCall::new(format!("k{n}"), "p").repeat(repeat).body([7; 100])).unwrap();
        println!("acknowledged k{n}");
    }
    let mut worker = calls.workers().policy("p", POLICY).lease_margin(Duration::from_millis(50)).by_hand().unwrap();
    while calls.counts().unwrap().iter().any(|queue| queue.pending > 0) {
        let turn = worker.turn(2, |attempt| {
            println!("sent {} {}", attempt.key(), attempt.id());
            let is_first = attempt.id() == 1 && attempt.key() < "k4";
            if is_first { Verdict::retry() } else { Verdict::Accept }
        });
        if turn.unwrap().sent > 0 {
            println!("settled");
        }
    }
    println!("done");
}

pub(crate) fn has_strace() -> bool {
    let has =
        Command::new("strace").args(["-o", "/dev/null", "true"]).output().is_ok_and(|output| output.status.success());
    if !has {
        println!("skipped: strace cannot be run here");
    }
    has
}

fn child(store: &str, strace: &[&str]) -> Output {
    let this = std::env::current_exe().unwrap();
    let mut command = if strace.is_empty() { Command::new(&this) } else { Command::new("strace") };
    if !strace.is_empty() {
        command.arg("-f").args(strace).arg(&this);
    }
    command.args(["--exact", "points::the_child", "--nocapture"]).env(ROLE, store).output().unwrap()
}

fn lines(output: &Output) -> Vec<String> {
    String::from_utf8_lossy(&output.stdout).lines().map(Into::into).collect()
}

#[test]
fn killed_at_any_write_nothing_acknowledged_is_lost_and_no_attempt_is_sent_twice() {
    let folder = tempfile::tempdir().unwrap();
    let store = |point| folder.path().join(format!("{point}.db")).display().to_string();
    if has_strace() {
        kill_at_each(WRITES, &store);
    }
}

#[cfg(feature = "postgres")]
#[test]
fn killed_at_anything_that_it_says_to_a_database_the_same_holds() {
    if let Some(server) = crate::server::Server::get().filter(|_| has_strace()) {
        kill_at_each(SENDS, &|_| server.database());
    }
}

/// Kills a process at one call after the other, each time with a store of its own, and lets another go on.
fn kill_at_each(calls: &str, store: &dyn Fn(usize) -> String) {
    let step = if std::env::var_os("INSIST_KILLS").is_some() { 1 } else { 7 };
    let mut killed = 0;
    for point in (1..).step_by(step) {
        let store = store(point);
        let inject = format!("inject={calls}:signal=KILL:when={point}");
        let first = child(&store, &["-o", "/dev/null", "-e", &format!("trace={calls}"), "-e", &inject]);
        let before = lines(&first);
        if before.iter().any(|line| line == "done") {
            break;
        }
        assert!(!first.status.success(), "{before:?}");
        killed += 1;
        let acknowledged: Vec<&str> = before.iter().filter_map(|line| line.strip_prefix("acknowledged ")).collect();
        let calls = open(&store);
        for key in acknowledged {
            assert!(calls.find(key).unwrap().is_some(), "{key} was acknowledged and is lost, point {point}");
        }
        drop(calls);
        let second = child(&store, &[]);
        assert!(second.status.success(), "point {point}: {}", String::from_utf8_lossy(&second.stderr));
        let after = lines(&second);
        let sends: Vec<&String> = before.iter().chain(&after).filter(|line| line.starts_with("sent ")).collect();
        let distinct: HashSet<&String> = sends.iter().copied().collect();
        assert_eq!(sends.len(), distinct.len(), "an attempt is sent twice, point {point}: {sends:?}");
        for key in ["k1", "k3", "k5"] {
            let times = sends.iter().filter(|line| line.contains(key)).count();
            assert!(times <= 1, "{key} must not be repeated, and was sent {times} times, point {point}");
        }
        let calls = open(&store);
        for key in ["k0", "k2", "k4"] {
            assert_eq!(calls.find(key).unwrap().unwrap().status, Status::Delivered, "{key}, point {point}");
        }
    }
    println!("killed at {killed} points");
    assert!(killed > 5, "killed at {killed} points only");
}

/// Reads the trace: every step that is told lies after a sync of its own.
#[test]
fn what_is_told_is_synced_first() {
    if !has_strace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (store, trace) = (folder.path().join("calls.db").display().to_string(), folder.path().join("trace"));
    let output = child(&store, &["-o", trace.to_str().unwrap(), "-e", "trace=write,fsync,fdatasync"]);
    assert!(output.status.success());
    let (mut syncs, mut since, mut told) = (0, 0, 0);
    for line in fs::read_to_string(&trace).unwrap().lines() {
        if (line.contains("fsync(") || line.contains("fdatasync(") || line.contains("sync resumed"))
            && line.contains("= 0")
        {
            syncs += 1;
        } else if line.contains("write(1, \"acknowledged") || line.contains("write(1, \"settled") {
            assert!(syncs > since, "{line} is told before it is synced");
            (since, told) = (syncs, told + 1);
        } else if line.contains("write(1, \"sent") {
            // Two are claimed at once, after what was told before.
            assert!(syncs > since, "{line} is sent before its claim is synced");
        }
    }
    assert!(told > 9, "{told} steps");
}

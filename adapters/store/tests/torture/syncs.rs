//! How often a file is synced for calls that are acknowledged: kill -9 cannot tell a commit that is on disk from one that the
//! system still holds, but a trace can.

use std::fs;
use std::process::Command;

use insist_store::NewCall;

use crate::points::has_strace;
use crate::words::open;

const ROLE: &str = "INSIST_SYNCS_STORE";
const ALONE: usize = 20;
const THREADS: usize = 64;
const EACH: usize = 20;

/// Without a role there is nothing to do.
#[test]
fn the_child() {
    let Ok(store) = std::env::var(ROLE) else { return };
    let calls = open(&store);
    calls.enqueue(NewCall::new("first", "p")).unwrap();
    println!("alone");
    for n in 0..ALONE {
        calls.enqueue(NewCall::new(format!("alone{n}"), "p")).unwrap();
    }
    println!("together");
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let calls = calls.clone();
            scope.spawn(move || {
                for n in 0..EACH {
                    calls.enqueue(NewCall::new(format!("{thread}/{n}"), "p")).unwrap();
                }
            });
        }
    });
    println!("over");
}

#[test]
fn an_enqueue_is_one_sync_and_those_of_many_callers_share_theirs() {
    if !has_strace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (store, trace) = (folder.path().join("calls.db"), folder.path().join("trace"));
    let child = Command::new("strace")
        .args(["-f", "-o", trace.to_str().unwrap(), "-e", "trace=write,fsync,fdatasync"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "syncs::the_child", "--nocapture"])
        .env(ROLE, &store)
        .output()
        .unwrap();
    assert!(child.status.success(), "{child:?}");
    let trace = fs::read_to_string(&trace).unwrap();
    let syncs = |from: &str, to: &str| {
        let lines = trace.lines().skip_while(|line| !line.contains(&format!("write(1, \"{from}")));
        let lines = lines.take_while(|line| !line.contains(&format!("write(1, \"{to}")));
        lines.filter(|line| line.contains("fsync(") || line.contains("fdatasync(")).count()
    };
    let (alone, together) = (syncs("alone", "together"), syncs("together", "over"));
    println!("{alone} syncs for {ALONE} alone, {together} for {} of {THREADS} threads", THREADS * EACH);
    assert_eq!(alone, ALONE, "syncs of those enqueued alone");
    assert!(together * 10 <= THREADS * EACH, "{together} syncs for {} calls", THREADS * EACH);
}

//! Disks and files that make trouble: a clear error, and nothing is lost.

use std::error::Error as _;
use std::fs;

use insist_store::sqlite::rusqlite::Connection;
use insist_store::{Calls, NewCall, Sqlite, Status, StoreError, Verdict};

use crate::shared::{SECOND, Shop};

#[test]
fn a_store_of_a_newer_version_is_left_alone() {
    let Some(shop) = Shop::new() else { return };
    let path = shop.home.path();
    let file = Connection::open(&path).unwrap();
    file.execute("UPDATE insist_meta SET value = 2 WHERE name = 'version'", []).unwrap();
    let error = Calls::open(Sqlite::file(&path)).unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 2, known: 1 }), "{error:?}");
    assert_eq!(
        error.to_string(),
        "the store is of version 2, and this insist knows versions up to 1; use a newer insist"
    );
}

#[test]
fn a_file_that_is_no_database_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    let text = "these are my notes\n".repeat(400);
    fs::write(&path, &text).unwrap();
    let error = Calls::open(Sqlite::file(&path)).unwrap_err();
    assert!(matches!(error, StoreError::Damaged(_)), "{error:?}");
    assert_eq!(error.source().unwrap().to_string(), "file is not a database");
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn a_file_that_has_to_exist_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clals.db");
    assert!(Calls::open(Sqlite::existing(&path)).is_err());
    assert!(!path.exists());
}

/// A page in the middle of the table is overwritten. What can be read is still told, and what cannot is an error.
#[test]
fn a_damaged_page_is_an_error_and_not_a_lost_call() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.db");
    let calls = Calls::open(Sqlite::file(&path)).unwrap();
    calls.submit((0..2_000).map(|n| NewCall::new(format!("k{n}"), "p").body(vec![1; 50]))).unwrap().wait().unwrap();
    drop(calls);
    let file = Connection::open(&path).unwrap();
    file.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    drop(file);
    let mut bytes = fs::read(&path).unwrap();
    // Every page but the first ones, which hold the schema.
    for page in bytes.chunks_mut(4096).skip(30) {
        page[..64].fill(0xee);
    }
    fs::write(&path, bytes).unwrap();
    let calls = Calls::open(Sqlite::existing(&path)).unwrap();
    let mut worker = calls.workers().policy("p", SECOND).by_hand();
    let error = match &mut worker {
        Ok(worker) => loop {
            match worker.turn(100, |_| Verdict::Accept) {
                Ok(turn) => assert!(turn.sent > 0, "calls are missing, and nobody says so"),
                Err(error) => break error,
            }
        },
        Err(error) => error.clone(),
    };
    assert!(matches!(error, StoreError::Damaged(_)), "{error:?}");
}

/// SQLite's own limit on the file's pages stands for a disk that is full: it fails the same way, with `SQLITE_FULL`.
#[test]
fn a_full_disk_is_an_error_and_what_was_acknowledged_stays() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(folder.path()) else {
        println!("skipped: a small disk cannot be mounted here");
        return;
    };
    let path = disk.0.join("calls.db");
    let calls = Calls::open(Sqlite::file(&path)).unwrap();
    let mut acknowledged = 0;
    let error = loop {
        let new = NewCall::new(format!("k{acknowledged}"), "p").body(vec![1; 20_000]);
        match calls.enqueue(new) {
            Ok(_) => acknowledged += 1,
            Err(error) => break error,
        }
        assert!(acknowledged < 1_000, "the disk is never full");
    };
    assert!(matches!(error, StoreError::Full(_) | StoreError::Failed(_)), "{error:?}");
    assert!(acknowledged > 10);
    assert!(calls.find(&format!("k{}", acknowledged - 1)).unwrap().is_some());
    assert_eq!(calls.counts().unwrap()[0].pending, acknowledged);
}

/// A file system of a megabyte in memory, for whoever may mount one.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    fn mount(at: &std::path::Path) -> Option<Self> {
        let mut mount = std::process::Command::new("mount");
        let is_mounted = mount.args(["-t", "tmpfs", "-o", "size=1m", "insist"]).arg(at).output().ok()?.status.success();
        is_mounted.then(|| Self(at.into()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

/// Permissions do not hold up whoever is root, so a file is made read-only by its flag where that is possible.
#[test]
fn a_store_that_may_not_be_written_is_said_to_be_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.db");
    let calls = Calls::open(Sqlite::file(&path)).unwrap();
    calls.enqueue(NewCall::new("a", "p")).unwrap();
    drop(calls);
    let chattr = |flag: &str| {
        std::process::Command::new("chattr").arg(flag).arg(&path).output().is_ok_and(|output| output.status.success())
    };
    if !chattr("+i") {
        println!("skipped: the file cannot be made immutable here");
        return;
    }
    let opened = Calls::open(Sqlite::file(&path)).and_then(|calls| calls.enqueue(NewCall::new("b", "p")));
    assert!(chattr("-i"));
    let error = opened.unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly(_)), "{error:?}");
    assert_eq!(Calls::open(Sqlite::file(&path)).unwrap().find("a").unwrap().unwrap().status, Status::Pending);
}

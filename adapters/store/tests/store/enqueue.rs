//! Enqueues calls: alone, many at once, awaited, in the caller's own transaction.

use insist_store::sqlite::{enqueue_in, prepare, rusqlite};
use insist_store::{Calls, Enqueued, NewCall, Sqlite, Status, StoreError};

use crate::shared::Shop;

#[test]
fn a_key_is_enqueued_once_and_what_it_was_enqueued_with_stays() {
    let shop = Shop::new();
    assert_eq!(shop.calls.enqueue(NewCall::new("a", "p").body(*b"1")).unwrap(), Enqueued::New);
    assert_eq!(shop.calls.enqueue(NewCall::new("a", "q").body(*b"2")).unwrap(), Enqueued::Known);
    assert_eq!(shop.call("a").policy, "p");
    assert_eq!(shop.calls.body("a").unwrap(), b"1");
}

#[test]
fn calls_are_enqueued_all_or_none() {
    let shop = Shop::new();
    let error = shop.calls.submit([NewCall::new("a", "p"), NewCall::new("", "p")]).unwrap_err();
    assert!(matches!(error, StoreError::NewCall { .. }), "{error}");
    assert_eq!(shop.calls.find("a").unwrap(), None);
    let twice = shop.calls.submit([NewCall::new("a", "p"), NewCall::new("a", "p")]).unwrap().wait().unwrap();
    assert_eq!(twice, [Enqueued::New, Enqueued::Known]);
}

#[test]
fn a_ticket_can_be_awaited_on_any_runtime() {
    let shop = Shop::new();
    let ticket = shop.calls.submit([NewCall::new("a", "p")]).unwrap();
    assert_eq!(futures_lite::future::block_on(ticket).unwrap(), [Enqueued::New]);
}

#[test]
fn what_was_submitted_is_written_before_the_last_handle_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.db");
    let calls = Calls::open(Sqlite::file(&path)).unwrap();
    drop(calls.submit((0..5000).map(|n| NewCall::new(format!("k{n}"), "p"))).unwrap());
    drop(calls);
    assert_eq!(Calls::open(Sqlite::file(&path)).unwrap().counts().unwrap()[0].pending, 5000);
}

#[test]
fn threads_that_enqueue_at_once_share_their_commits() {
    let shop = Shop::new();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let calls = shop.calls.clone();
            scope.spawn(move || {
                for n in 0..50 {
                    calls.enqueue(NewCall::new(format!("{thread}/{n}"), "p")).unwrap();
                }
            });
        }
    });
    assert_eq!(shop.calls.counts().unwrap()[0].pending, 400);
}

#[test]
fn a_call_in_the_callers_transaction_is_kept_only_if_that_commits() {
    let shop = Shop::new();
    let mut own = rusqlite::Connection::open(shop.folder.path().join("calls.db")).unwrap();
    prepare(&mut own).unwrap();
    let transaction = own.transaction().unwrap();
    assert!(enqueue_in(&transaction, &NewCall::new("undone", "p")).unwrap());
    transaction.rollback().unwrap();
    let transaction = own.transaction().unwrap();
    assert!(enqueue_in(&transaction, &NewCall::new("kept", "p").target("t").body(*b"x")).unwrap());
    assert!(!enqueue_in(&transaction, &NewCall::new("kept", "p")).unwrap());
    transaction.commit().unwrap();
    assert_eq!(shop.calls.find("undone").unwrap(), None);
    assert_eq!(shop.call("kept").status, Status::Pending);
    assert_eq!(shop.calls.counts().unwrap()[0].pending, 1);
}

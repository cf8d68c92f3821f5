//! Enqueues calls: alone, many at once, awaited.

use insist_store::{Calls, Enqueued, NewCall, StoreError};

use crate::home::Home;
use crate::shared::Shop;

#[test]
fn a_key_is_enqueued_once_and_what_it_was_enqueued_with_stays() {
    let Some(shop) = Shop::new() else { return };
    assert_eq!(shop.calls.enqueue(NewCall::new("a", "p").body(*b"1")).unwrap(), Enqueued::New);
    assert_eq!(shop.calls.enqueue(NewCall::new("a", "q").body(*b"2")).unwrap(), Enqueued::Known);
    assert_eq!(shop.call("a").policy, "p");
    assert_eq!(shop.calls.body("a").unwrap(), b"1");
}

#[test]
fn calls_are_enqueued_all_or_none() {
    let Some(shop) = Shop::new() else { return };
    let error = shop.calls.submit([NewCall::new("a", "p"), NewCall::new("", "p")]).unwrap_err();
    assert!(matches!(error, StoreError::NewCall { .. }), "{error}");
    assert_eq!(shop.calls.find("a").unwrap(), None);
    let twice = shop.calls.submit([NewCall::new("a", "p"), NewCall::new("a", "p")]).unwrap().wait().unwrap();
    assert_eq!(twice, [Enqueued::New, Enqueued::Known]);
}

#[test]
fn a_ticket_can_be_awaited_on_any_runtime() {
    let Some(shop) = Shop::new() else { return };
    let ticket = shop.calls.submit([NewCall::new("a", "p")]).unwrap();
    assert_eq!(futures_lite::future::block_on(ticket).unwrap(), [Enqueued::New]);
}

#[test]
fn what_was_submitted_is_written_before_the_last_handle_is_gone() {
    let Some(home) = Home::new() else { return };
    let calls = Calls::open(home.store()).unwrap();
    drop(calls.submit((0..5000).map(|n| NewCall::new(format!("k{n}"), "p"))).unwrap());
    drop(calls);
    assert_eq!(Calls::open(home.store()).unwrap().counts().unwrap()[0].pending, 5000);
}

#[test]
fn threads_that_enqueue_at_once_share_their_commits() {
    let Some(shop) = Shop::new() else { return };
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

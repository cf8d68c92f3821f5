//! Enqueues a call in the caller's own transaction.

use insist_store::postgres::{enqueue_in, prepare};
use insist_store::{NewCall, Status};

use crate::shared::Shop;

#[test]
fn a_call_in_the_callers_transaction_is_kept_only_if_that_commits() {
    let Some(shop) = Shop::new() else { return };
    let mut own = shop.home.client();
    prepare(&mut own).unwrap();
    let mut transaction = own.transaction().unwrap();
    assert!(enqueue_in(&mut transaction, &NewCall::new("undone", "p")).unwrap());
    transaction.rollback().unwrap();
    let mut transaction = own.transaction().unwrap();
    assert!(enqueue_in(&mut transaction, &NewCall::new("kept", "p").target("t").body(*b"x")).unwrap());
    assert!(!enqueue_in(&mut transaction, &NewCall::new("kept", "p")).unwrap());
    transaction.commit().unwrap();
    assert_eq!(shop.calls.find("undone").unwrap(), None);
    assert_eq!(shop.call("kept").status, Status::Pending);
    assert_eq!(shop.calls.counts().unwrap()[0].pending, 1);
}

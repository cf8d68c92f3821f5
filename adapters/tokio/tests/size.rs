//! What a call in flight takes: its size, and whether it can be sent to another thread.

use std::future::{IntoFuture, Ready, ready};
use std::time::Duration;

use insist_tokio::{Attempt, Policy, TokioSleep, race, retry};

const POLICY: Policy = Policy::exponential(Duration::from_millis(100)).attempts(5);

/// 8 bytes of state, and a future that is ready: what the peers were measured with.
fn operation() -> impl FnMut(Attempt) -> Ready<Result<u32, u32>> {
    let (mut sent, failures) = (0, 3);
    move |_| {
        sent += 1;
        ready(if sent > failures { Ok(sent) } else { Err(sent) })
    }
}

/// tokio's own sleep takes 96 or 112 bytes of it, as its features are.
#[test]
fn a_call_with_one_lane_is_small() {
    let size = size_of_val(&retry(&POLICY, operation()).into_future());
    let sleep = size_of::<TokioSleep>();
    assert!(size <= 136 + sleep, "{size}, of which {sleep} are tokio's");
}

#[test]
fn room_is_paid_for_by_who_races() {
    let one = size_of_val(&retry(&POLICY, operation()).into_future());
    let four = size_of_val(&race(&POLICY, operation()).into_future());
    let two = size_of_val(&race(&POLICY, operation()).room::<2>().into_future());
    assert!(one < two && two < four, "{one} {two} {four}");
}

#[tokio::test]
async fn a_call_can_be_spawned() {
    let call = tokio::spawn(retry(&POLICY, operation()).into_future());
    assert_eq!(call.await.unwrap().unwrap(), 4);
}

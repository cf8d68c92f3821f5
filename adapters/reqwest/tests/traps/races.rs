//! Races and hedges: the first success wins, and the losers' connections are closed.

use insist_flaky::{Answer, Script};
use insist_reqwest::insisting::Policy;
use insist_reqwest::{Body, Insist};
use tokio::task::spawn_blocking;

use crate::{LONG, client, ms, serve};

#[tokio::test]
async fn a_hedge_wins_and_the_connection_of_the_loser_is_closed() {
    let server = serve([Answer::never(), Answer::ok("hello")]);
    let request = client().get(server.url()).policy(Policy::zero().lanes(2).hedge_after(ms(30)));
    assert_eq!(request.send().await.unwrap().text().await.unwrap(), "hello");
    let closed = spawn_blocking(move || {
        let has_left = server.wait_until(|record| record.disconnects() == 1, LONG);
        (has_left, server.request_count())
    });
    assert_eq!(closed.await.unwrap(), (true, 2));
}

#[tokio::test]
async fn a_race_asks_all_replicas_at_once() {
    let (slow, fast) = (serve(Answer::never()), serve(Answer::ok("fast")));
    let request = client().get("http://own.example/").replicas([slow.url(), fast.url()]);
    let answer = request.policy(Policy::zero().lanes(2)).send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "fast");
}

#[tokio::test]
async fn a_post_has_one_lane() {
    let server = serve(Script::each(|_, _| Answer::ok("hello").after(ms(100))));
    let request = client().post(server.url()).body("x").policy(Policy::zero().lanes(3));
    assert_eq!(request.send().await.unwrap().status(), 200);
    assert_eq!(server.request_count(), 1);
}

#[tokio::test]
async fn a_stream_has_one_lane() {
    let server = serve(Script::each(|_, _| Answer::ok("hello").after(ms(100))));
    let pieces = [Ok::<_, std::io::Error>("x")];
    let body = Body::wrap_stream(futures_lite::stream::iter(pieces));
    let request = client().put(server.url()).body(body).policy(Policy::zero().lanes(3));
    assert_eq!(request.send().await.unwrap().status(), 200);
    assert_eq!(server.request_count(), 1);
}

#[tokio::test]
async fn a_call_that_is_dropped_closes_its_connection() {
    let server = serve(Answer::never());
    let call = tokio::spawn(client().get(server.url()).send());
    let server = spawn_blocking(move || {
        assert!(server.wait_until(|record| record.request_count() == 1, LONG));
        server
    });
    let server = server.await.unwrap();
    call.abort();
    assert!(spawn_blocking(move || server.wait_until(|record| record.disconnects() == 1, LONG)).await.unwrap());
}

//! Proxies: what fails before the tunnel stands was not sent.

use insist_flaky::Answer;
use insist_reqwest::insisting::{AttemptEnd, Policy, ReportSlot, Sent};
use insist_reqwest::{Insist, Proxy};

use crate::serve;

fn through(proxy: &insist_flaky::Server) -> insist_reqwest::Client {
    insist_reqwest::Client::builder().proxy(Proxy::all(proxy.url()).unwrap()).policy(Policy::zero()).build().unwrap()
}

#[tokio::test]
async fn a_tunnel_that_is_busy_is_asked_for_again_also_for_a_post() {
    let proxy = serve(Answer::status(503));
    let slot = ReportSlot::new();
    let error = through(&proxy).post("https://shop.example/").body("x").report_to(&slot).send().await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");
    assert_eq!(proxy.request_count(), 3);
    assert!(proxy.requests().iter().all(|seen| seen.method == "CONNECT"));
    let report = slot.take().unwrap();
    let AttemptEnd::Retry(failure) = report.log.entries()[0].end.unwrap() else { panic!("{report}") };
    assert_eq!(failure.sent, Sent::No);
}

#[tokio::test]
async fn a_proxy_that_asks_for_a_password_is_asked_once() {
    let proxy = serve(Answer::status(407));
    let error = through(&proxy).get("https://shop.example/").send().await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");
    assert_eq!(proxy.request_count(), 1);
}

#[tokio::test]
async fn an_answer_through_a_proxy_is_judged_like_any_other() {
    let proxy = serve([Answer::status(502), Answer::ok("hello")]);
    let answer = through(&proxy).get("http://shop.example/").send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "hello");
}

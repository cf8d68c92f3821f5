//! Statuses, hints and methods.

use std::time::Instant;

use insist_flaky::Answer;
use insist_reqwest::Insist;
use insist_reqwest::insisting::{IDEMPOTENCY_KEY, Policy, Report, ReportSlot, Rules};

use crate::{builder, busy, client, ms, serve};

#[tokio::test]
async fn a_503_is_retried_and_its_retry_after_is_honoured() {
    let server = serve([busy().header("Retry-After", "1"), Answer::ok("hello")]);
    let started = Instant::now();
    let answer = client().get(server.url()).send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "hello");
    assert!(started.elapsed() >= ms(1000), "{:?}", started.elapsed());
    assert_eq!(server.request_count(), 2);
}

#[tokio::test]
async fn a_501_is_the_result_and_a_425_is_retried() {
    let server = serve([Answer::status(501), Answer::status(425), Answer::ok("hello")]);
    assert_eq!(client().get(server.url()).send().await.unwrap().status(), 501);
    assert_eq!(client().get(server.url()).send().await.unwrap().status(), 200);
    assert_eq!(server.request_count(), 3);
}

#[tokio::test]
async fn a_call_that_gives_up_returns_its_last_answer_with_its_body_and_its_address() {
    let server = serve(busy());
    let answer = client().get(server.at("/x")).send().await.unwrap();
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.url().path(), "/x");
    assert_eq!(answer.text().await.unwrap(), "busy");
    assert_eq!(server.request_count(), 3);
}

#[tokio::test]
async fn a_post_that_may_have_arrived_is_sent_once() {
    let server = serve([busy(), Answer::ok("hello")]);
    let answer = client().post(server.url()).body("x").send().await.unwrap();
    assert_eq!(answer.status(), 503);
    let cut = serve([Answer::reset(), Answer::ok("hello")]);
    let error = client().post(cut.url()).body("x").send().await.unwrap_err();
    assert!(error.is_request(), "{error:?}");
    assert_eq!(server.request_count() + cut.request_count(), 2);
}

#[tokio::test]
async fn a_post_is_repeated_if_somebody_says_so() {
    let server = serve([busy(), busy(), Answer::ok("")]);
    let answer = client().post(server.url()).header(IDEMPOTENCY_KEY, "k").body("x").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let server = serve([busy(), Answer::ok("")]);
    assert_eq!(client().post(server.url()).repeatable().send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn one_key_is_made_for_all_attempts_of_a_call_and_each_has_its_number() {
    let server = serve([busy(), Answer::ok(""), Answer::ok("")]);
    let client = builder()
        .idempotency_key()
        .attempt_header("x-attempt".parse().unwrap())
        .timeout_header("x-left".parse().unwrap())
        .timeout(ms(60_000))
        .build()
        .unwrap();
    assert_eq!(client.post(server.url()).body("x").send().await.unwrap().status(), 200);
    assert_eq!(client.post(server.url()).body("x").send().await.unwrap().status(), 200);
    let seen = server.requests();
    let key = |at: usize| seen[at].header("idempotency-key").unwrap().to_string();
    assert_eq!(key(0), key(1));
    assert_ne!(key(1), key(2));
    assert_eq!([0, 1, 2].map(|at| seen[at].header("x-attempt").unwrap()), ["1", "2", "1"]);
    let left: u64 = seen[1].header("x-left").unwrap().parse().unwrap();
    assert!((50_000..=60_000).contains(&left), "{left}");
}

#[tokio::test]
async fn settings_of_a_request_lie_over_those_of_its_client() {
    let server = serve([Answer::status(404), Answer::ok("hello")]);
    let request = client().get(server.url()).rules(Rules::new().retry_status(404));
    assert_eq!(request.send().await.unwrap().status(), 200);
    let server = serve(busy());
    let (client, request) = client().get(server.url()).policy(Policy::zero().attempts(5)).build_split();
    assert_eq!(client.execute(request.unwrap()).await.unwrap().status(), 503);
    assert_eq!(server.request_count(), 5);
}

#[tokio::test]
async fn a_report_says_where_each_attempt_went_and_how_it_ended() {
    let server = serve([busy(), Answer::reset(), Answer::ok("hello")]);
    let slot = ReportSlot::new();
    let answer = client().get(server.at("/x")).report_to(&slot).with_report().send().await.unwrap();
    let report = slot.take().unwrap();
    assert_eq!(answer.extensions().get::<Report>(), Some(&report));
    assert_eq!(report.attempts, 3);
    let details: Vec<_> = report.log.entries().iter().map(|entry| entry.detail.clone().unwrap()).collect();
    assert_eq!(details[0].target, server.at("/x"));
    assert_eq!([0, 1, 2].map(|at| details[at].status), [Some(503), None, Some(200)]);
    assert!(details[1].error.is_some());
}

#[tokio::test]
async fn a_hook_sees_reqwests_own_results() {
    let server = serve([busy(), Answer::ok("hello")]);
    let lines = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let told = std::sync::Arc::clone(&lines);
    let request = client().get(server.url()).notify(move |event| told.lock().unwrap().push(event.to_string()));
    request.send().await.unwrap();
    let lines = lines.lock().unwrap();
    assert!(lines.iter().any(|line| line.contains("attempt 1")), "{lines:?}");
    assert!(lines.iter().any(|line| line.contains("attempt 2")), "{lines:?}");
}

//! Gates, replicas and hosts.

use std::sync::Arc;

use insist_flaky::Answer;
use insist_reqwest::Insist;
use insist_reqwest::insisting::{Breaker, Budget, Hosts, Instant, Policy, ReplicaSet};

use crate::{builder, busy, client, serve};

#[tokio::test]
async fn a_budget_bounds_the_retries_of_all_calls() {
    let server = serve(busy());
    let budget = Arc::new(Budget::new(0.1));
    let client = builder().gate(Arc::clone(&budget)).build().unwrap();
    for _ in 0..100 {
        assert_eq!(client.get(server.url()).send().await.unwrap().status(), 503);
    }
    let retries = server.request_count() - 100;
    assert!(retries < 100, "{retries} retries, {}", budget.state(Instant::now()));
}

#[tokio::test]
async fn each_host_has_a_gate_of_its_own() {
    let (bad, good) = (serve(busy()), serve(Answer::ok("")));
    let client = builder()
        .policy(Policy::zero().attempts(1))
        .gate_per_host(Hosts::new(|| Breaker::consecutive(1)))
        .build()
        .unwrap();
    assert_eq!(client.get(bad.url()).send().await.unwrap().status(), 503);
    assert!(client.get(bad.url()).send().await.is_err(), "its breaker is open");
    assert_eq!(client.get(good.url()).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn replicas_are_used_in_turn() {
    let (one, two) = (serve(busy()), serve(Answer::ok("two")));
    let answer = client().get("http://own.example/").replicas([one.at("/a"), two.at("/b")]).send().await.unwrap();
    assert_eq!(answer.url().as_str(), two.at("/b"));
    assert_eq!((one.hits("/a"), two.hits("/b")), (1, 1));
}

#[tokio::test]
async fn a_replica_that_failed_rests() {
    let (bad, good) = (serve(busy()), serve(Answer::ok("good")));
    let set = ReplicaSet::new([bad.url(), good.url()]).unwrap();
    let client = builder().replica_set(&set).build().unwrap();
    for _ in 0..20 {
        assert_eq!(client.get("http://own.example/doc?x=1").send().await.unwrap().status(), 200);
    }
    assert!(bad.request_count() <= 1, "{}", bad.request_count());
    assert_eq!(good.hits("/doc?x=1"), 20);
    assert_eq!(set.resting().count(), bad.request_count());
}

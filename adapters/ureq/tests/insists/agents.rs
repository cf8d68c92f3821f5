//! Agents: how one comes to insist, and who may share it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use insist_flaky::{Answer, Script, Server};
use insist_ureq::config::Config;
use insist_ureq::http::{Request, Response};
use insist_ureq::insisting::{GaveUp, ReportSlot, Rules, Settings};
use insist_ureq::middleware::MiddlewareNext;
use insist_ureq::{Agent, Body, Error, Insist, RequestExt, SendBody};

use crate::{POLICY, agent, busy, nobody, text};

#[test]
fn every_way_to_an_agent_leads_to_one_that_insists() {
    let server = Server::start(Script::each(|_, number| {
        if number % 2 == 0 { Answer::ok("hello") } else { Answer::status(503).header("Retry-After", "0") }
    }))
    .unwrap();
    let config = || Config::builder().policy(POLICY).build();
    let request = || Request::get(server.url()).body(()).unwrap();
    let hello = |result: Result<Response<Body>, Error>| assert_eq!(text(result.unwrap()), "hello");

    hello(config().new_agent().get(server.url()).call());
    hello(Agent::from(config()).run(request()));
    hello(Agent::new_with_config(Config::default()).get(server.url()).call());
    hello(Agent::new_with_defaults().configure_request(request()).build().with_default_agent().run());
    hello(insist_ureq::get(server.url()).call());
    hello(insist_ureq::run(request()));
    hello(insist_ureq::run(request().insist(&Settings::new().policy(POLICY))));
    hello(insist_ureq::agent().run(request()));
    let agent = agent();
    hello(request().with_agent(&agent).run());
    hello(request().with_agent(agent.clone()).configure().user_agent("x").run());
    hello(agent.put(server.url()).send("x"));
    hello(agent.put(server.url()).send_empty());
    hello(agent.put(server.url()).send_form([("k", "v")]));
    hello(agent.get(server.url()).force_send_body().send("x"));
    hello(agent.delete(server.url()).query("k", "v").call());
    assert_eq!(server.request_count(), 30);
}

#[test]
fn middleware_runs_once_an_attempt() {
    let server = Server::start([busy(), busy(), Answer::ok("hello")]).unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let middleware = move |mut request: Request<SendBody<'_>>, next: MiddlewareNext<'_>| {
        counted.fetch_add(1, Ordering::Relaxed);
        request.headers_mut().insert("X-Seen", "yes".parse().unwrap());
        next.handle(request)
    };
    let agent = Agent::config_builder().middleware(middleware).policy(POLICY).build().new_agent();
    assert_eq!(text(agent.get(server.url()).call().unwrap()), "hello");
    assert_eq!(count.load(Ordering::Relaxed), 3);
    assert!(server.requests().iter().all(|request| request.header("x-seen") == Some("yes")));
}

#[test]
fn what_makes_no_sense_is_said_before_anything_is_sent() {
    let server = Server::start(Answer::ok("hello")).unwrap();
    let gave_up = |result: Result<Response<Body>, Error>| match result {
        Err(Error::Other(error)) => error.downcast::<GaveUp>().unwrap().to_string(),
        other => panic!("{other:?}"),
    };
    let result = agent().get(server.url()).policy(POLICY.attempts(0)).call();
    assert_eq!(gave_up(result), "nothing was sent: attempts is 0; a call needs at least 1");
    let result = agent().get(server.url()).policy(POLICY.lanes(200)).call();
    assert_eq!(gave_up(result), "nothing was sent: lanes is more than the 16 that a call has room for");
    let result = agent().get(server.url()).rules(Rules::new().retry_status(1)).call();
    assert_eq!(gave_up(result), "nothing was sent: retry_status is 1; a status is a number from 100 to 999");
    assert_eq!(server.request_count(), 0);
}

#[test]
fn several_threads_share_an_agent() {
    let server = Server::start(Script::each(|request, _| match request.header("X-Attempt") {
        _ if request.number % 3 == 0 => Answer::ok(request.path.clone()),
        _ => busy(),
    }))
    .unwrap();
    let agent = agent().policy(POLICY.attempts(50));
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (agent, server) = (&agent, &server);
            scope.spawn(move || {
                for call in 0..10 {
                    let path = format!("/{thread}/{call}");
                    assert_eq!(text(agent.get(server.at(&path)).call().unwrap()), path);
                }
            });
        }
    });
}

#[test]
fn a_call_in_flight_ends_when_its_agent_is_shut_down() {
    let server = Server::start(Answer::never()).unwrap();
    let agent = agent().policy(POLICY.attempts(1_000));
    std::thread::scope(|scope| {
        let call = scope.spawn(|| agent.get(server.url()).call());
        assert!(server.wait_until(|seen| seen.request_count() == 1, Duration::from_secs(60)));
        agent.clone().shutdown();
        assert!(matches!(call.join().unwrap(), Err(Error::Io(_))));
    });
    assert_eq!(server.request_count(), 1);
}

#[test]
fn an_attempt_of_a_call_may_make_calls_of_its_own() {
    let server = Server::start(
        Script::paths()
            .path("/token", [busy(), Answer::ok("secret")])
            .path("/doc", [Answer::status(503), Answer::ok("doc")]),
    )
    .unwrap();
    let tokens = agent();
    let url = server.at("/token");
    let authorize = move |mut request: Request<SendBody<'_>>, next: MiddlewareNext<'_>| {
        let token = tokens.get(&url).call()?.body_mut().read_to_string()?;
        request.headers_mut().insert("Authorization", token.parse().unwrap());
        next.handle(request)
    };
    let policy = POLICY.attempt_timeout(Duration::from_secs(60));
    let agent = Agent::config_builder().middleware(authorize).policy(policy).build().new_agent();
    // A refused POST is repeated: what the middleware sent is not what the attempt sent.
    assert_eq!(text(agent.get(server.at("/doc")).call().unwrap()), "doc");
    assert_eq!(server.hits("/token"), 3);
    let slot = ReportSlot::new();
    agent.post(nobody()).report_to(&slot).send("x").unwrap_err();
    assert_eq!(slot.take().unwrap().attempts, 3);
}

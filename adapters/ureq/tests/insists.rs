//! Calls that fail, and what becomes of them.

use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use insist_flaky::{Answer, Script, Server};
use insist_ureq::config::Config;
use insist_ureq::http::{Request, Response};
use insist_ureq::insisting::{
    AttemptEnd, Decision, Event, GaveUp, Policy, Reason, Report, ReportSlot, Rules, Settings, Verdict,
};
use insist_ureq::middleware::MiddlewareNext;
use insist_ureq::{Agent, Body, Error, Insist, RequestExt, SendBody, Timeout};

const SOON: Duration = Duration::from_millis(1);
const POLICY: Policy = Policy::constant(SOON).attempts(3);

fn agent() -> Agent {
    Agent::new_with_defaults().policy(POLICY)
}

fn busy() -> Answer {
    Answer::status(503).header("Retry-After", "0").body("x".repeat(10_000))
}

fn text(mut answer: Response<Body>) -> String {
    answer.body_mut().read_to_string().unwrap()
}

/// An address where nobody listens.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/", listener.local_addr().unwrap())
}

#[test]
fn a_503_is_retried_on_the_same_connection() {
    let server = Server::start([busy(), busy(), Answer::ok("hello")]).unwrap();
    assert_eq!(text(agent().get(server.url()).call().unwrap()), "hello");
    assert_eq!((server.request_count(), server.connections()), (3, 1));
}

#[test]
fn an_unwanted_body_that_does_not_end_costs_a_connection_and_not_the_call() {
    let slow = || busy().body("x".repeat(100)).stall_at(50);
    let server = Server::start([slow(), Answer::ok("hello")]).unwrap();
    assert_eq!(text(agent().get(server.url()).call().unwrap()), "hello");
    assert_eq!(server.connections(), 2);
}

#[test]
fn giving_up_gives_what_ureq_gives() {
    let server = Server::start(Answer::status(503).body("busy")).unwrap();
    let result = agent().get(server.url()).call();
    assert!(matches!(result, Err(Error::StatusCode(503))), "{result:?}");

    let result = agent().get(server.url()).config().http_status_as_error(false).build().call();
    let answer = result.unwrap();
    assert_eq!(answer.status(), 503);
    assert_eq!(text(answer), "busy");

    let lenient: Agent = Agent::config_builder().http_status_as_error(false).policy(POLICY).build().into();
    assert_eq!(text(lenient.get(server.url()).call().unwrap()), "busy");
    let strict = lenient.get(server.url()).config().http_status_as_error(true).build().call();
    assert!(matches!(strict, Err(Error::StatusCode(503))), "{strict:?}");
    assert_eq!(server.request_count(), 12);
}

#[test]
fn the_report_is_there_whatever_came_of_the_call() {
    let server =
        Server::start([Answer::status(503), Answer::reset(), Answer::ok("hello"), Answer::status(500)]).unwrap();
    let agent = agent();

    let answer = agent.get(server.at("/x")).with_report().call().unwrap();
    let report = answer.extensions().get::<Report>().unwrap();
    assert_eq!((report.attempts, report.reason, report.winner.unwrap().attempt), (3, None, 3));
    let details: Vec<_> = report.log.entries().iter().map(|entry| entry.detail.clone().unwrap()).collect();
    assert_eq!(details.iter().map(|detail| detail.status).collect::<Vec<_>>(), [Some(503), None, Some(200)]);
    assert!(details[1].error.as_ref().unwrap().starts_with("io: "), "{details:?}");
    assert!(details.iter().all(|detail| detail.target == server.at("/x")));

    let slot = ReportSlot::new();
    let failing = || agent.get(server.url()).report_to(&slot).call()?.body_mut().read_to_string();
    assert!(failing().is_err());
    let report = slot.take().unwrap();
    assert_eq!((report.attempts, report.reason), (3, Some(Reason::Attempts)));
    assert!(slot.take().is_none());

    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let agent = agent.on_report(move |report| noted.lock().unwrap().push(report.attempts));
    agent.get(server.url()).call().unwrap_err();
    agent.get("no address").call().unwrap_err();
    assert_eq!(*seen.lock().unwrap(), [3], "a call that ureq refuses is none");
}

#[test]
fn a_hook_sees_every_decision() {
    let server = Server::start([Answer::status(503), Answer::ok("hello")]).unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let hook = move |event: &Event<'_>| {
        // `5ms: send attempt 1`, in which the time differs from run to run.
        let line = event.to_string();
        noted.lock().unwrap().push(line.split_once(": ").unwrap().1.to_owned());
    };
    agent().get(server.url()).notify(hook).call().unwrap();
    let seen = seen.lock().unwrap();
    assert_eq!(seen.first().unwrap(), "send attempt 1 (first in lane 0)");
    assert_eq!(seen.last().unwrap(), "return attempt 2");
}

#[test]
fn a_hook_sees_the_answer_or_the_error_that_a_verdict_was_made_from() {
    let server = Server::start([Answer::status(429), Answer::reset(), Answer::ok("hello")]).unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let agent = agent().notify(move |event| {
        if let Decision::Judged(judged) = &event.decision {
            let what = match judged.outcome {
                Some(Ok(answer)) => answer.status().to_string(),
                Some(Err(Error::Io(error))) => error.kind().to_string(),
                other => format!("{other:?}"),
            };
            noted.lock().unwrap().push((what, judged.verdict));
        }
    });
    agent.get(server.url()).call().unwrap();
    let seen = seen.lock().unwrap();
    let [busy, reset, hello] = &seen[..] else { panic!("{seen:?}") };
    assert_eq!(busy, &("429 Too Many Requests".to_owned(), Verdict::retry().throttled()));
    assert_eq!(reset.1, Verdict::retry(), "{}", reset.0);
    assert_eq!(hello, &("200 OK".to_owned(), Verdict::Accept));
}

#[test]
fn a_report_is_a_sentence_and_a_line_an_attempt_whose_times_count_from_the_start() {
    let server = Server::start([Answer::status(503), Answer::ok("hello")]).unwrap();
    let slot = ReportSlot::new();
    agent().get(server.at("/x")).report_to(&slot).call().unwrap();
    let text = slot.take().unwrap().to_string();
    let target = server.at("/x");
    let lines: Vec<&str> = text.lines().collect();
    let [sentence, first, second] = lines[..] else { panic!("{text}") };
    assert!(sentence.starts_with("attempt 2 succeeded; 2 attempts in "), "{sentence}");
    assert!(first.starts_with("attempt 1 (first in lane 0): sent at "), "{first}");
    assert!(first.ends_with(&format!(": retry ({target}, status 503)")), "{first}");
    assert!(second.ends_with(&format!(": accept ({target}, status 200)")), "{second}");
}

#[test]
fn a_post_is_repeated_only_if_it_was_not_sent_unless_it_is_said_to_be_repeatable() {
    let server = Server::start(Answer::status(500)).unwrap();
    agent().post(server.url()).send("x").unwrap_err();
    assert_eq!(server.request_count(), 1);
    agent().post(server.url()).repeatable().send("x").unwrap_err();
    assert_eq!(server.request_count(), 4);
    agent().post(server.url()).header("Idempotency-Key", "7").send("x").unwrap_err();
    assert_eq!(server.request_count(), 7);
    assert!(server.requests().iter().all(|request| request.body == b"x"));

    let slot = ReportSlot::new();
    let result = agent().post(nobody()).report_to(&slot).send("x");
    assert!(matches!(result, Err(Error::Io(_))), "{result:?}");
    assert_eq!(slot.take().unwrap().attempts, 3);
}

#[test]
fn a_reset_is_retried_for_a_get_and_not_for_a_post() {
    let server = Server::start([Answer::reset(), Answer::close(), Answer::ok("hello"), Answer::reset()]).unwrap();
    assert_eq!(text(agent().get(server.url()).call().unwrap()), "hello");
    assert!(matches!(agent().post(server.url()).send("x"), Err(Error::Io(_))));
    assert_eq!(server.request_count(), 4);
}

#[test]
fn a_404_is_retried_by_rules_that_say_so() {
    let server = Server::start([Answer::status(404), Answer::ok("there"), Answer::status(404)]).unwrap();
    let eventually = Settings::new().rules(Rules::new().retry_status(404));
    assert_eq!(text(agent().get(server.url()).insist(&eventually).call().unwrap()), "there");
    assert!(matches!(agent().get(server.url()).call(), Err(Error::StatusCode(404))));
    assert_eq!(server.request_count(), 3);
}

#[test]
fn a_retry_after_beyond_the_limit_ends_the_call_and_is_told() {
    let server = Server::start(Answer::status(503).header("Retry-After", "100")).unwrap();
    let slot = ReportSlot::new();
    let policy = POLICY.hint_limit(Duration::from_secs(99));
    let result = agent().get(server.url()).policy(policy).report_to(&slot).call();
    assert!(matches!(result, Err(Error::StatusCode(503))));
    let report = slot.take().unwrap();
    assert_eq!((report.attempts, report.reason), (1, Some(Reason::RetryAfter)));
    assert_eq!(report.hint, Some(Duration::from_secs(100)));
}

#[test]
fn an_attempt_that_takes_too_long_is_retried_and_its_error_is_ureqs() {
    let server = Server::start([Answer::never(), Answer::ok("hello"), Answer::never()]).unwrap();
    let policy = POLICY.attempt_timeout(Duration::from_millis(30));
    assert_eq!(text(agent().policy(policy).get(server.url()).call().unwrap()), "hello");
    let slot = ReportSlot::new();
    let result = agent().policy(policy).get(server.url()).report_to(&slot).call();
    assert!(matches!(result, Err(Error::Timeout(Timeout::PerCall))), "{result:?}");
    assert_eq!(server.request_count(), 5);
    let report = slot.take().unwrap();
    let timeouts = report.log.entries().iter().map(|entry| entry.detail.as_ref().unwrap().timeout);
    assert_eq!(timeouts.collect::<Vec<_>>(), [Some(Timeout::PerCall); 3]);
    assert!(report.log.entries().iter().all(|entry| matches!(entry.end, Some(AttemptEnd::Retry(_)))), "{report}");
}

#[test]
fn an_attempt_timeout_ends_at_the_head_and_spans_redirects() {
    let slow = Answer::ok("0123456789").trickle(1, Duration::from_millis(10));
    let hop = |to: &str| Answer::status(302).header("Location", to).after(Duration::from_millis(30));
    let server = Server::start(
        Script::paths().path("/slow", slow).path("/1", hop("/2")).path("/2", hop("/3")).path("/3", hop("/slow")),
    )
    .unwrap();
    let agent = agent().policy(POLICY.attempts(1).attempt_timeout(Duration::from_millis(50)));
    assert_eq!(text(agent.get(server.at("/slow")).call().unwrap()), "0123456789");
    let result = agent.get(server.at("/1")).call();
    assert!(matches!(result, Err(Error::Timeout(Timeout::PerCall))), "{result:?}");
}

#[test]
fn a_deadline_and_the_users_timeout_bound_the_whole_call() {
    let server = Server::start(Script::paths().path("/busy", busy()).path("/never", Answer::never())).unwrap();
    let endless = Policy::constant(SOON).unlimited_attempts().lane_attempts(1_000_000);
    let limit = Duration::from_millis(80);

    let slot = ReportSlot::new();
    let request = agent().get(server.at("/busy")).policy(endless).report_to(&slot);
    let started = Instant::now();
    let result = request.config().timeout_global(Some(limit)).build().call();
    // It ended in a wait, or in an attempt.
    assert!(matches!(result, Err(Error::StatusCode(503) | Error::Timeout(Timeout::Global))), "{result:?}");
    assert_eq!(slot.take().unwrap().reason, Some(Reason::Deadline));
    assert!(started.elapsed() < Duration::from_secs(30));

    for agent in [
        agent().policy(endless.deadline(limit)),
        Agent::config_builder().timeout_global(Some(limit)).policy(endless).build().into(),
    ] {
        let result = agent.get(server.at("/never")).report_to(&slot).call();
        assert!(matches!(result, Err(Error::Timeout(Timeout::Global))), "{result:?}");
        let report = slot.take().unwrap();
        assert_eq!(report.log.entries()[0].detail.as_ref().unwrap().timeout, Some(Timeout::Global));
    }
    assert_eq!(server.hits("/never"), 2);

    let zero = agent().get(server.url()).config().timeout_global(Some(Duration::ZERO)).build().call();
    assert!(matches!(zero, Err(Error::Timeout(Timeout::Global))), "{zero:?}");
}

#[test]
fn a_deadline_bounds_the_reading_of_the_body_too() {
    let server = Server::start([busy(), Answer::ok("hello").stall_at(2)]).unwrap();
    let policy = POLICY.deadline(Duration::from_millis(100));
    let mut answer = agent().policy(policy).get(server.url()).call().unwrap();
    let result = answer.body_mut().read_to_string();
    assert!(matches!(result, Err(Error::Timeout(Timeout::Global))), "{result:?}");
}

#[test]
fn a_body_cut_short_is_retried_if_an_attempt_includes_it() {
    let torn = || Answer::ok("a whole text").cut_at(3);
    let server = Server::start([torn(), torn().chunked(), Answer::ok("a whole text"), torn()]).unwrap();
    let answer = agent().get(server.url()).whole_body(100).call().unwrap();
    assert_eq!(text(answer), "a whole text");
    assert_eq!(server.request_count(), 3);

    let mut answer = agent().get(server.url()).call().unwrap();
    assert!(answer.body_mut().read_to_string().is_err(), "accepted at its head");
    let mut answer = agent().get(server.url()).whole_body(5).call().unwrap();
    assert!(answer.body_mut().read_to_string().is_err(), "it is longer than the limit");
    let result = agent().get(server.url()).whole_body(100).call();
    assert!(matches!(result, Err(Error::Io(_))), "{result:?}");
    assert_eq!(server.request_count(), 8);
}

#[test]
fn replicas_take_turns() {
    let server =
        Server::start(Script::paths().path("/ok", Answer::ok("hello")).otherwise(Answer::status(503))).unwrap();
    let replicas = [server.at("/1"), server.at("/2?x=y"), server.at("/ok")];
    let answer = agent().get(&replicas[0]).replicas(&replicas).with_report().call().unwrap();
    let report = answer.extensions().get::<Report>().unwrap();
    let targets: Vec<_> = report.log.entries().iter().map(|entry| &entry.detail.as_ref().unwrap().target).collect();
    assert_eq!(targets, replicas.iter().collect::<Vec<_>>());
    assert_eq!(server.hits("/2?x=y"), 1);

    let result = agent().get(&replicas[0]).replicas(["http://ok/", "not an address"]).call();
    let Err(Error::BadUri(problem)) = result else { panic!("{result:?}") };
    assert_eq!(problem, "replica 2 is not an address: invalid uri character");
}

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

#[test]
fn a_method_that_is_not_standard_insists_where_it_is_allowed() {
    let server = Server::start([busy(), busy(), Answer::ok("hello")]).unwrap();
    let purge = || Request::builder().method("PURGE").uri(server.url()).body(()).unwrap();
    let result = agent().run(purge().repeatable());
    assert!(matches!(result, Err(Error::Protocol(_))), "{result:?}");
    assert_eq!(server.request_count(), 0);

    let agent = Agent::config_builder().allow_non_standard_methods(true).policy(POLICY).build().new_agent();
    assert_eq!(text(agent.run(purge().repeatable()).unwrap()), "hello");
    assert_eq!(server.request_count(), 3);

    let own = agent.configure_request(purge().repeatable()).https_only(true).build();
    assert!(matches!(agent.run(own), Err(Error::RequireHttpsOnly(_))));
}

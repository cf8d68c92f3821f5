//! Redirects: of requests with a body (X25), to ports that are none (X19), and with credentials (X18).

use insist_flaky::{Answer, Script, Server};
use insist_ureq::config::RedirectAuthHeaders;
use insist_ureq::insisting::ReportSlot;
use insist_ureq::{Agent, Error, Insist};

use crate::server::{POLICY, agent};

fn redirecting(status: u16, to: &str) -> Server {
    let moved = Answer::status(status).header("Location", to);
    Server::start(Script::paths().path("/old/x", moved).path("/new", Answer::ok("there"))).unwrap()
}

fn lines(server: &Server) -> Vec<String> {
    let line =
        |seen: &insist_flaky::Seen| format!("{} {} {}", seen.method, seen.path, String::from_utf8_lossy(&seen.body));
    server.requests().iter().map(line).collect()
}

#[test]
fn a_body_goes_to_the_new_place_where_the_method_stays() {
    for status in [307, 308] {
        let server = redirecting(status, "../new");
        let mut answer = agent().post(server.at("/old/x")).send("body").unwrap();
        assert_eq!(answer.body_mut().read_to_string().unwrap(), "there");
        assert_eq!(lines(&server), ["POST /old/x body", "POST /new body"]);
        assert_eq!(server.connections(), 1);
    }
}

#[test]
fn a_put_stays_a_put_and_a_post_becomes_a_get() {
    for status in [301, 302] {
        let server = redirecting(status, "/new");
        agent().put(server.at("/old/x")).send("body").unwrap();
        agent().post(server.at("/old/x")).send("body").unwrap();
        assert_eq!(lines(&server), ["PUT /old/x body", "PUT /new body", "POST /old/x body", "GET /new "]);
    }
}

#[test]
fn a_delete_stays_a_delete() {
    for status in [301, 307] {
        let server = redirecting(status, "/new");
        agent().delete(server.at("/old/x")).call().unwrap();
        assert_eq!(lines(&server), ["DELETE /old/x ", "DELETE /new "]);
    }
}

#[test]
fn a_303_becomes_a_get() {
    let server = redirecting(303, "/new");
    agent().put(server.at("/old/x")).send("body").unwrap();
    assert_eq!(lines(&server), ["PUT /old/x body", "GET /new "]);
}

#[test]
fn a_circle_ends() {
    let server = redirecting(307, "/old/x");
    let result = agent().put(server.at("/old/x")).send("body");
    assert!(matches!(result, Err(Error::TooManyRedirects)), "{result:?}");
    assert_eq!(server.request_count(), 11);
}

#[test]
fn who_wants_no_redirects_gets_the_answer_as_it_is() {
    let server = redirecting(301, "/new");
    let agent: Agent = Agent::config_builder().max_redirects(0).policy(POLICY).build().into();
    assert_eq!(agent.put(server.at("/old/x")).send("body").unwrap().status(), 301);
    let request = self::agent().put(server.at("/old/x")).config().max_redirects(0).build();
    assert_eq!(request.send("body").unwrap().status(), 301);
}

#[test]
fn a_port_that_is_none_is_no_address() {
    let slot = ReportSlot::new();
    let error = agent().get("http://127.0.0.1:99999/").report_to(&slot).call().unwrap_err();
    assert_eq!(error.to_string(), "bad uri: port 99999 is not from 0 to 65535");
    assert_eq!(slot.take().unwrap().attempts, 1);
}

#[test]
fn nor_is_it_in_a_redirect() {
    let server = redirecting(302, "http://127.0.0.1:70000/");
    let error = agent().get(server.at("/old/x")).call().unwrap_err();
    assert_eq!(error.to_string(), "bad uri: port 70000 is not from 0 to 65535");
}

#[test]
fn credentials_stay_on_their_host_if_asked_for() {
    let auth = |server: &Server| server.requests().last().unwrap().header("authorization").map(str::to_owned);
    let server = redirecting(302, "/new");
    let same_host = Agent::config_builder().redirect_auth_headers(RedirectAuthHeaders::SameHost).policy(POLICY);
    let same_host: Agent = same_host.build().into();
    same_host.get(server.at("/old/x")).header("Authorization", "secret").call().unwrap();
    assert_eq!(auth(&server).as_deref(), Some("secret"));
    // ureq's default.
    agent().get(server.at("/old/x")).header("Authorization", "secret").call().unwrap();
    assert_eq!(auth(&server), None);

    let other = Server::start(Answer::ok("")).unwrap();
    let away = redirecting(302, &other.url().replace("127.0.0.1", "localhost"));
    same_host.get(away.at("/old/x")).header("Authorization", "secret").call().unwrap();
    assert_eq!(auth(&other), None);
}

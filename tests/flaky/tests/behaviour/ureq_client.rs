//! A real client end to end: it pools connections, and sees each fault as an error.

use insist_flaky::{Answer, Script, Server};
use ureq::Agent;

fn agent() -> Agent {
    Agent::config_builder().http_status_as_error(false).build().new_agent()
}

#[test]
fn ureq_pools_one_connection_and_sees_the_faults() {
    let server = Server::start(
        Script::each(|request, _| Answer::ok(request.body.clone()))
            .path("/busy", Answer::status(503).header("Retry-After", "1").body("busy"))
            .path("/chunked", Answer::ok("in chunks").chunked())
            .path("/reset", Answer::reset())
            .path("/cut", Answer::ok("cut short").cut_at(3))
            .path("/garbage", Answer::garbage()),
    )
    .unwrap();
    let agent = agent();
    for _ in 0..5 {
        let mut busy = agent.get(server.at("/busy")).call().unwrap();
        assert_eq!(busy.status().as_u16(), 503);
        assert_eq!(busy.headers()["retry-after"].as_bytes(), b"1".as_slice());
        assert_eq!(busy.body_mut().read_to_string().unwrap(), "busy");
        let mut chunked = agent.get(server.at("/chunked")).call().unwrap();
        assert_eq!(chunked.body_mut().read_to_string().unwrap(), "in chunks");
        let mut echo = agent.post(server.at("/echo")).send("a body").unwrap();
        assert_eq!(echo.body_mut().read_to_string().unwrap(), "a body");
    }
    assert_eq!(server.request_count(), 15);
    assert_eq!(server.connections(), 1);

    assert!(agent.get(server.at("/reset")).call().is_err());
    assert!(agent.get(server.at("/garbage")).call().is_err());
    let mut cut = agent.get(server.at("/cut")).call().unwrap();
    assert!(cut.body_mut().read_to_string().is_err());
}

#[test]
fn ureq_cannot_see_that_a_connection_resets_on_reuse() {
    let server = Server::start([Answer::ok("one").resetting_on_reuse(), Answer::ok("two")]).unwrap();
    let agent = agent();
    let get = || -> Result<String, ureq::Error> { agent.get(server.url()).call()?.body_mut().read_to_string() };
    assert_eq!(get().unwrap(), "one");
    assert!(get().is_err());
    assert_eq!(get().unwrap(), "two");
    assert_eq!(server.request_count(), 2);
    assert_eq!(server.connections(), 2);
}

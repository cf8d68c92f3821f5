//! Several lanes: who wins, and what becomes of the losers.

use std::sync::Barrier;
use std::time::Duration;

use insist_flaky::{Answer, Script, Server};
use insist_ureq::http::Request;
use insist_ureq::insisting::{AttemptEnd, Policy, Reason, Report, ReportSlot};
use insist_ureq::middleware::MiddlewareNext;
use insist_ureq::unversioned::resolver::DefaultResolver;
use insist_ureq::unversioned::transport::DefaultConnector;
use insist_ureq::{Agent, Error, Insist, SendBody, Timeout};

const RACE: Policy = Policy::zero().lanes(3).attempts(3);
/// Long enough for a noisy machine; no test waits for it.
const LONG: Duration = Duration::from_secs(30);

fn replicas(server: &Server, paths: &[&str]) -> Vec<String> {
    paths.iter().map(|path| server.at(path)).collect()
}

fn ends(report: &Report) -> Vec<AttemptEnd> {
    report.log.entries().iter().map(|entry| entry.end.unwrap()).collect()
}

/// Answers when as many requests are there, so that those that lose have been sent.
fn together(requests: usize, answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Script {
    let barrier = Barrier::new(requests);
    Script::each(move |request, _| {
        barrier.wait();
        answer(&request.path)
    })
}

#[test]
fn the_fastest_replica_wins_and_the_others_see_their_connection_close() {
    let server = Server::start(together(3, |path| match path {
        "/18" => Answer::ok("18").after(Duration::from_millis(18)),
        "/60" => Answer::ok("60").after(LONG),
        _ => Answer::ok("200").after(2 * LONG),
    }))
    .unwrap();
    let replicas = replicas(&server, &["/200", "/18", "/60"]);
    let agent = Agent::new_with_defaults().policy(RACE).with_report();
    let mut answer = agent.get(&replicas[0]).replicas(&replicas).call().unwrap();
    assert_eq!(answer.body_mut().read_to_string().unwrap(), "18");
    let report = answer.extensions().get::<Report>().unwrap();
    assert_eq!((report.attempts, report.hedges, report.winner.unwrap().lane), (3, 2, 1));
    let targets: Vec<_> = report.log.entries().iter().map(|entry| &entry.detail.as_ref().unwrap().target).collect();
    assert_eq!(targets, replicas.iter().collect::<Vec<_>>(), "those that lost are told too");
    assert_eq!(ends(report), [AttemptEnd::Lost, AttemptEnd::Accept, AttemptEnd::Lost]);
    assert!(server.wait_until(|seen| seen.disconnects() == 2, LONG));
    assert_eq!(server.request_count(), 3, "a cancelled attempt is not retried");
}

#[test]
fn a_loser_on_a_pooled_connection_is_cancelled_without_harm_to_a_sibling() {
    let raced = together(2, |path| match path {
        "/fast" => Answer::ok("fast").after(Duration::from_millis(20)),
        _ => Answer::never(),
    });
    let server = Server::start(
        Script::paths()
            .path("/warm", Answer::ok("warm"))
            .path("/sibling", Answer::ok("sibling").after(Duration::from_millis(300)))
            .otherwise(raced),
    )
    .unwrap();
    let agent = Agent::new_with_defaults();
    std::thread::scope(|scope| {
        // Three connections in the pool.
        let warm: Vec<_> = (0..3).map(|_| agent.get(server.at("/warm")).call().unwrap()).collect();
        for mut answer in warm {
            answer.body_mut().read_to_string().unwrap();
        }
        assert_eq!(server.connections(), 3);

        let sibling = scope.spawn(|| agent.get(server.at("/sibling")).call().unwrap().body_mut().read_to_string());
        assert!(server.wait_until(|seen| seen.hits("/sibling") == 1, LONG));
        let replicas = replicas(&server, &["/never", "/fast"]);
        let race = RACE.lanes(2).attempts(2);
        let mut answer = agent.get(&replicas[0]).policy(race).replicas(&replicas).call().unwrap();
        assert_eq!(answer.body_mut().read_to_string().unwrap(), "fast");
        assert!(server.wait_until(|seen| seen.disconnects() == 1, LONG));
        assert_eq!(sibling.join().unwrap().unwrap(), "sibling");
    });
    assert_eq!(server.connections(), 3, "the race used what was in the pool");
    assert_eq!(agent.get(server.at("/warm")).call().unwrap().body_mut().read_to_string().unwrap(), "warm");
}

#[test]
fn a_hedge_opens_when_the_first_attempt_is_slow() {
    let server = Server::start([Answer::never(), Answer::ok("hedge")]).unwrap();
    let policy = Policy::zero().lanes(2).attempts(2).hedge_after(Duration::from_millis(20));
    let mut answer = insist_ureq::get(server.url()).policy(policy).with_report().call().unwrap();
    assert_eq!(answer.body_mut().read_to_string().unwrap(), "hedge");
    assert_eq!(answer.extensions().get::<Report>().unwrap().hedges, 1);
    assert!(server.wait_until(|seen| seen.disconnects() == 1, LONG));
}

#[test]
fn a_race_that_nobody_wins_gives_what_ureq_gives() {
    let server = Server::start(Answer::status(503).body("busy")).unwrap();
    let result = insist_ureq::get(server.url()).policy(RACE).call();
    assert!(matches!(result, Err(Error::StatusCode(503))), "{result:?}");
    assert_eq!(server.request_count(), 3);

    let server = Server::start(Answer::never()).unwrap();
    let slot = ReportSlot::new();
    let policy = RACE.attempt_timeout(Duration::from_millis(30));
    let result = insist_ureq::get(server.url()).policy(policy).report_to(&slot).call();
    assert!(matches!(result, Err(Error::Timeout(Timeout::PerCall))), "{result:?}");
    let report = slot.take().unwrap();
    assert_eq!((report.attempts, report.reason), (3, Some(Reason::Attempts)));
    assert_eq!(ends(&report), [AttemptEnd::Timeout; 3]);

    let policy = RACE.deadline(Duration::from_millis(30));
    let result = insist_ureq::get(server.url()).policy(policy).report_to(&slot).call();
    assert!(matches!(result, Err(Error::Timeout(Timeout::Global))), "{result:?}");
    assert_eq!(ends(&slot.take().unwrap()), [AttemptEnd::Deadline; 3]);
    assert!(server.wait_until(|seen| seen.open_connections() == 0, LONG));
}

#[test]
fn what_may_not_be_repeated_is_not_raced() {
    let server = Server::start(Answer::ok("hello")).unwrap();
    insist_ureq::post(server.url()).policy(RACE).send("x").unwrap();
    assert_eq!(server.request_count(), 1);
    insist_ureq::put(server.url()).policy(RACE.attempts(2).lanes(2)).send("x").unwrap();
    assert!(server.wait_until(|seen| seen.connections() >= 2, LONG));
}

#[test]
fn a_body_that_goes_to_several_lanes_is_whole_in_each() {
    let server = Server::start([Answer::status(503), Answer::status(503), Answer::ok("hello")]).unwrap();
    insist_ureq::put(server.url()).policy(RACE).send("hello").unwrap();
    assert!(server.requests().iter().all(|request| request.body == b"hello"));
}

/// Makes an address that takes no more connections: who connects to it waits.
#[cfg(target_os = "linux")]
fn full() -> (std::net::SocketAddr, Vec<socket2::Socket>) {
    use socket2::{Domain, SockAddr, Socket, Type};

    let socket = || Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let listener = socket();
    listener.bind(&SockAddr::from(std::net::SocketAddr::from(([127, 0, 0, 1], 0)))).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let mut sockets = vec![listener];
    for _ in 0..4 {
        let client = socket();
        client.set_nonblocking(true).unwrap();
        _ = client.connect(&address);
        sockets.push(client);
    }
    std::thread::sleep(Duration::from_millis(20));
    (address.as_socket().unwrap(), sockets)
}

#[cfg(target_os = "linux")]
#[test]
fn a_hedge_that_wins_interrupts_an_attempt_that_connects() {
    let (address, _full) = full();
    let server = Server::start(Answer::ok("hedge")).unwrap();
    let replicas = [format!("http://{address}/"), server.at("/")];
    let policy = Policy::zero().lanes(2).attempts(2).hedge_after(Duration::from_millis(20));
    let slot = ReportSlot::new();
    // Without a timeout the system goes on connecting for two minutes.
    let agent = Agent::new_with_defaults().policy(policy).replicas(&replicas);
    let mut answer = agent.get(&replicas[0]).report_to(&slot).call().unwrap();
    assert_eq!(answer.body_mut().read_to_string().unwrap(), "hedge");
    let report = slot.take().unwrap();
    assert_eq!(ends(&report), [AttemptEnd::Lost, AttemptEnd::Accept]);
}

#[cfg(target_os = "linux")]
#[test]
fn an_attempt_of_a_race_that_connects_for_too_long_is_timed_out() {
    let (address, _full) = full();
    let slot = ReportSlot::new();
    let policy = RACE.attempts(3).attempt_timeout(Duration::from_millis(30));
    let result = insist_ureq::get(format!("http://{address}/")).policy(policy).report_to(&slot).call();
    assert!(matches!(result, Err(Error::Timeout(Timeout::PerCall))), "{result:?}");
    assert_eq!(ends(&slot.take().unwrap()), [AttemptEnd::Timeout; 3]);
}

#[test]
fn an_address_that_refuses_connections_fails_and_another_wins() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = Server::start(Answer::ok("up")).unwrap();
    let replicas = [format!("http://{closed}/"), server.at("/")];
    let mut answer = insist_ureq::get(&replicas[0]).policy(RACE.lanes(2)).replicas(&replicas).call().unwrap();
    assert_eq!(answer.body_mut().read_to_string().unwrap(), "up");
}

#[test]
fn middleware_that_blocks_does_not_hold_up_a_hedge_that_wins() {
    let server = Server::start(Answer::ok("hedge")).unwrap();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let (first, released) = (std::sync::atomic::AtomicBool::new(true), std::sync::Mutex::new(released));
    let agent = Agent::config_builder()
        .middleware(move |request: Request<SendBody<'_>>, next: MiddlewareNext<'_>| {
            if first.swap(false, std::sync::atomic::Ordering::SeqCst) {
                _ = released.lock().unwrap().recv();
            }
            next.handle(request)
        })
        .policy(Policy::zero().lanes(2).attempts(2).hedge_after(Duration::from_millis(20)))
        .build()
        .new_agent();
    let mut answer = agent.get(server.url()).call().unwrap();
    assert_eq!(answer.body_mut().read_to_string().unwrap(), "hedge");
    drop(release);
}

#[test]
fn a_race_over_a_users_own_connector_is_raced_on_threads() {
    let server = Server::start(together(2, |path| match path {
        "/fast" => Answer::ok("fast"),
        _ => Answer::never(),
    }))
    .unwrap();
    let replicas = replicas(&server, &["/never", "/fast"]);
    let config = Agent::config_builder().policy(RACE.lanes(2).attempts(2)).build();
    let agent = Agent::with_parts(config, DefaultConnector::default(), DefaultResolver::default());
    let mut answer = agent.get(&replicas[0]).replicas(&replicas).call().unwrap();
    assert_eq!(answer.body_mut().read_to_string().unwrap(), "fast");
    assert!(server.wait_until(|seen| seen.disconnects() == 1, LONG));
}

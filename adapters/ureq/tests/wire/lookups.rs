//! Names: looked up when a connection is opened, within their time, and with another address for another attempt (X20).

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use insist_flaky::{Answer, Server};
use insist_ureq::http::Uri;
use insist_ureq::insisting::{Policy, ReportSlot};
use insist_ureq::unversioned::Config;
use insist_ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use insist_ureq::unversioned::transport::{DefaultConnector, NextTimeout, time};
use insist_ureq::{Agent, Error, Insist, Timeout};

use crate::server::{POLICY, Scripted, hold};

/// A resolver that knows these addresses, counts, and keeps the time that it was given.
#[derive(Debug, Clone)]
struct Known {
    addresses: Vec<SocketAddr>,
    asked: Arc<AtomicUsize>,
    takes: Duration,
}

impl Known {
    fn new(addresses: impl Into<Vec<SocketAddr>>) -> Self {
        Self { addresses: addresses.into(), asked: Arc::default(), takes: Duration::ZERO }
    }

    fn agent(&self, policy: Policy) -> Agent {
        let config = Agent::config_builder().timeout_resolve(Some(Duration::from_secs(7))).policy(policy).build();
        Agent::with_parts(config, DefaultConnector::default(), self.clone())
    }
}

impl Resolver for Known {
    fn resolve(&self, _: &Uri, _: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if let time::Duration::Exact(after) = timeout.after {
            if after < self.takes {
                return Err(Error::Timeout(timeout.reason));
            }
        }
        let mut found = self.empty();
        for address in &self.addresses {
            found.push(*address);
        }
        Ok(found)
    }
}

#[test]
fn another_attempt_begins_at_another_address_of_the_name() {
    let silent = Scripted::start(|_, socket| hold(&socket));
    let server = Server::start(Answer::ok("good")).unwrap();
    let known = Known::new([silent.address, server.address()]);
    let agent = known.agent(POLICY.attempt_timeout(Duration::from_millis(150)));
    let slot = ReportSlot::new();
    let mut answer = agent.get("http://service.invalid/").report_to(&slot).call().unwrap();
    assert_eq!(answer.body_mut().read_to_string().unwrap(), "good");
    assert_eq!(slot.take().unwrap().attempts, 2);
}

#[test]
fn a_hedge_begins_at_another_address_of_the_name() {
    let silent = Scripted::start(|_, socket| hold(&socket));
    let server = Server::start(Answer::ok("good")).unwrap();
    let known = Known::new([silent.address, server.address()]);
    let policy = POLICY.lanes(2).hedge_after(Duration::from_millis(20)).deadline(Duration::from_secs(20));
    let mut answer = known.agent(policy).get("http://service.invalid/").call().unwrap();
    assert_eq!(answer.body_mut().read_to_string().unwrap(), "good");
}

#[test]
fn a_resolver_of_ones_own_is_asked_for_each_request() {
    let server = Server::start(Answer::ok("")).unwrap();
    let known = Known::new([server.address()]);
    let agent = known.agent(POLICY);
    for _ in 0..3 {
        agent.get("http://service.invalid/").call().unwrap();
    }
    assert_eq!(known.asked.load(Ordering::SeqCst), 3);
    assert_eq!(server.connections(), 1);
}

#[test]
fn timeout_resolve_is_the_time_of_a_look_up() {
    let mut known = Known::new([SocketAddr::from(([127, 0, 0, 1], 9))]);
    known.takes = Duration::from_secs(8);
    let result = known.agent(POLICY.attempts(1)).get("http://service.invalid/").call();
    assert!(matches!(result, Err(Error::Timeout(Timeout::Resolve))), "{result:?}");
    // A shorter limit of the attempt goes first.
    let policy = POLICY.attempts(1).attempt_timeout(Duration::from_secs(1));
    let result = known.agent(policy).get("http://service.invalid/").call();
    assert!(matches!(result, Err(Error::Timeout(Timeout::PerCall))), "{result:?}");
}

#[test]
fn a_name_that_is_known_is_found_with_and_without_a_limit() {
    let server = Server::start(Answer::ok("")).unwrap();
    let url = server.url().replace("127.0.0.1", "localhost");
    for limit in [None, Some(Duration::from_secs(60))] {
        let agent: Agent = Agent::config_builder().timeout_resolve(limit).timeout_global(limit).build().into();
        agent.get(&url).call().unwrap();
        agent.get(&url).config().timeout_connect(Some(Duration::from_secs(60))).build().call().unwrap();
    }
}

#[test]
fn a_name_that_nobody_knows_is_not_sent() {
    for limit in [None, Some(Duration::from_secs(60))] {
        let config = Agent::config_builder().timeout_resolve(limit).policy(POLICY);
        let agent: Agent = config.build().into();
        let slot = ReportSlot::new();
        assert!(agent.post("http://nobody.invalid/").report_to(&slot).send("x").is_err());
        assert_eq!(slot.take().unwrap().attempts, 3, "a POST that was not sent is repeated");
    }
}

#[test]
fn a_refused_connection_is_not_sent_either() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let slot = ReportSlot::new();
    let known = Known::new([address]);
    assert!(known.agent(POLICY).post("http://service.invalid/").report_to(&slot).send("x").is_err());
    assert_eq!(slot.take().unwrap().attempts, 3);
}

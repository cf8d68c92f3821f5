//! Agents with a transport of their own.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use insist_flaky::{Answer, Server};
use insist_ureq::config::Config;
use insist_ureq::insisting::Policy;
use insist_ureq::unversioned::resolver::DefaultResolver;
use insist_ureq::unversioned::transport::{ConnectionDetails, Connector, DefaultConnector, Transport};
use insist_ureq::{Agent, Error, Insist};

/// Notes of each connection whether its request had a configuration of its own.
#[derive(Debug)]
struct Noting(DefaultConnector, Arc<Mutex<Vec<bool>>>);

impl Connector for Noting {
    type Out = Box<dyn Transport>;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<()>) -> Result<Option<Self::Out>, Error> {
        self.1.lock().unwrap().push(details.request_level);
        self.0.connect(details, chained)
    }
}

#[test]
fn a_deadline_does_not_make_ureq_set_up_tls_anew_for_each_connection() {
    let server = Server::start([Answer::close(), Answer::ok("hello").closing()]).unwrap();
    let noted = Arc::default();
    let policy = Policy::constant(Duration::from_millis(1)).deadline(Duration::from_secs(60));
    let config = Config::builder().policy(policy).build();
    let connector = Noting(DefaultConnector::default(), Arc::clone(&noted));
    let agent = Agent::with_parts(config, connector, DefaultResolver::default());

    agent.get(server.url()).call().unwrap();
    assert_eq!(*noted.lock().unwrap(), [false, false]);
    agent.get(server.url()).config().no_delay(false).build().call().unwrap();
    assert_eq!(*noted.lock().unwrap(), [false, false, true]);
}

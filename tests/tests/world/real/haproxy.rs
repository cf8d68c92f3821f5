//! HAProxy before a server.

use insist_ureq::Agent;

use super::calls::{self, endures};
use super::daemon::Daemon;

#[test]
fn calls_to_a_haproxy_that_is_reloaded_and_killed_return_and_a_post_arrives_once() {
    let Some(daemon) = Daemon::find("haproxy") else { return };
    let server = calls::server();
    let config = format!(
        "global\n hard-stop-after 1s\n\
         defaults\n mode http\n timeout connect 5s\n timeout client 60s\n timeout server 60s\n\
         frontend f\n bind 127.0.0.1:{}\n default_backend b\nbackend b\n server s {}\n",
        daemon.port(),
        server.address(),
    );
    let config = daemon.write("config", &config);
    let mut daemon = daemon.with(["-W", "-db", "-f", &config]);
    let base = daemon.url();
    let reload = |daemon: &Daemon| daemon.signal("USR2");
    endures(&mut daemon, Agent::new_with_defaults(), &base, reload, |_| calls::arrived(&server));
}

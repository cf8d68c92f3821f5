//! tinyproxy as a forward proxy.

use insist_ureq::Insist;
use insist_ureq::insisting::ReportSlot;

use super::calls::{self, endures, through};
use super::daemon::Daemon;
use super::load::POLICY;

fn tinyproxy(ports: &str) -> Option<Daemon> {
    let daemon = Daemon::find("tinyproxy")?;
    let port = daemon.port();
    let config = daemon.write("config", &format!("Port {port}\nListen 127.0.0.1\nTimeout 60\nMaxClients 100\n{ports}"));
    Some(daemon.with(["-d", "-c", &config]))
}

#[test]
fn calls_through_a_tinyproxy_that_is_reloaded_and_killed_return_and_a_post_arrives_once() {
    let Some(mut daemon) = tinyproxy("") else { return };
    let server = calls::server();
    let agent = through(&daemon);
    endures(&mut daemon, agent, &server.url(), |daemon| daemon.signal("USR1"), |_| calls::arrived(&server));
}

#[test]
fn a_port_that_tinyproxy_refuses_is_asked_for_once() {
    let Some(mut daemon) = tinyproxy("ConnectPort 443\n") else { return };
    daemon.start();
    let slot = ReportSlot::new();
    let agent = through(&daemon).policy(POLICY);
    let error = agent.get("http://127.0.0.1:9/").report_to(&slot).call().unwrap_err();
    assert!(error.to_string().contains("the proxy answered 403"), "{error}");
    assert_eq!(slot.take().unwrap().attempts, 1);
}

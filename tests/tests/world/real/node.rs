//! A server on Node.js, which closes connections that are idle for some milliseconds.

use insist_ureq::Agent;

use super::calls::{TAKES, endures};
use super::daemon::Daemon;

/// Writes a call down, then answers with the same. A signal has it close its idle connections, as a reload would.
const SERVER: &str = r#"
const fs = require("node:fs");
const server = require("node:http").createServer((request, response) => {
    const chunks = [];
    request.on("data", chunk => chunks.push(chunk));
    request.on("end", () => {
        const line = `${request.method} ${request.url} ${Buffer.concat(chunks)}`;
        fs.appendFileSync("arrived", line + "\n");
        setTimeout(() => response.end(line), Number(process.argv[3]));
    });
});
server.keepAliveTimeout = 4;
server.keepAliveTimeoutBuffer = 0;
process.on("SIGUSR2", () => server.closeIdleConnections());
server.listen(Number(process.argv[2]), "127.0.0.1");
"#;

#[test]
fn calls_to_a_node_that_closes_idle_connections_and_is_killed_return_and_a_post_arrives_once() {
    let Some(daemon) = Daemon::find("node") else { return };
    let script = daemon.write("server.js", SERVER);
    let port = daemon.port().to_string();
    let mut daemon = daemon.with([&script, &port, &TAKES.to_string()]);
    let base = daemon.url();
    let arrived = |daemon: &Daemon| daemon.lines("arrived");
    endures(&mut daemon, Agent::new_with_defaults(), &base, |daemon| daemon.signal("USR2"), arrived);
}

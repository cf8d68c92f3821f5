//! The server: everything fails once, one thing for ever, and one hangs.

use insist_flaky::{Answer, Script, Server};

pub fn start() -> (Server, String) {
    let busy = || Answer::status(503).body("busy");
    let script = Script::paths()
        .path("/price", [busy(), Answer::ok(r#"{"cents":250}"#)])
        .path("/form", [busy(), Answer::ok("")])
        .path("/file", [Answer::reset(), Answer::ok(vec![7; 100_000])])
        .path("/down", busy())
        .path("/hung", Answer::never());
    let server = Server::start(script).expect("a port is free");
    let url = server.url();
    (server, url)
}

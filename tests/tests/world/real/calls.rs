//! Calls whose answers say what was asked, and what may come of them.

use std::collections::HashMap;

use insist_flaky::{Answer, Request as Asked, Script, Server};
use insist_tests::words::ms;
use insist_ureq::http::Request;
use insist_ureq::insisting::{IDEMPOTENCY_KEY, Reason, Report, ReportSlot};
use insist_ureq::{Agent, Insist, Proxy};

use super::daemon::Daemon;
use super::load::{Load, POLICY};

const THREADS: u32 = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Get,
    Hedged,
    Put,
    Post,
    PostWithKey,
}

const KINDS: [Kind; 6] = [Kind::Get, Kind::Post, Kind::Hedged, Kind::Put, Kind::Post, Kind::PostWithKey];

impl Kind {
    const fn of(call: u32) -> Self {
        KINDS[call as usize % KINDS.len()]
    }

    const fn method(self) -> &'static str {
        match self {
            Self::Get | Self::Hedged => "GET",
            Self::Put => "PUT",
            Self::Post | Self::PostWithKey => "POST",
        }
    }

    fn body(self, call: u32) -> String {
        if self.method() == "GET" { String::new() } else { format!("body of {call}") }
    }
}

/// Returns what a server writes down of a call before it answers, and answers: method, path and body.
fn line(call: u32) -> String {
    let kind = Kind::of(call);
    format!("{} /{call} {}", kind.method(), kind.body(call))
}

/// Holds what became of a call.
struct Seen {
    call: u32,
    /// The status and the body, or the error as it is printed.
    answer: Result<(u16, String), String>,
    report: Report,
}

fn ask(agent: &Agent, base: &str, call: u32) -> Seen {
    let (kind, slot) = (Kind::of(call), ReportSlot::new());
    let mut request = Request::builder().method(kind.method()).uri(format!("{base}/{call}")).body(()).unwrap();
    if kind == Kind::PostWithKey {
        request.headers_mut().insert(IDEMPOTENCY_KEY, call.into());
    }
    if kind == Kind::Hedged {
        request = request.policy(POLICY.lanes(2).hedge_after(ms(5)));
    }
    let request = request.report_to(&slot);
    let body = kind.body(call);
    let answer = if body.is_empty() { agent.run(request) } else { agent.run(request.map(|()| body)) };
    let answer = answer.and_then(|mut answer| Ok((answer.status().as_u16(), answer.body_mut().read_to_string()?)));
    Seen { call, answer: answer.map_err(|error| error.to_string()), report: slot.take().unwrap() }
}

fn judge(seen: &Seen, arrived: u32) {
    let Seen { call, answer, report } = seen;
    let kind = Kind::of(*call);
    let says = || format!("call {call}, {kind:?}, arrived {arrived} times: {answer:?}\n{}", report.log);
    let is_right = answer.as_ref().is_ok_and(|(status, text)| *status == 200 && *text == line(*call));
    assert!(arrived <= report.attempts, "{}", says());
    assert!(arrived >= 1 || !is_right, "{}", says());
    if kind == Kind::Post {
        assert!(arrived <= 1, "{}", says());
        assert!(is_right || report.reason == Some(Reason::NotRepeatable), "{}", says());
    } else {
        assert!(is_right, "{}", says());
    }
}

/// Asks while a daemon is reloaded, killed and started again, and judges what came of each call by the lines that the
/// server has written down.
pub(super) fn endures(
    daemon: &mut Daemon,
    agent: Agent,
    base: &str,
    reload: impl Fn(&Daemon),
    arrived: impl FnOnce(&Daemon) -> Vec<String>,
) {
    let agent = agent.policy(POLICY).whole_body(1 << 20);
    daemon.start();
    let incidents = |load: &Load| load.disturb(daemon, reload, [Daemon::kill; 3]);
    let all = Load::during(THREADS, |call| ask(&agent, base, call), incidents);
    daemon.kill();

    let mut counts: HashMap<String, u32> = HashMap::new();
    // The daemon was asked for "/" to see whether it answers.
    for line in arrived(daemon).into_iter().filter(|line| line != "GET / ") {
        *counts.entry(line).or_default() += 1;
    }
    let (mut again, mut given_up) = (0, 0);
    for seen in &all {
        judge(seen, counts.remove(&line(seen.call)).unwrap_or(0));
        again += u32::from(seen.report.attempts > 1);
        given_up += u32::from(seen.report.reason.is_some());
    }
    println!("{} calls; {again} took several attempts, {given_up} gave up", all.len());
    assert!(counts.is_empty(), "nobody asked for {counts:?}");
    assert!(again >= THREADS / 2, "no kill was noticed");
}

/// Sets how long a server takes between writing a call down and answering it, in milliseconds: long enough to be killed in it.
pub(super) const TAKES: u64 = 3;

/// Starts a server that answers as the calls expect.
pub(super) fn server() -> Server {
    Server::start(Script::each(|asked, _| Answer::ok(written(asked)).after(ms(TAKES)))).unwrap()
}

/// Returns what has arrived at that server.
pub(super) fn arrived(server: &Server) -> Vec<String> {
    server.requests().iter().map(|asked| written(asked)).collect()
}

fn written(asked: &Asked) -> String {
    format!("{} {} {}", asked.method, asked.path, String::from_utf8_lossy(&asked.body))
}

/// Returns an agent whose calls go through a proxy.
pub(super) fn through(daemon: &Daemon) -> Agent {
    Agent::config_builder().proxy(Some(Proxy::new(&daemon.url()).unwrap())).build().into()
}

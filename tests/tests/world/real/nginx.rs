//! nginx as a server, by what its log says; it answers some attempts with 503, and nothing is left behind in this process.

use std::cell::Cell;
use std::collections::HashMap;
use std::process::Command;

use insist_tests::words::{Held, alone, ms};
use insist_ureq::http::{HeaderValue, Request, Response};
use insist_ureq::insisting::{IDEMPOTENCY_KEY, Reason, Report, ReportSlot};
use insist_ureq::middleware::MiddlewareNext;
use insist_ureq::{Agent, Body, Error, Insist, SendBody};

use super::daemon::Daemon;
use super::load::{Load, POLICY};

const THREADS: u32 = 8;

/// Returns what is served at `/file`.
fn file() -> String {
    (0..10_000).map(|line| format!("line {line}\n")).collect()
}

fn prepare(daemon: Daemon) -> Daemon {
    daemon.write("file", &file());
    let built = Command::new(daemon.program()).arg("-V").output().unwrap();
    let config = daemon.write("config", &config(&daemon, &String::from_utf8_lossy(&built.stderr)));
    let folder = daemon.folder().display().to_string();
    daemon.with(["-p", &folder, "-c", &config, "-e", "log"])
}

/// Returns how often each call was answered, by its number.
fn answered(daemon: &Daemon) -> HashMap<u32, u32> {
    let mut counts = HashMap::new();
    for line in daemon.lines("answered") {
        // What was asked to see whether it answers has no number.
        if let Some(call) = line.split(' ').next().and_then(|call| call.parse().ok()) {
            *counts.entry(call).or_default() += 1;
        }
    }
    counts
}

/// `built` is what nginx says it was built with.
fn config(daemon: &Daemon, built: &str) -> String {
    let (folder, port) = (daemon.folder().display(), daemon.port());
    let modules = ["proxy", "fastcgi", "uwsgi", "scgi"];
    let modules = modules.iter().filter(|module| !built.contains(&format!("--without-http_{module}_module")));
    let temporary: String = modules.map(|module| format!("{module}_temp_path {folder}/{module};\n")).collect();
    format!(
        "daemon off;
        user root;
        worker_processes 2;
        worker_shutdown_timeout 1s;
        pid {folder}/pid;
        error_log {folder}/log;
        events {{ worker_connections 512; }}
        http {{
            client_body_temp_path {folder}/body;
            {temporary}
            log_format calls '$http_x_call $http_x_attempt $request_method $status';
            access_log {folder}/answered calls;
            keepalive_requests 20;
            keepalive_timeout 1s;
            server {{
                listen 127.0.0.1:{port};
                root {folder};
                location = /busy {{
                    if ($http_x_attempt = 1) {{
                        add_header Retry-After 0 always;
                        return 503;
                    }}
                    try_files /file =404;
                }}
                location = /order {{ return 200 ordered; }}
            }}
        }}"
    )
}

thread_local! {
    /// Counts the attempts that this thread has made of its call, which has one lane.
    static ATTEMPTS: Cell<u32> = const { Cell::new(0) };
}

fn number(mut request: Request<SendBody<'_>>, next: MiddlewareNext<'_>) -> Result<Response<Body>, Error> {
    ATTEMPTS.set(ATTEMPTS.get() + 1);
    request.headers_mut().insert("x-attempt", HeaderValue::from(ATTEMPTS.get()));
    next.handle(request)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Get,
    Busy,
    Head,
    Hedged,
    Post,
    PostWithKey,
}

const KINDS: [Kind; 6] = [Kind::Get, Kind::Busy, Kind::Head, Kind::Hedged, Kind::Post, Kind::PostWithKey];

/// Holds what became of a call.
struct Seen {
    call: u32,
    kind: Kind,
    /// The status and the body, or the error as it is printed.
    answer: Result<(u16, String), String>,
    report: Report,
}

fn ask(agent: &Agent, at: &str, call: u32) -> Seen {
    ATTEMPTS.set(0);
    let (kind, slot) = (KINDS[call as usize % KINDS.len()], ReportSlot::new());
    let path = match kind {
        Kind::Busy => "busy",
        Kind::Post | Kind::PostWithKey => "order",
        _ => "file",
    };
    let method = match kind {
        Kind::Head => "HEAD",
        Kind::Post | Kind::PostWithKey => "POST",
        _ => "GET",
    };
    let mut request = Request::builder().method(method).uri(format!("{at}/{path}")).body(()).unwrap();
    request.headers_mut().insert("x-call", call.into());
    if kind == Kind::PostWithKey {
        request.headers_mut().insert(IDEMPOTENCY_KEY, call.into());
    }
    if kind == Kind::Hedged {
        request = request.policy(POLICY.lanes(2).hedge_after(ms(5)));
    }
    let request = request.report_to(&slot);
    let answer = if method == "POST" { agent.run(request.map(|()| "an order")) } else { agent.run(request) };
    let answer = answer.and_then(|mut answer| Ok((answer.status().as_u16(), answer.body_mut().read_to_string()?)));
    Seen { call, kind, answer: answer.map_err(|error| error.to_string()), report: slot.take().unwrap() }
}

fn judge(seen: &Seen, answered: u32) {
    let Seen { call, kind, answer, report } = seen;
    let whole = file();
    let body = match kind {
        Kind::Head => "",
        Kind::Post | Kind::PostWithKey => "ordered",
        _ => &whole,
    };
    let says = || format!("call {call}, {kind:?}, answered {answered} times: {answer:?}\n{}", report.log);
    let is_right = answer.as_ref().is_ok_and(|(status, text)| *status == 200 && text == body);
    assert!(answered <= report.attempts, "{}", says());
    match kind {
        Kind::Post => {
            assert!(answered <= 1, "{}", says());
            assert!(is_right || report.reason == Some(Reason::NotRepeatable), "{}", says());
        }
        Kind::Busy => assert!(is_right && report.attempts >= 2, "{}", says()),
        _ => assert!(is_right, "{}", says()),
    }
}

#[test]
fn calls_to_an_nginx_that_is_reloaded_and_restarted_end_as_their_policies_say() {
    let Some(daemon) = Daemon::find("nginx") else { return };
    alone(|| {
        let mut daemon = prepare(daemon);
        daemon.start();
        let before = Held::now();
        let all = under_load(&mut daemon);
        before.wait_for();
        daemon.end("QUIT");

        let answered = answered(&daemon);
        let (mut attempts, mut again, mut given_up) = (0, 0, 0);
        for seen in &all {
            judge(seen, answered.get(&seen.call).copied().unwrap_or(0));
            attempts += seen.report.attempts;
            again += u32::from(seen.kind != Kind::Busy && seen.report.attempts > 1);
            given_up += u32::from(seen.report.reason.is_some());
        }
        println!("{} calls, {attempts} attempts; {again} calls took several, {given_up} gave up", all.len());
        assert!(again >= THREADS / 2, "no restart was noticed");
        // What nginx answers right before it is stopped it may not log.
        let logged = all.iter().filter(|seen| answered.contains_key(&seen.call)).count();
        assert!(logged + logged / 10 >= all.len(), "{logged} of {} calls are in the log", all.len());
    });
}

/// Asks from several threads while nginx is reloaded and restarted.
fn under_load(daemon: &mut Daemon) -> Vec<Seen> {
    let agent: Agent = Agent::config_builder().middleware(number).policy(POLICY).whole_body(1 << 20).build().into();
    let at = daemon.url();
    let ends: [fn(&mut Daemon); 3] = [|nginx| nginx.end("TERM"), |nginx| nginx.end("QUIT"), Daemon::kill];
    let incidents = |load: &Load| load.disturb(daemon, |nginx| nginx.signal("HUP"), ends);
    Load::during(THREADS, |call| ask(&agent, &at, call), incidents)
}

//! A real nginx that is reloaded and restarted under load: what may be repeated returns, what must not be reaches it
//! once, and nothing is left behind.
//!
//! It runs where a program `nginx` is on the PATH or in `/usr/sbin` (Debian: `apt-get install nginx-light`), and says
//! so where there is none. It needs no root, and keeps everything in a folder and on a port of its own.

#![cfg(target_os = "linux")]

use std::cell::Cell;
use std::collections::HashMap;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;
use std::{env, fs, thread};

use insist_tests::words::{Held, LONG, alone, ms};
use insist_ureq::http::{HeaderValue, Request, Response};
use insist_ureq::insisting::{IDEMPOTENCY_KEY, Jitter, Policy, Reason, Report, ReportSlot};
use insist_ureq::middleware::MiddlewareNext;
use insist_ureq::{Agent, Body, Error, Insist, SendBody};
use tempfile::TempDir;

const THREADS: u32 = 8;

/// Waits of 10 ms in between: attempts for much longer than a restart takes.
const POLICY: Policy = Policy::constant(ms(10)).jitter(Jitter::None).attempts(4_000).deadline(LONG);

struct Nginx {
    program: &'static str,
    folder: TempDir,
    port: u16,
    process: Option<Child>,
}

impl Nginx {
    /// What is served at `/file`.
    fn file() -> String {
        (0..10_000).map(|line| format!("line {line}\n")).collect()
    }

    fn prepare(program: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("www")).unwrap();
        fs::write(folder.path().join("www/file"), Self::file()).unwrap();
        // Below the ports that the system gives to clients: a client that tries a port of those while nobody listens
        // can connect to itself.
        let first = 20_000 + u16::try_from(std::process::id() % 10_000).unwrap();
        let port = (first..).find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok()).unwrap();
        let built = Command::new(program).arg("-V").output().unwrap();
        let built = String::from_utf8_lossy(&built.stderr).into_owned();
        fs::write(folder.path().join("nginx.conf"), config(folder.path(), port, &built)).unwrap();
        Self { program, folder, port, process: None }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.program);
        let (folder, errors) = (self.folder.path(), self.folder.path().join("error.log"));
        command.arg("-p").arg(folder).arg("-c").arg(folder.join("nginx.conf")).arg("-e").arg(errors).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    fn start(&mut self) {
        let mut process = self.command(&[]).spawn().unwrap();
        let started = Instant::now();
        while !self.has_pid() || TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            let errors = || fs::read_to_string(self.folder.path().join("error.log")).unwrap_or_default();
            assert!(process.try_wait().unwrap().is_none() && started.elapsed() < LONG, "no nginx: {}", errors());
            thread::sleep(ms(5));
        }
        self.process = Some(process);
    }

    fn has_pid(&self) -> bool {
        fs::metadata(self.folder.path().join("pid")).is_ok_and(|pid| pid.len() > 0)
    }

    fn signal(&self, signal: &str) {
        assert!(self.command(&["-s", signal]).status().unwrap().success(), "nginx did not take {signal}");
    }

    /// Ends it, at once (`stop`) or when the answers that are under way are out (`quit`).
    fn end(&mut self, signal: &str) {
        if let Some(mut process) = self.process.take() {
            self.signal(signal);
            process.wait().unwrap();
        }
    }

    /// How often each call was answered, by its number.
    fn answered(&self) -> HashMap<u32, u32> {
        let mut counts = HashMap::new();
        for line in fs::read_to_string(self.folder.path().join("access.log")).unwrap().lines() {
            // What connected to see whether it listens has sent no request.
            if let Some(call) = line.split(' ').next().and_then(|call| call.parse().ok()) {
                *counts.entry(call).or_default() += 1;
            }
        }
        counts
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = self.command(&["-s", "stop"]).status();
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// `built` is what nginx says it was built with.
fn config(folder: &Path, port: u16, built: &str) -> String {
    let folder = folder.display();
    let modules = ["proxy", "fastcgi", "uwsgi", "scgi"];
    let modules = modules.iter().filter(|module| !built.contains(&format!("--without-http_{module}_module")));
    let temporary: String = modules.map(|module| format!("{module}_temp_path {folder}/{module};\n")).collect();
    format!(
        "daemon off;
        user root;
        worker_processes 2;
        worker_shutdown_timeout 1s;
        pid {folder}/pid;
        error_log {folder}/error.log;
        events {{ worker_connections 512; }}
        http {{
            client_body_temp_path {folder}/body;
            {temporary}
            log_format calls '$http_x_call $http_x_attempt $request_method $status';
            access_log {folder}/access.log calls;
            keepalive_requests 20;
            keepalive_timeout 1s;
            server {{
                listen 127.0.0.1:{port};
                root {folder}/www;
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
    /// How many attempts this thread has made of its call, which has one lane.
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

/// What became of a call.
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
    let whole = Nginx::file();
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
    let program = ["nginx", "/usr/sbin/nginx"].into_iter().find(|program| {
        Command::new(program).arg("-v").stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    });
    let Some(program) = program else { return println!("skipped: there is no program nginx") };
    alone(|| {
        let mut nginx = Nginx::prepare(program);
        nginx.start();
        let before = Held::now();
        let all = under_load(&mut nginx);
        before.wait_for();
        nginx.end("quit");

        let answered = nginx.answered();
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

/// Ends the load when it is dropped, also by a panic.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Asks from several threads while nginx is reloaded and restarted.
fn under_load(nginx: &mut Nginx) -> Vec<Seen> {
    let at = format!("http://127.0.0.1:{}", nginx.port);
    let agent: Agent = Agent::config_builder().middleware(number).policy(POLICY).whole_body(1 << 20).build().into();
    let (next, is_over, all) = (AtomicU32::new(0), AtomicBool::new(false), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        let over = Over(&is_over);
        for _ in 0..THREADS {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let seen = ask(&agent, &at, next.fetch_add(1, Ordering::Relaxed));
                    all.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
                }
            });
        }
        let rounds = env::var("INSIST_CASES").map_or(1, |cases| cases.parse().unwrap());
        for _ in 0..rounds {
            for _ in 0..5 {
                thread::sleep(ms(100));
                nginx.signal("reload");
            }
            for signal in ["stop", "quit", "stop"] {
                thread::sleep(ms(200));
                nginx.end(signal);
                // Meanwhile nobody listens.
                thread::sleep(ms(50));
                nginx.start();
            }
            thread::sleep(ms(200));
        }
        drop(over);
    });
    all.into_inner().unwrap_or_else(PoisonError::into_inner)
}

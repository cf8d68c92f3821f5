//! Real proxies that are killed and started again under load, and one that refuses: tinyproxy as a forward proxy, HAProxy
//! before a server. What may be repeated returns, and what must not be reaches the server once.
//!
//! Each runs where its program is on the PATH or in `/usr/sbin` (Debian: `apt-get install tinyproxy-bin haproxy`), and says
//! so where there is none. They need no root, and keep everything in a folder and on a port of their own.

#![cfg(target_os = "linux")]

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU32, Ordering};
use std::time::Instant;
use std::{env, fs, thread};

use insist_flaky::{Answer, Server};
use insist_tests::words::{LONG, ms};
use insist_ureq::insisting::{Jitter, Policy, ReportSlot};
use insist_ureq::{Agent, Insist, Proxy};
use tempfile::TempDir;

const THREADS: u32 = 4;

/// Waits of 10 ms in between: attempts for much longer than a restart takes.
const POLICY: Policy = Policy::constant(ms(10)).jitter(Jitter::None).attempts(4_000).deadline(LONG);

/// A program that listens on a port, with a configuration that is written for it.
struct Daemon {
    program: PathBuf,
    folder: TempDir,
    arguments: Vec<String>,
    port: u16,
    process: Option<Child>,
}

impl Daemon {
    /// Prepares a program; `None`, and a line that says so, if it is not installed.
    fn prepare(name: &str, flags: &[&str], config: impl Fn(u16, &Path) -> String) -> Option<Self> {
        let folders = env::var_os("PATH").unwrap_or_default();
        let mut folders = env::split_paths(&folders).chain(["/usr/sbin".into()]);
        let Some(program) = folders.find_map(|folder| Some(folder.join(name)).filter(|program| program.is_file()))
        else {
            println!("skipped: there is no {name}");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        // Below the ports that the system gives to clients, and none that another test has found free.
        static APART: AtomicU16 = AtomicU16::new(0);
        let first =
            10_500 + u16::try_from(std::process::id() % 9_000).unwrap() + APART.fetch_add(50, Ordering::Relaxed);
        let port = (first..).find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok()).unwrap();
        let path = folder.path().join("config");
        fs::write(&path, config(port, folder.path())).unwrap();
        let arguments = flags.iter().map(|flag| (*flag).to_owned()).chain([path.display().to_string()]).collect();
        Some(Self { program, folder, arguments, port, process: None })
    }

    fn start(&mut self) {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).current_dir(self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        let started = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            let has_ended = process.try_wait().unwrap();
            assert!(has_ended.is_none() && started.elapsed() < LONG, "{} does not start", self.program.display());
            thread::sleep(ms(5));
        }
        self.process = Some(process);
    }

    fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Calls until the daemon was killed and started five times, and looks at what arrived.
fn under_load(daemon: &mut Daemon, server: &Server, agent: &Agent, base: &str) {
    daemon.start();
    let (is_over, calls) = (AtomicBool::new(false), AtomicU32::new(0));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let call = calls.fetch_add(1, Ordering::Relaxed);
                    let body = format!("body {call}");
                    let mut answer = agent.put(format!("{base}/put/{call}")).send(&body).unwrap();
                    assert_eq!(answer.body_mut().read_to_string().unwrap(), "hello");
                    // Once, or not at all.
                    let _ = agent.post(format!("{base}/post/{call}")).send(&body);
                }
            });
        }
        for _ in 0..5 {
            thread::sleep(ms(200));
            daemon.kill();
            thread::sleep(ms(20));
            daemon.start();
        }
        is_over.store(true, Ordering::Relaxed);
    });
    let calls = calls.into_inner();
    assert!(calls >= 10, "{calls} calls are no load");
    let record = server.record();
    for call in 0..calls {
        assert!(record.hits(&format!("/put/{call}")) >= 1, "PUT {call} returned, and never arrived");
        assert!(record.hits(&format!("/post/{call}")) <= 1, "POST {call} arrived twice");
    }
    for seen in record.requests() {
        let call = seen.path.rsplit('/').next().unwrap();
        assert_eq!(seen.body, format!("body {call}").as_bytes(), "{}", seen.path);
    }
}

fn tinyproxy(ports: &str) -> Option<Daemon> {
    let ports = ports.to_owned();
    Daemon::prepare("tinyproxy", &["-d", "-c"], move |port, folder| {
        let log = folder.join("log");
        format!("Port {port}\nListen 127.0.0.1\nTimeout 60\nMaxClients 100\nLogFile \"{}\"\n{ports}", log.display())
    })
}

fn through(daemon: &Daemon) -> Agent {
    let proxy = Proxy::new(&format!("http://127.0.0.1:{}", daemon.port)).unwrap();
    Agent::config_builder().proxy(Some(proxy)).policy(POLICY).build().into()
}

#[test]
fn calls_through_a_tinyproxy_that_is_killed_return_and_a_post_arrives_once() {
    let server = Server::start(Answer::ok("hello")).unwrap();
    let Some(mut daemon) = tinyproxy("") else { return };
    let agent = through(&daemon);
    under_load(&mut daemon, &server, &agent, &server.url());
}

#[test]
fn a_port_that_tinyproxy_refuses_is_asked_for_once() {
    let Some(mut daemon) = tinyproxy("ConnectPort 443\n") else { return };
    daemon.start();
    let slot = ReportSlot::new();
    let error = through(&daemon).get("http://127.0.0.1:9/").report_to(&slot).call().unwrap_err();
    assert!(error.to_string().contains("the proxy answered 403"), "{error}");
    assert_eq!(slot.take().unwrap().attempts, 1);
}

#[test]
fn calls_to_a_haproxy_that_is_killed_return_and_a_post_arrives_once() {
    let server = Server::start(Answer::ok("hello")).unwrap();
    let address = server.address();
    let config = move |port, _: &Path| {
        format!(
            "defaults\n mode http\n timeout connect 5s\n timeout client 60s\n timeout server 60s\n\
             frontend f\n bind 127.0.0.1:{port}\n default_backend b\nbackend b\n server s {address}\n"
        )
    };
    let Some(mut daemon) = Daemon::prepare("haproxy", &["-db", "-f"], config) else { return };
    let (agent, base) = (Agent::new_with_defaults().policy(POLICY), format!("http://127.0.0.1:{}", daemon.port));
    under_load(&mut daemon, &server, &agent, &base);
}

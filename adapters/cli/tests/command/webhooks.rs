//! Ten lines of shell: webhooks are kept, the worker and the receiver are killed again and again, and all are delivered.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::Value;

const PORT: &str = "INSIST_RECEIVER_PORT";
static REQUESTS: AtomicU32 = AtomicU32::new(0);

/// Run by the script, as a process of its own. Without a port there is nothing to do.
#[test]
fn the_receiver() {
    let Ok(port) = std::env::var(PORT) else { return };
    let listener = TcpListener::bind(("127.0.0.1", port.parse().unwrap())).unwrap();
    for connection in listener.incoming().flatten() {
        std::thread::spawn(|| receive(connection));
    }
}

/// Answers every third request with 503, and the others with 204, after two milliseconds.
fn receive(mut connection: TcpStream) -> Option<()> {
    let mut lines = BufReader::new(connection.try_clone().ok()?);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            lines.read_line(&mut line).ok().filter(|bytes| *bytes > 0)?;
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            if line == "\r\n" {
                break;
            }
        }
        std::io::copy(&mut std::io::Read::take(&mut lines, length), &mut std::io::sink()).ok()?;
        std::thread::sleep(Duration::from_millis(2));
        let fails = REQUESTS.fetch_add(1, Ordering::Relaxed) % 3 == 2;
        let head = if fails { "503 Service Unavailable\r\nContent-Length: 0" } else { "204 No Content" };
        connection.write_all(format!("HTTP/1.1 {head}\r\n\r\n").as_bytes()).ok()?;
    }
}

#[test]
fn a_thousand_webhooks_are_delivered_although_worker_and_receiver_are_killed_five_times() {
    let folder = tempfile::tempdir().unwrap();
    // Below the ports that the system gives to clients, so that nobody takes it between two receivers.
    let first = 10_000 + u16::try_from(std::process::id() % 10_000).unwrap();
    let port = (first..).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap();
    let this = std::env::current_exe().unwrap();
    let insist = assert_cmd::cargo::cargo_bin("insist");
    let path = format!("{}:{}", insist.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/command/webhooks.sh");
    let output = Command::new("sh")
        .args(["-eu", script.to_str().unwrap()])
        .current_dir(folder.path())
        .env("PATH", path)
        .env("URL", format!("http://127.0.0.1:{port}"))
        .env("RECEIVE", format!("{} --exact webhooks::the_receiver --nocapture", this.display()))
        .env(PORT, port.to_string())
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{out}{err}");
    let stats: Value = serde_json::from_str(out.lines().find(|line| line.starts_with('{')).unwrap()).unwrap();
    assert_eq!((&stats["delivered"], &stats["pending"]), (&1000.into(), &0.into()), "{stats}");
    let shown: Vec<&str> = out.split('\n').filter(|line| line.ends_with(": delivered")).collect();
    assert_eq!(shown.len(), 10, "{out}");
    assert_eq!(out.lines().filter(|line| line.trim_end().ends_with("accept  204")).count(), 10, "{out}");
}

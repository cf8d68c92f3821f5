//! The example that delivers webhooks, killed at a hundred random moments: nothing is lost, and nothing doubled that
//! its receiver cannot tell.

#[path = "../../../../adapters/blocking/examples/webhook.rs"]
#[expect(dead_code, reason = "its `main` is called by who runs the example")]
mod webhook;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio, exit};
use std::sync::mpsc;
use std::thread::{self, sleep};
use std::time::Duration;

use insist_core::State;
use insist_tests::expected::first_word;

const KILLS: u32 = 100;

const MINUTE: Duration = Duration::from_millis(8);

/// As the example's policy has it.
const ATTEMPTS: u32 = 30;

/// Holds what the receiver answers with 503 before it accepts.
const FAILURES: usize = 3;

const READY: &str = "the example begins";

const DELIVERED: i32 = 10;

const GAVE_UP: i32 = 11;

/// Holds what the receiver was sent, by key: the numbers of the attempts in order, and how often the order was paid.
#[derive(Clone, Debug, Default)]
struct Order {
    attempts: Vec<u32>,
    paid: u32,
}

/// Random numbers from 0 up to `below`, always the same.
struct Dice(u32);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 += 1;
        first_word(100, 0, self.0) % below
    }
}

/// Takes orders until it is sent one without a key.
fn receive(listener: &TcpListener) -> BTreeMap<String, Order> {
    let mut orders: BTreeMap<String, Order> = BTreeMap::new();
    let mut dice = Dice(1 << 20);
    for stream in listener.incoming() {
        let Ok(stream) = stream else { continue };
        match order(&stream) {
            Ok(Some((key, attempt))) => {
                let order = orders.entry(key).or_default();
                sleep(Duration::from_micros(dice.roll(3000)));
                order.attempts.push(attempt);
                let accepts = order.attempts.len() > FAILURES;
                // A double has a key that was paid: it is accepted, and does nothing.
                order.paid += u32::from(accepts && order.paid == 0);
                sleep(Duration::from_micros(dice.roll(3000)));
                let status = if accepts { "200 OK" } else { "503 Service Unavailable" };
                // Whoever sent it may be dead.
                let _ = (&stream).write_all(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").as_bytes());
            }
            Ok(None) => break,
            Err(_) => {} // killed before all of it was sent
        }
    }
    orders
}

fn order(stream: &TcpStream) -> io::Result<Option<(String, u32)>> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let (mut key, mut attempt) = (None, None);
    for line in BufReader::new(stream).lines() {
        let line = line?;
        match line.split_once(": ") {
            Some(("Idempotency-Key", value)) => key = Some(value.trim_matches('"').to_owned()),
            Some(("Attempt", value)) => attempt = value.parse().ok(),
            Some(_) => {}
            None if line.is_empty() => return Ok(key.zip(attempt)),
            None => {}
        }
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}

/// This very test, in a process of its own, runs the example.
fn start(receiver: SocketAddr, file: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().expect("it runs"));
    command.args(["--exact", "resume::kills::a_webhook_survives_a_hundred_kills", "--nocapture"]);
    command.env("WEBHOOK_RECEIVER", receiver.to_string()).env("WEBHOOK_FILE", file);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
    // Its moments are counted from where the example begins, however long a busy machine takes to get there.
    let mut said = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    assert!(said.any(|line| line.is_ok_and(|line| line.contains(READY))), "it does not begin");
    child
}

/// In the process that is to be killed.
fn deliver_if_asked() {
    let (Ok(receiver), Ok(file)) = (std::env::var("WEBHOOK_RECEIVER"), std::env::var("WEBHOOK_FILE")) else { return };
    let receiver = receiver.parse().expect("it is an address");
    println!("\n{READY}");
    match webhook::deliver(receiver, Path::new(&file), MINUTE) {
        Ok(true) => exit(DELIVERED),
        Ok(false) => exit(GAVE_UP),
        Err(error) => panic!("{error}"),
    }
}

/// Runs one webhook to its end, and kills it on the way as long as there are kills left. Gives its exit code.
fn run(receiver: SocketAddr, file: &Path, kills: &mut u32, dice: &mut Dice) -> Option<i32> {
    loop {
        let mut child = start(receiver, file);
        if *kills > 0 {
            sleep(Duration::from_micros(dice.roll(30_000)));
            child.kill().expect("it can be killed");
        }
        let code = child.wait().expect("it ends").code();
        match code {
            None => *kills -= 1, // it was the kill that ended it
            Some(_) => return code,
        }
    }
}

#[test]
fn a_webhook_survives_a_hundred_kills() {
    deliver_if_asked();
    let folder = tempfile::tempdir().expect("a folder");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let receiver = listener.local_addr().expect("an address");
    let (tell, told) = mpsc::channel();
    thread::spawn(move || tell.send(receive(&listener)));

    let (mut kills, mut dice) = (KILLS, Dice(0));
    let mut files: Vec<(PathBuf, Option<i32>)> = Vec::new();
    while kills > 0 {
        let file = folder.path().join(format!("order-{}.state", files.len()));
        let code = run(receiver, &file, &mut kills, &mut dice);
        assert_eq!(run(receiver, &file, &mut 0, &mut dice), code, "what has ended stays ended");
        files.push((file, code));
    }
    let mut last = TcpStream::connect(receiver).expect("it listens");
    last.write_all(b"POST / HTTP/1.1\r\n\r\n").expect("it reads");
    let orders = told.recv_timeout(Duration::from_secs(30)).expect("it has ended");

    let (mut lost, mut doubles) = (0, 0);
    for (file, code) in &files {
        let key = file.file_stem().unwrap().to_str().unwrap();
        let order = orders.get(key).cloned().unwrap_or_default();
        let bytes = std::fs::read(file).expect("it is kept");
        let (state, log) = bytes.split_at(State::<1>::BYTES);
        let sent = State::<1>::decode(state).expect("it was written whole").attempts();
        let log = std::str::from_utf8(log).expect("it is text");

        // The log has every attempt once, and in order.
        let numbers: Vec<u32> = log.lines().map(|line| line.split(':').next().unwrap().parse().unwrap()).collect();
        assert_eq!(numbers, (1..=sent).collect::<Vec<u32>>(), "{key}:\n{log}");
        assert!(sent <= ATTEMPTS, "{key}: {sent}");
        // The receiver saw none twice, and none that is not in the log.
        let seen: BTreeSet<u32> = order.attempts.iter().copied().collect();
        assert_eq!(seen.len(), order.attempts.len(), "{key}: {:?}", order.attempts);
        assert!(seen.iter().all(|attempt| (1..=sent).contains(attempt)), "{key}: {seen:?} of {sent}");
        // What was delivered was paid once, and what was not was not lost on the way.
        match *code {
            Some(DELIVERED) => assert_eq!(order.paid, 1, "{key}:\n{log}"),
            Some(GAVE_UP) => assert_eq!(sent, ATTEMPTS, "{key}:\n{log}"),
            other => panic!("{key} ended with {other:?}:\n{log}"),
        }
        lost += log.lines().filter(|line| line.ends_with("lost")).count();
        doubles += order.attempts.len().saturating_sub(FAILURES + 1);
    }
    println!("{} webhooks, {lost} attempts lost, {doubles} doubles", files.len());
    assert!(lost > 0, "a hundred kills, and none while an attempt was in flight");
}

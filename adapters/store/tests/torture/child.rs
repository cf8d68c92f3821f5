//! The processes that are killed: this program again, told by its environment what to be.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use insist_store::{Attempt, NewCall, Verdict};

use crate::words::{MARGIN, POLICY, key, open, repeat};

const ROLE: &str = "INSIST_TORTURE_ROLE";

/// Starts a worker of two threads.
pub(crate) fn worker(store: &str, receiver: &str) -> Child {
    start(&format!("work {store} {receiver}"))
}

/// Starts an enqueuer of calls from this number on, which prints each number that was acknowledged.
pub(crate) fn enqueuer(store: &str, from: u64, to: u64) -> Child {
    start(&format!("enqueue {store} {from} {to}"))
}

fn start(role: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child::the_child", "--nocapture"])
        .env(ROLE, role)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Without a role there is nothing to do.
#[test]
fn the_child() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let words: Vec<&str> = role.split(' ').collect();
    match words[..] {
        ["work", store, receiver] => work(store, receiver),
        ["enqueue", store, from, to] => enqueue(store, from.parse().unwrap(), to.parse().unwrap()),
        _ => panic!("{role}"),
    }
}

fn enqueue(store: &str, from: u64, to: u64) {
    let calls = open(store);
    let mut number = from;
    while number < to {
        let end = (number + 7).min(to);
        let new = (number..end).map(|n| {
            let call = NewCall::new(key(n), "p").target(format!("t{}", n % 5)).repeat(repeat(n)).seed(n);
            call.body(vec![b'x'; 100])
        });
        calls.submit(new).unwrap().wait().unwrap();
        println!("acknowledged {}", end - 1);
        number = end;
        // No faster than they are worked off.
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn work(store: &str, receiver: &str) {
    let calls = open(store);
    let connections: Mutex<Vec<BufReader<TcpStream>>> = Mutex::default();
    let receiver = receiver.to_string();
    let workers = calls.workers().policy("p", POLICY).lease_margin(MARGIN).threads(2).per_target(2);
    let _working = workers
        .start(move |attempt| {
            let pooled = connections.lock().unwrap().pop();
            let Some(mut connection) = pooled.or_else(|| connect(&receiver)) else { return Verdict::retry().unsent() };
            let verdict = send(&mut connection, attempt);
            if let Some(verdict) = verdict {
                connections.lock().unwrap().push(connection);
                return verdict;
            }
            Verdict::retry()
        })
        .unwrap();
    std::thread::sleep(Duration::from_secs(3600));
}

fn connect(receiver: &str) -> Option<BufReader<TcpStream>> {
    let connection = TcpStream::connect(receiver).ok()?;
    connection.set_read_timeout(Some(Duration::from_millis(150))).unwrap();
    Some(BufReader::new(connection))
}

fn send(connection: &mut BufReader<TcpStream>, attempt: &Attempt<'_>) -> Option<Verdict> {
    connection.get_mut().write_all(format!("{} {}\n", attempt.key(), attempt.id()).as_bytes()).ok()?;
    let mut line = String::new();
    match connection.read_line(&mut line) {
        Ok(1..) if line == "ok\n" => Some(Verdict::Accept),
        Ok(1..) if line == "no\n" => Some(Verdict::retry()),
        _ => None,
    }
}

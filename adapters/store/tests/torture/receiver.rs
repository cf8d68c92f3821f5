//! A receiver that fails a third of what it gets, drops a part, answers a part late, and remembers all of it.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::{sleep, spawn};
use std::time::Duration;

use crate::words::hash;

/// Counts how often each attempt came, and whether it was accepted.
pub(crate) type Seen = HashMap<(String, u32), (u32, bool)>;

pub(crate) struct Receiver {
    pub(crate) address: String,
    pub(crate) seen: Arc<Mutex<Seen>>,
}

impl Receiver {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let seen: Arc<Mutex<Seen>> = Arc::default();
        let record = Arc::clone(&seen);
        spawn(move || {
            for connection in listener.incoming().flatten() {
                let record = Arc::clone(&record);
                spawn(move || receive(connection, &record));
            }
        });
        Self { address, seen }
    }
}

fn receive(connection: TcpStream, record: &Mutex<Seen>) {
    let mut connection = BufReader::new(connection);
    let mut line = String::new();
    while connection.read_line(&mut line).is_ok_and(|bytes| bytes > 0) && line.ends_with('\n') {
        let (key, attempt) = line.trim().split_once(' ').unwrap();
        let attempt = attempt.parse().unwrap();
        let (is_accepted, is_dropped, is_late) = match hash(key, attempt) % 100 {
            0..60 => (true, false, false),
            60..93 => (false, false, false),
            93..97 => (false, true, false),
            _ => (true, false, true),
        };
        {
            let mut seen = record.lock().unwrap();
            let entry = seen.entry((key.into(), attempt)).or_default();
            entry.0 += 1;
            entry.1 = is_accepted;
        }
        if is_dropped {
            return;
        }
        if is_late {
            sleep(Duration::from_millis(30));
        }
        if connection.get_mut().write_all(if is_accepted { b"ok\n" } else { b"no\n" }).is_err() {
            return;
        }
        line.clear();
    }
}

//! Delivers a webhook, with retries over hours, and survives being killed between any two steps.
//!
//! `webhook 127.0.0.1:8080 order-17.state` goes on where the last run with that file stopped. The file has the state of
//! the call and a line for each attempt; it is written before an attempt is sent, so that no number is sent twice. What
//! was in flight when the program died counts as failed, possibly sent: delivery is at least once, and the receiver
//! knows a double by its `Idempotency-Key`.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

use insist_blocking::{Action, Attempt, Policy, Verdict};
use insist_core::{Call, Instant, State, fresh_seed};

/// Waits a minute, two, four … up to two hours, for two days. Tests pass a shorter minute.
fn policy(minute: Duration) -> Policy {
    Policy::exponential(minute).cap(minute * 120).attempts(30).attempt_timeout(minute).deadline(minute * 60 * 48)
}

/// Reads the clock that goes on while no process runs.
fn now() -> Instant {
    Instant::since_epoch()
}

/// Delivers the webhook, and returns whether it was delivered, now or by an earlier process.
pub(crate) fn deliver(receiver: SocketAddr, file: &Path, minute: Duration) -> io::Result<bool> {
    let policy = policy(minute);
    let key = file.file_stem().unwrap_or_default().to_string_lossy();
    let (mut call, mut log) = match load(file)? {
        Some((state, log)) => {
            let call = Call::try_resume(&policy, &(), now(), state);
            (call.map_err(|refused| io::Error::other(refused.error))?, log)
        }
        None => (Call::new(&policy, &(), now(), fresh_seed()), String::new()),
    };
    if !log.is_empty() && !log.ends_with('\n') {
        log.push_str("lost\n");
    }
    loop {
        let action = call.poll(now());
        if let Action::Send(attempt) = action {
            log.push_str(&format!("{}: ", attempt.id));
        }
        save(file, call.state(), &log)?;
        match action {
            Action::Send(attempt) => {
                let answer = post(receiver, &key, &attempt);
                log.push_str(&answer.as_ref().map_or_else(ToString::to_string, ToString::to_string).replace('\n', " "));
                log.push('\n');
                call.handle(now(), attempt.id, judge(&answer));
            }
            Action::Wait { until, .. } => sleep(until.map_or(minute, |until| until.saturating_since(now()))),
            Action::Cancel { .. } => {} // nothing is in flight while this thread polls
            Action::Return(_) => return Ok(true),
            Action::GiveUp(_) => return Ok(false),
        }
    }
}

fn judge(answer: &io::Result<u16>) -> Verdict {
    match answer {
        Ok(200..=299) => Verdict::Accept,
        Ok(408 | 425 | 429 | 500 | 502..=504) | Err(_) => Verdict::retry(),
        Ok(_) => Verdict::Stop,
    }
}

/// Sends one POST, and returns the status of the answer.
fn post(receiver: SocketAddr, key: &str, attempt: &Attempt) -> io::Result<u16> {
    let timeout = attempt.timeout().unwrap_or(Duration::from_secs(60));
    let mut stream = TcpStream::connect_timeout(&receiver, timeout)?;
    stream.set_read_timeout(Some(timeout))?;
    let (id, body) = (attempt.id, "paid");
    let head = format!("POST / HTTP/1.1\r\nHost: {receiver}\r\nIdempotency-Key: \"{key}\"\r\nAttempt: {id}\r\n");
    stream.write_all(format!("{head}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len()).as_bytes())?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
    status.ok_or_else(|| io::Error::other("the answer has no status"))
}

/// Loads the state and the log; `None` if nothing was saved yet.
fn load(file: &Path) -> io::Result<Option<(State, String)>> {
    let bytes = match fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    // A call with one lane always takes all of them.
    let (state, log) = bytes.split_at(State::<1>::BYTES.min(bytes.len()));
    let state = State::decode(state).map_err(io::Error::other)?;
    Ok(Some((state, String::from_utf8_lossy(log).into_owned())))
}

/// Saves the state and the log; a reader of the file finds all of the old or all of the new.
fn save(file: &Path, state: &State, log: &str) -> io::Result<()> {
    let mut buffer = [0; State::<1>::BYTES];
    let bytes = state.encode(&mut buffer).map_err(io::Error::other)?;
    let new = file.with_extension("new");
    let mut written = File::create(&new)?;
    written.write_all(bytes)?;
    written.write_all(log.as_bytes())?;
    written.sync_all()?;
    fs::rename(&new, file)?;
    // The rename itself is kept once the folder is.
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [receiver, file] = &arguments[..] else {
        eprintln!("usage: webhook ADDRESS FILE, as in webhook 127.0.0.1:8080 order-17.state");
        return ExitCode::from(2);
    };
    let Ok(receiver) = receiver.parse() else {
        eprintln!("{receiver:?} is no address; give one such as 127.0.0.1:8080");
        return ExitCode::from(2);
    };
    match deliver(receiver, Path::new(file), Duration::from_secs(60)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{file}: {error}");
            ExitCode::from(2)
        }
    }
}

//! The threads of the process that look names up: as many as look-ups are under way, and each is used again.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// The time after which a thread with nothing to look up ends.
const IDLE: Duration = Duration::from_secs(10);

type LookUp = Box<dyn FnOnce() + Send>;

/// The threads that have nothing to do, the one that was used last at the end.
static IDLING: Mutex<Vec<Idling>> = Mutex::new(Vec::new());

struct Idling {
    number: thread::ThreadId,
    sender: Sender<LookUp>,
}

fn idling() -> MutexGuard<'static, Vec<Idling>> {
    IDLING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a look-up on one of the threads. Gives it back if there is none and none can be started.
pub(super) fn run(look_up: LookUp) -> Result<(), LookUp> {
    let mut look_up = look_up;
    while let Some(thread) = idling().pop() {
        match thread.sender.send(look_up) {
            Ok(()) => return Ok(()),
            // It has ended just now.
            Err(refused) => look_up = refused.0,
        }
    }
    let (sender, receiver) = channel::<LookUp>();
    let again = sender.clone();
    let body = move || {
        let number = thread::current().id();
        loop {
            let wait = receiver.recv_timeout(IDLE);
            match wait {
                Ok(look_up) => look_up(),
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    let mut idling = idling();
                    let Some(index) = idling.iter().position(|thread| thread.number == number) else { continue };
                    idling.remove(index);
                    return;
                }
            }
            idling().push(Idling { number, sender: sender.clone() });
        }
    };
    match thread::Builder::new().name("insist-lookup".into()).spawn(body) {
        Ok(_) => again.send(look_up).map_err(|refused| refused.0),
        Err(_) => Err(look_up),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_ups_one_after_the_other_use_the_same_threads() {
        let (sender, threads) = channel();
        let mut seen = Vec::new();
        for _ in 0..20 {
            let sender = sender.clone();
            assert!(run(Box::new(move || sender.send(thread::current().id()).unwrap())).is_ok());
            seen.push(threads.recv().unwrap());
            while idling().iter().all(|thread| Some(&thread.number) != seen.last()) {
                thread::yield_now();
            }
        }
        seen.dedup();
        // Another test may have had one of them meanwhile.
        assert!(seen.len() < 5, "{seen:?}");
    }
}

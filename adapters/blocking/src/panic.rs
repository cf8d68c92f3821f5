//! Catches panics of user code where they must not end the call, or abort the process.

use std::any::Any;
use std::mem::forget;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread::panicking;

/// The payload of a panic.
pub(crate) type Payload = Box<dyn Any + Send>;

/// Runs all functions, also after one that panics, and returns the first panic.
pub(crate) fn run_each<F: FnOnce()>(functions: impl IntoIterator<Item = F>) -> Option<Payload> {
    let mut first = None;
    for function in functions {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(function)) {
            match first {
                None => first = Some(payload),
                Some(_) => discard(payload),
            }
        }
    }
    first
}

/// Continues a panic in this thread. Drops it if the thread is panicking already: a second one would abort the process.
pub(crate) fn go_on(payload: Option<Payload>) {
    match payload {
        Some(payload) if panicking() => discard(payload),
        Some(payload) => resume_unwind(payload),
        None => {}
    }
}

/// Drops a value, and ignores a panic of its destructor.
pub(crate) fn discard<T>(value: T) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
        // Leaked, because the payload's own destructor may panic too.
        forget(payload);
    }
}

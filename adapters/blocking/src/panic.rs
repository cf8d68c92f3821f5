//! Panics of code that is not the caller's: caught where they must not end the call, or the process.

use std::any::Any;
use std::mem::forget;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread::panicking;

/// What a panic carries.
pub(crate) type Payload = Box<dyn Any + Send>;

/// Runs each of them, also after one that panics, and returns the first panic.
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

/// Lets a panic go on in this thread. One that unwinds already keeps to its own: a second would abort the process.
pub(crate) fn go_on(payload: Option<Payload>) {
    match payload {
        Some(payload) if panicking() => discard(payload),
        Some(payload) => resume_unwind(payload),
        None => {}
    }
}

/// Drops what nobody waits for, and the panic of its drop with it.
pub(crate) fn discard<T>(value: T) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
        // A payload whose own drop panics would begin again.
        forget(payload);
    }
}

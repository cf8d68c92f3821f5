//! Makes the first attempt of a race on the caller's thread, and starts threads for those that are sent while it runs.

mod machine;
mod relay;
mod step;

use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread;

use insist_core::{AsPolicy, Call, CallEnd, Gate, Hook, Instant, Judge, Terms, fresh_seed};

use crate::attempt::LiveAttempt;
use crate::canceller::Canceller;
use crate::finish::Finish;
use crate::race::LANES;
use crate::way::{FirstOnCaller, Run};

use machine::Machine;
use relay::Relay;
use step::{By, Next};

impl<F, T, E, P, J, H, G> Run<P, J, H, G> for FirstOnCaller<'_, F, T, E>
where
    F: Fn(&LiveAttempt<'_>) -> Result<T, E> + Send + Sync + 'static,
    T: Send + 'static,
    E: Send + 'static,
    P: AsPolicy + Send + 'static,
    J: Judge<T, E> + Send + 'static,
    H: Hook<T, E> + Send + 'static,
    G: Gate + Send + 'static,
{
    fn run<O: Finish<T, E, H>>(self, terms: Terms<P, J, H, G>, finish: O) -> O::Output {
        let Self { operation, canceller, .. } = self;
        let Terms { policy, judge, hook, gate, repeat, seed, .. } = terms;
        let started = Instant::now();
        let is_listening = hook.is_listening();
        let call = Call::with_lanes::<LANES>(policy, gate, started, seed.unwrap_or_else(fresh_seed)).repeat(repeat);
        let machine = Machine { call, judge, hook, is_listening, started, now: started, last: None };
        let calling = Calling::new(Arc::new(Relay::new(operation, canceller.cloned(), machine)), canceller);
        let end = calling.drive();
        let machine = calling.relay.end();
        drop(calling);
        match (end, machine) {
            (Next::Ended(action), Some(Machine { call, hook, now, last, .. })) => {
                finish.finish(CallEnd { action, last, at: now }, &call, started, hook)
            }
            (Next::Panicked(payload), _) => resume_unwind(payload),
            _ => unreachable!("the caller alone takes the machine, once, at the end"),
        }
    }
}

/// A call in progress. Dropping it, also in a panic, cancels the attempts in flight.
struct Calling<'a, F, T, E, P: AsPolicy, J, H, G: Gate> {
    relay: Arc<Relay<F, T, E, P, J, H, G>>,
    user: Option<(&'a Canceller, u64)>,
}

impl<'a, F, T, E, P, J, H, G> Calling<'a, F, T, E, P, J, H, G>
where
    F: Fn(&LiveAttempt<'_>) -> Result<T, E> + Send + Sync + 'static,
    T: Send + 'static,
    E: Send + 'static,
    P: AsPolicy + Send + 'static,
    J: Judge<T, E> + Send + 'static,
    H: Hook<T, E> + Send + 'static,
    G: Gate + Send + 'static,
{
    fn new(relay: Arc<Relay<F, T, E, P, J, H, G>>, canceller: Option<&'a Canceller>) -> Self {
        let user = canceller.map(|canceller| {
            let (key, relay) = (canceller.key(), Arc::downgrade(&relay));
            let tell = move || {
                if let Some(relay) = relay.upgrade() {
                    relay.user_cancelled();
                }
            };
            canceller.register(key, Box::new(tell));
            (canceller, key)
        });
        Self { relay, user }
    }

    /// Makes the caller's part of the call, until it is over.
    fn drive(&self) -> Next {
        let relay = &self.relay;
        let mut todo = relay.advance(&mut relay.lock(), By::Caller);
        loop {
            if let Some(job) = todo.cancel() {
                let result = relay.run(&job);
                todo = relay.ended(&job, result, By::Caller);
                continue;
            }
            let until = {
                let mut state = relay.lock();
                match state.next {
                    Next::Until(until) => until,
                    _ => return std::mem::replace(&mut state.next, Next::Until(None)),
                }
            };
            match until {
                Some(until) => thread::park_timeout(until.saturating_since(Instant::now())),
                None => thread::park(),
            }
            todo = relay.go_on(By::Caller);
        }
    }
}

impl<F, T, E, P: AsPolicy, J, H, G: Gate> Drop for Calling<'_, F, T, E, P, J, H, G> {
    fn drop(&mut self) {
        if let Some((canceller, key)) = self.user {
            canceller.forget(key);
        }
        self.relay.end();
    }
}

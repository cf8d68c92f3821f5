//! The state of a race that its threads share: whoever has something to tell the machine takes it, tells it, and carries
//! out what it answers.

use std::mem::take;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};

use insist_core::{Action, AsPolicy, CancelReason, Gate, Hook, Instant, Judge};

use super::machine::Machine;
use super::step::{By, Job, Next, Todo};
use crate::attempt::{LiveAttempt, run};
use crate::canceller::Canceller;
use crate::panic::{Payload, discard};
use crate::timer::{self, Alarm, Due};

pub(super) struct Relay<F, T, E, P: AsPolicy, J, H, G: Gate> {
    operation: F,
    user: Option<Canceller>,
    caller: Thread,
    /// The subscriber and the span of the caller, for what the hook does on other threads.
    #[cfg(feature = "tracing")]
    context: insist_tracing::Context,
    /// True while the caller's thread makes an attempt, so that an alarm has to wake the call.
    is_caller_busy: AtomicBool,
    state: Mutex<State<T, E, P, J, H, G>>,
}

pub(super) struct State<T, E, P: AsPolicy, J, H, G: Gate> {
    /// `None` once the call is over and the caller has taken it.
    pub(super) machine: Option<Machine<T, E, P, J, H, G>>,
    pub(super) next: Next,
    in_flight: Vec<(u32, Canceller)>,
    /// The attempts that the machine has cancelled, and that have yet to be told so: without the lock.
    cancels: Vec<(Canceller, CancelReason)>,
    alarm: Option<Alarm>,
}

impl<F, T, E, P: AsPolicy, J, H, G: Gate> Relay<F, T, E, P, J, H, G> {
    /// Makes the state of a race that this thread calls.
    pub(super) fn new(operation: F, user: Option<Canceller>, machine: Machine<T, E, P, J, H, G>) -> Self {
        let (in_flight, next) = (Vec::new(), Next::Until(None));
        Self {
            operation,
            user,
            caller: thread::current(),
            #[cfg(feature = "tracing")]
            context: insist_tracing::Context::current(),
            is_caller_busy: AtomicBool::new(true),
            state: Mutex::new(State { machine: Some(machine), next, in_flight, cancels: Vec::new(), alarm: None }),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State<T, E, P, J, H, G>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns whether the user has cancelled the call.
    fn is_cancelled(&self) -> bool {
        self.user.as_ref().is_some_and(Canceller::is_cancelled)
    }

    /// Ends the call for its threads: cancels the attempts in flight, and returns the machine.
    pub(super) fn end(&self) -> Option<Machine<T, E, P, J, H, G>> {
        let (machine, alarm) = {
            let mut state = self.lock();
            (state.machine.take(), state.alarm.take())
        };
        if let Some(alarm) = alarm {
            timer::unset(alarm);
        }
        self.cancel_all();
        machine
    }

    /// Cancels what is in flight.
    fn cancel_all(&self) {
        let (in_flight, mut cancels) = {
            let mut state = self.lock();
            (take(&mut state.in_flight), take(&mut state.cancels))
        };
        cancels.extend(in_flight.into_iter().map(|(_, canceller)| (canceller, CancelReason::Cancelled)));
        Todo { cancels, job: None }.cancel();
    }
}

impl<F, T, E, P, J, H, G> Relay<F, T, E, P, J, H, G>
where
    F: Fn(&LiveAttempt<'_>) -> Result<T, E> + Send + Sync + 'static,
    T: Send + 'static,
    E: Send + 'static,
    P: AsPolicy + Send + 'static,
    J: Judge<T, E> + Send + 'static,
    H: Hook<T, E> + Send + 'static,
    G: Gate + Send + 'static,
{
    /// Makes an attempt on this thread.
    pub(super) fn run(&self, job: &Job) -> Result<T, E> {
        let work = || run(job.attempt, Some(&job.canceller), &self.operation);
        #[cfg(feature = "tracing")]
        let work = || job.context.in_scope(work);
        work()
    }

    /// Hands in the end of an attempt, unless it was cancelled, and carries out what is due.
    pub(super) fn ended(self: &Arc<Self>, job: &Job, result: Result<T, E>, by: By) -> Todo {
        let mut state = self.lock();
        let index = state.in_flight.iter().position(|(id, _)| *id == job.attempt.id);
        let (Some(index), Some(machine)) = (index, &mut state.machine) else {
            drop(state);
            discard(result);
            return if by == By::Caller { self.go_on(by) } else { Todo::NOTHING };
        };
        machine.ended(job.attempt.id, Some(result));
        state.in_flight.swap_remove(index);
        self.advance(&mut state, by)
    }

    /// Carries out what is due, if anything is.
    pub(super) fn go_on(self: &Arc<Self>, by: By) -> Todo {
        let mut state = self.lock();
        let now = Instant::now();
        let is_due = match state.next {
            Next::Until(until) => until.is_some_and(|until| until <= now) || self.is_cancelled(),
            Next::Ended(_) | Next::Panicked(_) => false,
        };
        if is_due {
            return self.advance(&mut state, by);
        }
        if by == By::Caller {
            self.is_caller_busy.store(false, Ordering::SeqCst);
            self.tell_caller(&mut state, by);
        }
        Todo::NOTHING
    }

    /// Asks the machine what to do until it waits. The first attempt to send is for this thread, unless it is the timer's;
    /// the others get threads of their own.
    pub(super) fn advance(self: &Arc<Self>, state: &mut State<T, E, P, J, H, G>, by: By) -> Todo {
        let mut job = None;
        if by == By::Caller {
            // A cancel from here on is seen below, or sets an alarm.
            self.is_caller_busy.store(true, Ordering::SeqCst);
        }
        let State { machine: Some(machine), next: next @ Next::Until(_), in_flight, cancels, .. } = state else {
            return Todo::NOTHING;
        };
        machine.now = Instant::now().max(machine.now);
        *next = loop {
            if self.is_cancelled() {
                machine.call.cancel(machine.now);
            }
            match machine.poll() {
                Action::Send(attempt) => {
                    let sent = machine.sending(attempt.id, || Job::new(attempt));
                    in_flight.push((attempt.id, sent.canceller.clone()));
                    if by != By::Timer && job.is_none() {
                        job = Some(sent);
                    } else if !self.start(sent) {
                        in_flight.pop();
                        machine.ended(attempt.id, None);
                    }
                    machine.now = Instant::now();
                }
                Action::Wait { until, .. } => break Next::Until(until),
                Action::Cancel { attempt, reason } => {
                    if let Some(index) = in_flight.iter().position(|(id, _)| *id == attempt) {
                        cancels.push((in_flight.swap_remove(index).1, reason));
                    }
                }
                end @ (Action::Return(_) | Action::GiveUp(_)) => break Next::Ended(end),
            }
        };
        if by == By::Caller {
            self.is_caller_busy.store(job.is_some(), Ordering::SeqCst);
        }
        self.tell_caller(state, by);
        Todo { cancels: take(&mut state.cancels), job }
    }

    /// Makes sure that the call goes on at the next instant: by the caller if it waits, or else by an alarm.
    fn tell_caller(self: &Arc<Self>, state: &mut State<T, E, P, J, H, G>, by: By) {
        let is_busy = self.is_caller_busy.load(Ordering::SeqCst);
        let until = match state.next {
            Next::Until(until) if is_busy => until,
            _ => None,
        };
        if state.alarm.map(Alarm::at) != until {
            if let Some(alarm) = state.alarm.take() {
                timer::unset(alarm);
            }
            state.alarm = until.and_then(|until| timer::set(until, Arc::clone(self) as Arc<dyn Due>));
        }
        if by != By::Caller && !is_busy {
            self.caller.unpark();
        }
    }

    /// Starts a thread that makes an attempt, and returns whether there was one to be had.
    fn start(self: &Arc<Self>, job: Job) -> bool {
        let name = format!("insist-{}", job.attempt.id);
        let relay = Arc::clone(self);
        thread::Builder::new().name(name).spawn(move || relay.work(job)).is_ok()
    }

    /// Makes an attempt, and those that are due for this thread after it.
    fn work(self: Arc<Self>, first: Job) {
        let mut job = Some(first);
        while let Some(current) = job {
            job = match catch_unwind(AssertUnwindSafe(|| self.run(&current))) {
                Ok(result) => self.step(|relay| relay.ended(&current, result, By::Helper)),
                Err(payload) => {
                    if self.lock().in_flight.iter().any(|(id, _)| *id == current.attempt.id) {
                        self.panicked(payload);
                    } else {
                        discard(payload);
                    }
                    None
                }
            };
        }
        // The last owner drops what the operation owns.
        discard(self);
    }

    /// Does a step of the call on a thread that is not the caller's, and returns the attempt that it is to make next.
    fn step(self: &Arc<Self>, step: impl FnOnce(&Arc<Self>) -> Todo) -> Option<Job> {
        let step = || step(self);
        #[cfg(feature = "tracing")]
        let step = || self.context.in_scope(step);
        match catch_unwind(AssertUnwindSafe(step)) {
            Ok(todo) => todo.cancel(),
            Err(payload) => {
                self.panicked(payload);
                None
            }
        }
    }

    /// Ends the call with a panic, which continues on the caller's thread.
    fn panicked(&self, payload: Payload) {
        let mut state = self.lock();
        if let Next::Until(_) = state.next {
            state.next = Next::Panicked(payload);
            drop(state);
            // The caller's attempt too, if it makes one.
            self.cancel_all();
            self.caller.unpark();
        } else {
            drop(state);
            discard(payload);
        }
    }

    /// Lets the call go on when the user cancels it.
    pub(super) fn user_cancelled(self: &Arc<Self>) {
        self.caller.unpark();
        if self.is_caller_busy.load(Ordering::SeqCst) {
            timer::set(Instant::ZERO, Arc::clone(self) as Arc<dyn Due>);
        }
    }

    /// Does what is due at an alarm.
    fn alarmed(self: &Arc<Self>, by: By) -> Option<Job> {
        self.step(|relay| {
            let now = Instant::now();
            {
                let mut state = relay.lock();
                state.alarm = state.alarm.filter(|alarm| alarm.at() > now);
            }
            relay.go_on(by)
        })
    }
}

impl<F, T, E, P, J, H, G> Due for Relay<F, T, E, P, J, H, G>
where
    F: Fn(&LiveAttempt<'_>) -> Result<T, E> + Send + Sync + 'static,
    T: Send + 'static,
    E: Send + 'static,
    P: AsPolicy + Send + 'static,
    J: Judge<T, E> + Send + 'static,
    H: Hook<T, E> + Send + 'static,
    G: Gate + Send + 'static,
{
    fn due(self: Arc<Self>) {
        if let Some(job) = self.alarmed(By::Helper) {
            self.work(job);
        }
    }

    fn due_without_thread(self: Arc<Self>) {
        self.alarmed(By::Timer);
    }
}

//! Workers: threads that send what is due, or a turn by hand.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use insist_core::{Gate, Policy};

use crate::attempt::Attempt;
use crate::by_hand::ByHand;
use crate::calls::Calls;
use crate::clerk::{Message, Post, Progress};
use crate::crew::{Claimed, Crew, SharedGate};
use crate::error::StoreError;
use crate::jobs::Jobs;
use crate::outcome::Outcome;

/// Sets what a lease has beyond the attempt's timeout, by default: 30 seconds.
const MARGIN: Duration = Duration::from_secs(30);

/// Workers, before they start: the policies they have, how many threads, and what they are careful about.
///
/// A worker sends only calls whose policy it has. Calls with other policies wait for a worker that has theirs, so that
/// releases with different policies can work side by side.
#[must_use = "workers do nothing until they start"]
pub struct Workers {
    calls: Calls,
    policies: HashMap<String, Arc<Policy>>,
    threads: usize,
    per_target: Option<usize>,
    margin: Duration,
    gate: Option<SharedGate>,
}

impl Workers {
    pub(crate) fn new(calls: Calls) -> Self {
        Self { calls, policies: HashMap::new(), threads: 4, per_target: None, margin: MARGIN, gate: None }
    }

    /// Adds a policy under a name: that which calls were enqueued with.
    ///
    /// It needs an attempt timeout, which bounds the lease, and has one lane. Calls that have begun go on with the policy
    /// that there is now; only their deadline is the one that they began with.
    pub fn policy(mut self, name: impl Into<String>, policy: Policy) -> Self {
        self.policies.insert(name.into(), Arc::new(policy));
        self
    }

    /// Sets how many threads send; 0 counts as 1. Default: 4.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads.max(1);
        self
    }

    /// Sets how many attempts of this process may be in flight to one target; 0 counts as 1. Default: half the threads, so
    /// that one dead target holds up nobody. Calls without a target are not limited.
    pub fn per_target(mut self, attempts: usize) -> Self {
        self.per_target = Some(attempts.max(1));
        self
    }

    /// Sets how long the lease of an attempt goes on after its timeout. Default: 30 seconds.
    ///
    /// After the lease another worker takes the call over, and the attempt counts as lost. An attempt that has waited for a
    /// thread, or a process that has slept, for half of the margin is not begun, but given back.
    pub const fn lease_margin(mut self, margin: Duration) -> Self {
        self.margin = margin;
        self
    }

    /// Sets a gate that the calls of these workers share: a budget, a breaker, a bulkhead, a tuple of them. Default: none.
    ///
    /// It counts [since the epoch](insist_core::Instant::since_epoch). A call has time: what the gate refuses is put off by a second, and
    /// does not end the call.
    pub fn gate(mut self, gate: impl Gate + Send + Sync + 'static) -> Self {
        self.gate = Some(Arc::new(gate));
        self
    }

    /// Starts the threads. Each attempt is given to the handler, on one of them.
    ///
    /// A handler that panics has failed, and the call is retried if it may be.
    ///
    /// # Errors
    ///
    /// There is no policy, one of them is invalid, or has no attempt timeout or more than one lane; or the store or the
    /// threads cannot be had.
    pub fn start<R: Into<Outcome>>(
        self,
        handler: impl Fn(&Attempt<'_>) -> R + Send + Sync + 'static,
    ) -> Result<Working, StoreError> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let crew = self.crew()?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let (jobs, progress) = (Arc::new(Jobs::new()), Arc::new(Progress::default()));
        let handler: Arc<Handler> = Arc::new(move |attempt: &Attempt<'_>| handler(attempt).into());
        let mut working = Working {
            calls: self.calls,
            number,
            jobs: Arc::clone(&jobs),
            progress: Arc::clone(&progress),
            threads: Vec::new(),
        };
        for thread in 0..self.threads {
            let at =
                Bench { calls: working.calls.clone(), number, jobs: Arc::clone(&jobs), handler: Arc::clone(&handler) };
            let thread = std::thread::Builder::new()
                .name(format!("insist-work-{thread}"))
                .spawn(|| at.run())
                .map_err(|error| StoreError::Failed(Arc::new(error)));
            match thread {
                Ok(thread) => working.threads.push(thread),
                Err(error) => {
                    jobs.close();
                    progress.is_over();
                    return Err(error);
                }
            }
        }
        let post = Post {
            number,
            crew,
            jobs,
            progress,
            threads: self.threads,
            is_stopping: false,
            seen: None,
            attempt_takes: Duration::from_secs(1),
        };
        if let Err(error) = working.calls.tell(Message::Attach(Box::new(post))) {
            working.jobs.close();
            working.progress.is_over();
            return Err(error);
        }
        Ok(working)
    }

    /// Makes a worker without threads, for a loop of one's own and for tests in virtual time: each
    /// [`turn`](ByHand::turn) sends what is due then.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn by_hand(self) -> Result<ByHand, StoreError> {
        let crew = self.crew()?;
        let mut connection = self.calls.connect()?;
        let clock = self.calls.clock();
        connection.transact(&mut |to| crew.sign_in(to, clock()))?;
        Ok(ByHand { crew, connection, clock })
    }

    fn crew(&self) -> Result<Crew, StoreError> {
        if self.policies.is_empty() {
            return Err(StoreError::Workers("workers need a policy: give each that calls name"));
        }
        for (name, policy) in &self.policies {
            policy.validate().map_err(|error| StoreError::Policy { name: name.clone(), error: Some(error) })?;
            if policy.get_attempt_timeout().is_none() || policy.get_lanes() > 1 {
                return Err(StoreError::Policy { name: name.clone(), error: None });
            }
        }
        let per_target = self.per_target.unwrap_or((self.threads / 2).max(1));
        Ok(Crew::new(self.policies.clone(), self.gate.clone(), per_target, self.margin))
    }
}

impl fmt::Debug for Workers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workers")
            .field("policies", &self.policies)
            .field("threads", &self.threads)
            .field("per_target", &self.per_target)
            .field("lease_margin", &self.margin)
            .field("has_gate", &self.gate.is_some())
            .finish_non_exhaustive()
    }
}

type Handler = dyn Fn(&Attempt<'_>) -> Outcome + Send + Sync;

/// A thread's place.
struct Bench {
    calls: Calls,
    number: u64,
    jobs: Arc<Jobs<Claimed>>,
    handler: Arc<Handler>,
}

impl Bench {
    fn run(self) {
        let clock = self.calls.clock();
        while let Some(claimed) = self.jobs.next() {
            let finished = claimed.send(&*clock, |attempt| (self.handler)(attempt));
            if self.calls.tell(Message::Finished(self.number, Box::new(finished))).is_err() {
                return;
            }
        }
    }
}

/// Workers that have started. Dropping them stops them, and waits for attempts in flight.
#[must_use = "workers stop when this is dropped"]
pub struct Working {
    calls: Calls,
    number: u64,
    jobs: Arc<Jobs<Claimed>>,
    progress: Arc<Progress>,
    threads: Vec<JoinHandle<()>>,
}

impl Working {
    /// Stops: claims nothing more, waits until the attempts in flight have ended and are written down, and gives back what was
    /// not begun. Attempts have their timeouts, so it ends.
    ///
    /// # Errors
    ///
    /// The store failed, so that the last attempts are not written down: they will count as lost.
    pub fn stop(mut self) -> Result<(), StoreError> {
        self.end();
        self.progress.error().map_or(Ok(()), Err)
    }

    /// Returns the error of the store, if it fails at present. Workers go on trying.
    #[must_use]
    pub fn error(&self) -> Option<StoreError> {
        self.progress.error()
    }

    fn end(&mut self) {
        if self.threads.is_empty() {
            return;
        }
        if self.calls.tell(Message::Detach(self.number)).is_ok() {
            self.progress.wait();
        }
        self.jobs.close();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.end();
    }
}

impl fmt::Debug for Working {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Working")
            .field("threads", &self.threads.len())
            .field("error", &self.error())
            .finish_non_exhaustive()
    }
}

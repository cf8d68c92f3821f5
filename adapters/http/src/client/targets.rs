//! Picks the address of each attempt: the request's own, the next of a list, or a healthy one of a replica set. One that
//! answered with a Retry-After is passed over until then, so a call waits only when all have.
//!
//! Health is recorded where the call is driven, in the order in which attempts are sent and end, so that the same seed and
//! events lead to the same replicas, whatever the threads of a race do.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::Uri;
use insist_core::{Action, Attempt, AttemptEnd, CancelReason, Decision, Event, Instant, Replicas, Rotation, Verdict};

use super::{Addresses, AddressesError, Client, Detail, Report, Route, Settings};

/// The number of attempts whose replicas are kept for the report: as many as a log has.
const TOLD: usize = 64;

/// The targets of a call's attempts, and a record of them.
#[derive(Debug)]
pub struct Targets {
    /// The address of the request, if a report is to tell it.
    own: Option<Uri>,
    route: Route,
    set: Option<Set>,
}

/// The addresses of a call as replicas, and what the call records of them.
#[derive(Debug)]
struct Set {
    order: Order,
    notes: Mutex<Notes>,
}

/// The order in which a call goes over its addresses.
#[derive(Debug)]
enum Order {
    /// A list in turn, of which only this call knows.
    InTurn { health: Replicas, next: AtomicUsize },
    /// By the health that calls share.
    Shared(Rotation<Arc<Replicas>>),
}

impl Order {
    fn health(&self) -> &Replicas {
        match self {
            Self::InTurn { health, .. } => health,
            Self::Shared(rotation) => rotation.replicas(),
        }
    }

    fn pick(&self, at: Instant) -> usize {
        match self {
            Self::Shared(rotation) => rotation.pick(at),
            Self::InTurn { health, next } => {
                let start = next.load(Ordering::Relaxed);
                let mut round = (0..health.len()).map(|step| (start + step) % health.len());
                let picked = round.find(|index| !health.is_held(at, *index)).unwrap_or(start % health.len());
                next.store(picked + 1, Ordering::Relaxed);
                picked
            }
        }
    }
}

#[derive(Debug, Default)]
struct Notes {
    /// Attempts in flight, and their replica.
    in_flight: Vec<(u32, usize)>,
    /// The replicas of the first attempts.
    told: Vec<usize>,
}

impl Targets {
    /// Makes the targets of a call to this address. The seed counts only with a replica set.
    ///
    /// # Errors
    ///
    /// Names the first address of the settings that is none.
    pub fn new<C: Client>(settings: &Settings<C>, own: &Uri, seed: u64) -> Result<Self, AddressesError> {
        let (mut route, mut set) = (Route::OWN, None);
        match settings.get_addresses()? {
            None => {}
            Some(Addresses::Listed(uris)) if uris.is_empty() => {}
            Some(Addresses::Listed(uris)) => {
                route = Route::over(Arc::clone(uris));
                let (health, next) = (Replicas::new(uris.len()).rest(Duration::ZERO), AtomicUsize::new(0));
                set = Some(Set { order: Order::InTurn { health, next }, notes: Mutex::default() });
            }
            Some(Addresses::Set(replicas)) => {
                route = Route::over(replicas.targets(own)?);
                let order = Order::Shared(Rotation::new(replicas.health(), seed));
                set = Some(Set { order, notes: Mutex::default() });
            }
        }
        let own = settings.wants_report().then(|| own.clone());
        Ok(Self { own, route, set })
    }

    /// Returns the route, which tells each attempt where to go.
    #[must_use]
    pub const fn route(&self) -> &Route {
        &self.route
    }

    /// Returns whether [`see`](Self::see) must be called with every event.
    #[must_use]
    pub const fn looks(&self) -> bool {
        self.set.is_some()
    }

    /// Returns the verdict of an attempt that has ended: without its Retry-After, if there is another address to go to.
    #[must_use]
    pub fn judged(&self, attempt: u32, verdict: Verdict) -> Verdict {
        let Some(set) = &self.set else { return verdict };
        let now = Instant::now();
        set.ended(attempt, now, verdict.into());
        set.order.health().elsewhere(now, verdict)
    }

    /// Picks a replica for each attempt that is about to be sent, and records how those end that are not judged.
    pub fn see<T, E>(&self, event: &Event<'_, T, E>) {
        let Some(set) = &self.set else { return };
        match event.decision {
            Decision::Action(Action::Send(attempt)) => self.route.pick(attempt.id, set.sent(&attempt, event.at)),
            Decision::Action(Action::Cancel { attempt, reason }) => set.cancelled(attempt, event.at, reason),
            Decision::Withdrawn(withdrawn) => set.ended(withdrawn.attempt, event.at, AttemptEnd::Withdrawn),
            _ => {}
        }
    }

    /// Makes the report's detail of an attempt: its address, and neither a status nor an error yet. The address is empty if
    /// the settings want no report.
    #[must_use]
    pub fn detail<T>(&self, attempt: u32) -> Detail<T> {
        let uri = match &self.set {
            Some(set) => set.told(attempt).and_then(|index| self.route.address(index)),
            None => self.own.as_ref(),
        };
        Detail::new(uri.map(Uri::to_string).unwrap_or_default())
    }

    /// Adds the targets of attempts without an outcome to a report.
    pub fn complete<C: Client>(&self, report: &mut Report<C>) {
        let bare = |report: &Report<C>| {
            report.log.entries().iter().find(|entry| entry.detail.is_none()).map(|entry| entry.attempt)
        };
        while let Some(attempt) = bare(report) {
            report.log.detail(attempt, self.detail(attempt));
        }
    }
}

impl Set {
    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn told(&self, attempt: u32) -> Option<usize> {
        self.notes().told.get(attempt as usize - 1).copied()
    }

    fn sent(&self, attempt: &Attempt, at: Instant) -> usize {
        let replica = self.order.pick(at);
        let mut notes = self.notes();
        notes.in_flight.push((attempt.id, replica));
        if notes.told.len() < TOLD {
            notes.told.push(replica);
        }
        replica
    }

    fn cancelled(&self, attempt: u32, at: Instant, reason: CancelReason) {
        let end = match reason {
            // It had all the time that the call had left and did not answer, so the replica counts as failed, as on the
            // caller's thread.
            CancelReason::Deadline => AttemptEnd::Timeout,
            reason => reason.into(),
        };
        self.ended(attempt, at, end);
    }

    fn ended(&self, attempt: u32, at: Instant, end: AttemptEnd) {
        let mut notes = self.notes();
        if let Some(index) = notes.in_flight.iter().position(|(id, _)| *id == attempt) {
            let (_, replica) = notes.in_flight.swap_remove(index);
            self.order.health().ended(at, replica, end);
        }
    }
}

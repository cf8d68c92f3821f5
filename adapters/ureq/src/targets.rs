//! Where the attempts of a call go: to its request's address, to listed ones in turn, or to those of a set that are well.
//!
//! What a set knows is noted on the thread of the call, in the order in which attempts are sent and end, so that the
//! same seed and events lead to the same replicas, whatever the threads of a race do.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError};

use insist_core::{Action, Attempt, AttemptEnd, CancelReason, Decision, Event, Instant, Replicas, Rotation};
use ureq::Error;
use ureq::http::Uri;

use crate::replica_set::ReplicaSet;
use crate::report::{Detail, Report};
use crate::sender::{Outcome, ended};
use crate::settings::Settings;

/// As many attempts as a log keeps: the targets of later ones are not told.
const TOLD: usize = 64;

/// The addresses that settings name in place of the request's.
#[derive(Clone, Debug)]
pub(crate) enum Addresses {
    /// In turn.
    Listed(Arc<[Uri]>),
    /// As their health says.
    Set(ReplicaSet),
}

/// Tells each attempt where it goes, on any thread.
#[derive(Clone)]
pub(crate) enum Way {
    Own,
    InTurn(Arc<[Uri]>),
    /// By index, what was picked for attempts that have not asked yet.
    Picked(Arc<[Uri]>, Arc<Mutex<Vec<(u32, usize)>>>),
}

impl Way {
    /// Where an attempt goes, if not to the address of the request. Each attempt asks once.
    pub(crate) fn target(&self, attempt: u32) -> Option<Uri> {
        match self {
            Self::Own => None,
            Self::InTurn(uris) => Some(uris[in_turn(attempt, uris.len())].clone()),
            Self::Picked(uris, picked) => {
                let mut picked = picked.lock().unwrap_or_else(PoisonError::into_inner);
                let index = picked.iter().position(|(id, _)| *id == attempt)?;
                Some(uris[picked.swap_remove(index).1].clone())
            }
        }
    }
}

const fn in_turn(attempt: u32, count: usize) -> usize {
    (attempt as usize - 1) % count
}

/// Where the attempts of one call go, and what is noted of it.
pub(crate) struct Targets<'a> {
    /// The address of the request, if a report is to tell it.
    own: Option<Uri>,
    way: Way,
    set: Option<Set<'a>>,
}

/// What a call notes of a set.
struct Set<'a> {
    health: &'a Replicas,
    rotation: Rotation<'a>,
    notes: RefCell<Notes>,
}

#[derive(Default)]
struct Notes {
    /// Attempts in flight, and their replica.
    in_flight: Vec<(u32, usize)>,
    /// The replicas of the first attempts.
    told: Vec<usize>,
}

impl<'a> Targets<'a> {
    /// Those of a call with this seed, which counts where there is a set.
    pub(crate) fn new(settings: &'a Settings, own: &Uri, seed: u64) -> Result<Self, Error> {
        let (mut way, mut set) = (Way::Own, None);
        match settings.get_addresses()? {
            None => {}
            Some(Addresses::Listed(uris)) if uris.is_empty() => {}
            Some(Addresses::Listed(uris)) => way = Way::InTurn(Arc::clone(uris)),
            Some(Addresses::Set(replicas)) => {
                way = Way::Picked(replicas.targets(own)?, Arc::default());
                let health = replicas.health();
                let (rotation, notes) = (health.rotation(seed), RefCell::default());
                set = Some(Set { health, rotation, notes });
            }
        }
        let own = settings.wants_report().then(|| own.clone());
        Ok(Self { own, way, set })
    }

    pub(crate) const fn way(&self) -> &Way {
        &self.way
    }

    /// Whether it is to [see](Self::see) what is decided.
    pub(crate) const fn looks(&self) -> bool {
        self.set.is_some()
    }

    /// Picks for attempts that are about to be sent, and notes how they end.
    pub(crate) fn see<T, E>(&self, event: &Event<'_, T, E>) {
        let (Some(set), Way::Picked(_, picked)) = (&self.set, &self.way) else { return };
        match event.decision {
            Decision::Action(Action::Send(attempt)) => {
                let replica = set.sent(&attempt, event.at);
                picked.lock().unwrap_or_else(PoisonError::into_inner).push((attempt.id, replica));
            }
            Decision::Action(Action::Cancel { attempt, reason }) => set.cancelled(attempt, event.at, reason),
            Decision::Judged(judged) if judged.handled.counts() => {
                set.ended(judged.attempt, event.at, judged.verdict.into());
            }
            Decision::Withdrawn(withdrawn) => set.ended(withdrawn.attempt, event.at, AttemptEnd::Withdrawn),
            _ => {}
        }
    }

    /// What is told of an attempt that ended like this.
    pub(crate) fn detail(&self, outcome: &Outcome) -> Detail {
        let Some(ended) = ended(outcome) else { return Detail::default() };
        let detail = Detail { target: self.told(ended.attempt), ..Detail::default() };
        match &ended.result {
            Ok(answer) => Detail { status: Some(answer.status().as_u16()), ..detail },
            Err(error) => {
                let timeout = if let Error::Timeout(timeout) = error { Some(*timeout) } else { None };
                Detail { error: Some(error.to_string()), timeout, ..detail }
            }
        }
    }

    /// Tells the targets of attempts that had no outcome too.
    pub(crate) fn complete(&self, report: &mut Report) {
        let bare = |report: &Report| {
            report.log.entries().iter().find(|entry| entry.detail.is_none()).map(|entry| entry.attempt)
        };
        while let Some(attempt) = bare(report) {
            report.log.detail(attempt, Detail { target: self.told(attempt), ..Detail::default() });
        }
    }

    fn told(&self, attempt: u32) -> String {
        let uri = match (&self.way, &self.set) {
            (Way::InTurn(uris), _) => Some(&uris[in_turn(attempt, uris.len())]),
            (Way::Picked(uris, _), Some(set)) => set.notes.borrow().told.get(attempt as usize - 1).map(|to| &uris[*to]),
            _ => self.own.as_ref(),
        };
        uri.map(Uri::to_string).unwrap_or_default()
    }
}

impl Set<'_> {
    fn sent(&self, attempt: &Attempt, at: Instant) -> usize {
        let replica = self.rotation.pick(at);
        let mut notes = self.notes.borrow_mut();
        notes.in_flight.push((attempt.id, replica));
        if notes.told.len() < TOLD {
            notes.told.push(replica);
        }
        replica
    }

    fn cancelled(&self, attempt: u32, at: Instant, reason: CancelReason) {
        let end = match reason {
            // It had all the time that the call had left, and did not answer: on the caller's thread that is a failure.
            CancelReason::Deadline => AttemptEnd::Timeout,
            reason => reason.into(),
        };
        self.ended(attempt, at, end);
    }

    fn ended(&self, attempt: u32, at: Instant, end: AttemptEnd) {
        let mut notes = self.notes.borrow_mut();
        if let Some(index) = notes.in_flight.iter().position(|(id, _)| *id == attempt) {
            let (_, replica) = notes.in_flight.swap_remove(index);
            self.health.ended(at, replica, end);
        }
    }
}

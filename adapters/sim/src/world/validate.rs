//! What makes no sense about a world.

use std::fmt;
use std::time::Duration;

use insist_core::PolicyError;

use super::World;
use super::candidate::LANES;
use crate::clients::{Arrivals, Load};
use crate::incidents::Kind;
use crate::times::Times;

/// Says what makes no sense about a world, or about a policy that is tried in it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum WorldError {
    /// This number is out of range: its field, the number, and what would be valid.
    Number(&'static str, f64, &'static str),
    /// An incident or a surge is over before it begins.
    Span(&'static str, Duration, Duration),
    /// An incident is about a replica that does not exist.
    Replica(u32),
    /// A distribution makes no sense: its field, and what is wrong.
    Times(&'static str, &'static str),
    /// The policy has more lanes than a simulated call has room for.
    Lanes(u8),
    /// The policy makes no sense.
    Policy(PolicyError),
}

impl fmt::Display for WorldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(field, number, valid) => write!(f, "{field} is {number}; {valid}"),
            Self::Span(word, from, until) => {
                write!(f, "{word} is from {from:?} until {until:?}; until has to be later than from")
            }
            Self::Replica(replica) => {
                write!(f, "an incident is about replica {replica}; replicas are numbered from 0 below servers.replicas")
            }
            Self::Times(field, problem) => write!(f, "{field}: {problem}"),
            Self::Lanes(lanes) => write!(f, "the policy has {lanes} lanes; at most {LANES} can be simulated"),
            Self::Policy(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for WorldError {}

const POSITIVE: &str = "a number above 0 and up to 1000000000 is needed";
const SHARE: &str = "a number from 0 to 1 is needed";
const COUNT: &str = "at least 1 is needed";
const MOST: f64 = 1e9;

impl World {
    /// Checks that the world makes sense.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong.
    pub fn validate(&self) -> Result<(), WorldError> {
        let positive = |field, number: f64| {
            if number > 0.0 && number <= MOST { Ok(()) } else { Err(WorldError::Number(field, number, POSITIVE)) }
        };
        let count = |field, number: u32, most: u32| {
            if (1..=most).contains(&number) {
                Ok(())
            } else if number == 0 {
                Err(WorldError::Number(field, 0.0, COUNT))
            } else {
                Err(WorldError::Number(field, f64::from(number), "at most 1000000 is possible"))
            }
        };
        match &self.clients.load {
            Load::Open(Arrivals::Even { per_second } | Arrivals::Poisson { per_second }) => {
                positive("per_second", *per_second)?;
            }
            Load::Open(Arrivals::Bursts { size, every }) => {
                count("size", *size, 1_000_000)?;
                positive("every", every.as_secs_f64())?;
            }
            Load::Open(Arrivals::Given(_)) => {}
            Load::Closed { think, calls } => {
                times("think", think)?;
                if think.mean().is_zero() && self.servers.mean().is_zero() && calls.is_none() {
                    return Err(WorldError::Number("think", 0.0, "a loop without think and service times never ends"));
                }
            }
        }
        times("service", &self.servers.service)?;
        count("count", self.clients.count, 1_000_000)?;
        count("replicas", self.servers.replicas, 1_000_000)?;
        count("workers", self.servers.workers, 1_000_000)?;
        self.servers.skew.iter().try_for_each(|factor| positive("skew", *factor))?;
        for surge in &self.clients.surges {
            positive("factor", surge.factor)?;
        }
        if !(0.0..=MOST).contains(&self.servers.contention) {
            return Err(WorldError::Number("contention", self.servers.contention, "a number from 0 is needed"));
        }
        status("full_status", self.servers.full_status)?;
        self.incidents()?;
        let spans = self.troubles().into_iter().find(|(_, from, until)| from >= until);
        spans.map_or(Ok(()), |(word, from, until)| Err(WorldError::Span(word, from, until)))?;
        positive("lasting", self.lasting.as_secs_f64())?;
        let seconds = self.warm_up.saturating_add(self.lasting).as_secs_f64();
        let most = self.clients.surges.iter().map(|surge| surge.factor).fold(1.0, f64::max);
        let calls = self.clients.per_second().unwrap_or(0.0) * most * seconds;
        if calls > MOST {
            let valid = "a run has room for 1000000000 calls; take a shorter one, or fewer a second";
            return Err(WorldError::Number("calls", calls, valid));
        }
        Ok(())
    }

    fn incidents(&self) -> Result<(), WorldError> {
        for incident in &self.incidents {
            let share = |field, number: f64| {
                if (0.0..=1.0).contains(&number) { Ok(()) } else { Err(WorldError::Number(field, number, SHARE)) }
            };
            share("share", incident.share)?;
            match incident.kind {
                Kind::Slow(factor) if !(factor > 0.0 && factor <= MOST) => {
                    return Err(WorldError::Number("factor", factor, POSITIVE));
                }
                Kind::Loss(part) => share("part", part)?,
                Kind::Fail { status: number, .. } => status("status", number)?,
                _ => {}
            }
            if let Some(replica) = incident.replica.filter(|replica| *replica >= self.servers.replicas) {
                return Err(WorldError::Replica(replica));
            }
        }
        Ok(())
    }
}

fn status(field: &'static str, number: u16) -> Result<(), WorldError> {
    let valid = "a status is a number from 100 to 999";
    if (100..=999).contains(&number) { Ok(()) } else { Err(WorldError::Number(field, number.into(), valid)) }
}

fn times(field: &'static str, times: &Times) -> Result<(), WorldError> {
    times.problem().map_or(Ok(()), |problem| Err(WorldError::Times(field, problem)))
}

//! Clients, servers and incidents together, and how long they are watched.

mod candidate;
mod validate;

use std::time::Duration;

use insist_core::Backoff;

use crate::clients::{Arrivals, Clients, Load};
use crate::incidents::Incident;
use crate::report::{Outcome, Summary};
use crate::run;
use crate::servers::{Backend, Balance, Servers};
use crate::theory::mmc_wait;
use crate::times::Times;
pub use candidate::Candidate;
pub use validate::WorldError;

/// Clients, servers and incidents, in which policies are tried in virtual time. Plain data: it can be compared, cloned, and
/// made by a property test.
///
/// ```
/// use std::time::Duration;
/// use insist_core::{Budget, Policy};
/// use insist_sim::{Arrivals, Candidate, Clients, Incident, Servers, Times, World};
///
/// const S: Duration = Duration::from_secs(1);
/// let world = World::new(Clients::open(Arrivals::poisson(280.0)), Servers::new(Times::Exponential(S / 300)))
///     .incident(Incident::hang(30 * S, 40 * S))
///     .lasting(180 * S);
/// let policy = Policy::exponential(S / 10).attempt_timeout(S).deadline(30 * S);
/// let retries = world.run(&Candidate::new("three attempts", policy), 7).unwrap();
/// let bounded = world.run(&Candidate::new("a budget", policy).gate(|| Budget::new(0.02).with_reserve(0)), 7).unwrap();
/// assert!(retries.success() < 0.2 && retries.recovers.is_none());
/// assert!(bounded.sends_per_call() < 1.05 && retries.sends_per_call() > 2.5);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct World {
    pub(crate) clients: Clients,
    pub(crate) servers: Servers,
    pub(crate) incidents: Vec<Incident>,
    pub(crate) lasting: Duration,
    pub(crate) warm_up: Duration,
    pub(crate) patience: Duration,
}

impl World {
    /// Makes a world of a minute in which nothing goes wrong.
    #[must_use]
    pub const fn new(clients: Clients, servers: Servers) -> Self {
        Self {
            clients,
            servers,
            incidents: Vec::new(),
            lasting: Duration::from_secs(60),
            warm_up: Duration::ZERO,
            patience: Duration::from_secs(60),
        }
    }

    /// Adds something that goes wrong.
    #[must_use]
    pub fn incident(mut self, incident: Incident) -> Self {
        self.incidents.push(incident);
        self
    }

    /// Sets how long calls that count begin. Default: a minute.
    #[must_use]
    pub const fn lasting(mut self, span: Duration) -> Self {
        self.lasting = span;
        self
    }

    /// Sets how long calls begin before the first that counts. Default: 0.
    #[must_use]
    pub const fn warm_up(mut self, span: Duration) -> Self {
        self.warm_up = span;
        self
    }

    /// Sets how long after the last call that counts has begun the world goes on, under the same load, until all have
    /// ended; those that have not are failures. Default: a minute.
    #[must_use]
    pub const fn patience(mut self, span: Duration) -> Self {
        self.patience = span;
        self
    }

    /// Returns its clients.
    #[must_use]
    pub const fn clients(&self) -> &Clients {
        &self.clients
    }

    /// Returns its servers.
    #[must_use]
    pub const fn servers(&self) -> &Servers {
        &self.servers
    }

    /// Tries a policy once. The same seed meets every policy with the same arrivals and service times.
    ///
    /// # Errors
    ///
    /// Says what makes no sense about the world or the policy.
    pub fn run<B: Backoff>(&self, candidate: &Candidate<'_, B>, seed: u64) -> Result<Outcome, WorldError> {
        self.validate()?;
        candidate.validate()?;
        Ok(run::run(self, candidate, seed, None))
    }

    /// Tries a policy once, against a server in code in the place of the world's servers and incidents.
    ///
    /// # Errors
    ///
    /// Says what makes no sense about the world or the policy.
    pub fn run_with<B: Backoff>(
        &self,
        candidate: &Candidate<'_, B>,
        seed: u64,
        backend: &mut dyn Backend,
    ) -> Result<Outcome, WorldError> {
        self.validate()?;
        candidate.validate()?;
        Ok(run::run(self, candidate, seed, Some(backend)))
    }

    /// Tries a policy from so many seeds, made of one.
    ///
    /// # Errors
    ///
    /// Says what makes no sense about the world or the policy.
    pub fn runs<B: Backoff>(&self, candidate: &Candidate<'_, B>, seed: u64, seeds: u32) -> Result<Summary, WorldError> {
        let outcomes: Result<Vec<Outcome>, _> =
            (0..seeds.max(1)).map(|number| self.run(candidate, Self::seed(seed, number))).collect();
        Ok(Summary::new(outcomes?))
    }

    /// Returns the seed of a run among several: the first has the seed itself.
    #[must_use]
    pub const fn seed(seed: u64, number: u32) -> u64 {
        if number == 0 {
            return seed;
        }
        crate::draw::Draw::at(seed, crate::draw::Purpose::Run, number as u64, 0).word()
    }

    /// Returns the spans of what goes wrong, incidents and surges, with a word for each.
    #[must_use]
    pub fn troubles(&self) -> Vec<(&'static str, Duration, Duration)> {
        let incidents = self.incidents.iter().map(|incident| (incident.word(), incident.from, incident.until));
        incidents.chain(self.clients.surges.iter().map(|surge| ("surge", surge.from, surge.until))).collect()
    }

    /// Returns how many sends a call there is room for, in the mean, without incidents; `None` for a closed loop or given
    /// arrivals.
    #[must_use]
    pub fn room(&self) -> Option<f64> {
        self.clients.per_second().map(|calls| self.servers.capacity() / calls)
    }

    /// Returns how long a single attempt takes in the mean by queueing theory (M/M/c), in seconds, without retries and
    /// incidents. There is a theory for Poisson arrivals and exponential service at equal replicas that are chosen by
    /// chance, if they keep up and their queue has no limit; else `None`.
    #[must_use]
    pub fn expected_time(&self) -> Option<f64> {
        let (Load::Open(Arrivals::Poisson { per_second }), Times::Exponential(mean)) =
            (&self.clients.load, &self.servers.service)
        else {
            return None;
        };
        let is_plain = self.servers.queue.is_none() && self.servers.skew.is_empty() && self.clients.surges.is_empty();
        let is_split = self.servers.replicas == 1 || self.servers.balance == Balance::Random;
        if !is_plain || !is_split {
            return None;
        }
        let arrivals = per_second / f64::from(self.servers.replicas);
        mmc_wait(arrivals, 1.0 / mean.as_secs_f64(), self.servers.workers).map(|wait| wait + mean.as_secs_f64())
    }

    /// Returns how long calls that count begin.
    #[must_use]
    pub const fn get_lasting(&self) -> Duration {
        self.lasting
    }
}

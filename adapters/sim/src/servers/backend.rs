//! A server in code, for what workers and a queue cannot say.

use std::time::Duration;

use insist_core::{Instant, Verdict};

use crate::draw::Draw;

/// A server in code, in the place of replicas with workers and queues: a store with optimistic locking, a layer that
/// retries itself, a quota. It is asked at each step of an attempt.
///
/// ```
/// use std::time::Duration;
/// use insist_core::{Instant, Policy, Verdict};
/// use insist_sim::{Backend, Candidate, Clients, Draw, Request, Servers, Step, Times, World};
///
/// /// Fails the first attempt of each call.
/// struct Warming;
///
/// impl Backend for Warming {
///     fn step(&mut self, _: Instant, request: &mut Request, _: &mut Draw) -> Step {
///         let verdict = if request.attempt == 1 { Verdict::retry() } else { Verdict::Accept };
///         Step::Answer(Duration::from_millis(5), verdict)
///     }
/// }
///
/// let clients = Clients::closed(10, Times::Constant(Duration::ZERO)).calls_each(3);
/// let world = World::new(clients, Servers::new(Times::Constant(Duration::ZERO)));
/// let outcome = world.run_with(&Candidate::new("zero", Policy::zero()), 7, &mut Warming).unwrap();
/// assert_eq!((outcome.calls, outcome.succeeded, outcome.sends), (30, 30, 60));
/// ```
pub trait Backend {
    /// Says what comes next for an attempt. It is asked first when the attempt is sent, and again after each
    /// [`Step::Again`].
    fn step(&mut self, now: Instant, request: &mut Request, draw: &mut Draw) -> Step;
}

/// An attempt at a [`Backend`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// The number of its call in the world, from 0.
    pub call: u64,
    /// Its number in the call, from 1.
    pub attempt: u32,
    /// Counts how often the backend was asked about it before.
    pub step: u32,
    /// A number that the backend may keep between its steps.
    pub memo: u64,
}

impl Request {
    pub(crate) const fn new(call: u64, attempt: u32) -> Self {
        Self { call, attempt, step: 0, memo: 0 }
    }
}

/// A backend's answer about an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Ask again after this span.
    Again(Duration),
    /// The client hears this after this span.
    Answer(Duration, Verdict),
}

//! Tries a retry policy before it ships: clients, servers and incidents in virtual time, from one seed.
//!
//! A [`World`] is plain data: clients with their arrivals, servers with workers and a queue, and what goes wrong. A
//! [`Candidate`] is a policy and what makes its gates. Running one in the other drives the real machine and the real gates
//! of `insist-core`, a million events a second, and gives an [`Outcome`].
//!
//! ```
//! use std::time::Duration;
//! use insist_core::{Breaker, Policy};
//! use insist_sim::{Arrivals, Candidate, Clients, Incident, Servers, Times, World};
//!
//! const S: Duration = Duration::from_secs(1);
//!
//! // 280 calls a second, a server that can do 300, and ten seconds in which it does nothing.
//! let world = World::new(Clients::open(Arrivals::poisson(280.0)), Servers::new(Times::Exponential(S / 300)))
//!     .incident(Incident::hang(30 * S, 40 * S))
//!     .lasting(180 * S);
//! let policy = Policy::exponential(S / 10).attempt_timeout(S).deadline(30 * S);
//!
//! let plain = world.run(&Candidate::new("3 attempts", policy), 7)?;
//! let guarded = world.run(&Candidate::new("and a breaker", policy).gate(Breaker::default), 7)?;
//! assert_eq!(plain.recovers, None); // its retries keep the server busy for ever
//! assert!(guarded.recovers.is_some_and(|span| span < 30 * S));
//! # Ok::<(), insist_sim::WorldError>(())
//! ```
//!
//! # What to keep in mind
//!
//! - The 99th percentile of *successful* calls falls when all others fail: read [`Outcome::success`] first.
//! - [`Outcome::recovers`] says `None` for "not within the run", which is not "never".
//! - [`Clients::closed`] hides collapse, since a slow server is called less.
//! - Try several worlds: a policy that suits an outage that hangs may not suit one that fails fast.
//!
//! # The same on every platform
//!
//! Time is counted in integers. Draws depend on their place only (seed, purpose, call, attempt), so every policy meets the
//! same arrivals and service times. Distributions are computed by the operations that IEEE 754 defines to the last bit; no
//! logarithm of the platform's library is asked.

#![forbid(unsafe_code)]

mod clients;
mod draw;
mod incidents;
mod report;
mod run;
mod servers;
pub mod theory;
mod times;
mod world;

pub use clients::{Arrivals, Clients, Gates, Surge};
pub use draw::Draw;
pub use incidents::Incident;
pub use report::{Figure, Histogram, Outcome, Slice, Summary};
pub use servers::{Backend, Balance, Discipline, Request, Servers, Step};
pub use times::{Quantiles, QuantilesError, Times};
pub use world::{Candidate, World, WorldError};

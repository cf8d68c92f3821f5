//! The state machine, for loops, gates and backoffs of your own, and for calls that outlive a process.
//!
//! ```
//! use core::time::Duration;
//! use insist::machine::{Action, Call, Instant};
//! use insist::{Policy, Verdict};
//!
//! let policy = Policy::constant(Duration::from_millis(100));
//! let mut now = Instant::ZERO; // a virtual clock
//! let mut call = Call::new(&policy, (), now, 7);
//! let attempts = loop {
//!     match call.poll(now) {
//!         Action::Send(attempt) => {
//!             let verdict = if attempt.id < 3 { Verdict::retry() } else { Verdict::Accept };
//!             call.handle(now, attempt.id, verdict);
//!         }
//!         Action::Wait { until, .. } => now = until.expect("nothing is in flight"),
//!         Action::Cancel { .. } => unreachable!("nothing is in flight"),
//!         Action::Return(id) => break id,
//!         Action::GiveUp(_) => unreachable!("the third attempt succeeds"),
//!     }
//! };
//! assert_eq!(attempts, 3);
//! assert_eq!(now, Instant::from_nanos(200_000_000));
//! ```

#[cfg(feature = "alloc")]
pub use insist_core::Recorder;
#[cfg(feature = "std")]
pub use insist_core::fresh_seed;
pub use insist_core::{
    Action, Admission, AsPolicy, Attempt, AttemptEnd, Backoff, Call, CallEnd, CancelReason, Cause, Delays, Gate,
    GiveUp, Handled, Instant, Kind, OnRetry, Played, Ranges, ResumeError, RetryContext, Rng, SaysNoOutcome, Settled,
    State, StateError, WaitReason, during,
};

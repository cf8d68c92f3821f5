//! Counts and times what insist's calls do, through the `metrics` crate, for whatever exporter a program has.
//!
//! [`Metrics`] is a hook. The drivers' methods `metrics` and `metrics_as` (feature `metrics`) set it; a driver of your
//! own takes it as any other hook. [`RecordState`] records the state of gates as gauges. [`describe`] gives an exporter
//! the texts and units of all of them.
//!
//! # What is recorded
//!
//! | metric | kind | labels | what |
//! |---|---|---|---|
//! | `insist_attempts_total` | counter | `kind`, `end` | attempts that have ended |
//! | `insist_attempt_duration_seconds` | histogram | `end` | from the send of an attempt to its end |
//! | `insist_wait_duration_seconds` | histogram | `reason` | waits before a send |
//! | `insist_refusals_total` | counter | `refusal` | calls that ended because a gate refused |
//! | `insist_calls_total` | counter | `result` | calls that have ended |
//! | `insist_call_duration_seconds` | histogram | `result` | from the start of a call to its end |
//!
//! - `kind` is `first`, `retry` or `hedge`; `end` is `accept`, `retry`, `stop`, `timeout`, `lost`, `deadline`,
//!   `cancelled` or `withdrawn`. So retries are attempts of that kind, and hedges that won are those of kind `hedge` and
//!   end `accept`.
//! - `reason` is `backoff` or `gate`. A wait is as long as it was, not as it was meant to be. In a call of several lanes
//!   it is the wait for the send that comes next, if nothing else is due before that.
//! - `refusal` is what the gate said: `breaker is open`. A refusal that ended one lane of several, or kept a hedge from
//!   being sent, ended no call and is not counted.
//! - `result` is `returned`, or the reason for which the call gave up: `attempts`, `deadline`, `stopped`, `backoff`,
//!   `not_repeatable`, `retry_after`, `refused`, `cancelled` or `invalid`.
//! - `call` is on all of them for a call that was given a name.
//!
//! Every label has a bounded number of values: words of this crate, and names that are written in the program. No
//! address, error text or number of an attempt is among them.
//!
//! A call that is dropped counts as `cancelled`, and so do its attempts in flight. How long they took nobody tells, so
//! they are in no histogram.
//!
//! # What it costs
//!
//! Without a recorder the call runs as if it had no hook: nothing is allocated, and no clock is read for it. With one, a
//! call that succeeds at once looks up four handles, two for its attempt and two for the call; a call that is retried
//! looks up those of its attempts and waits once, for as long as they end in the same way. With the exporter for
//! Prometheus that is about a microsecond a call. The recorder of a call is the one that is current when it starts, so one
//! that is installed late, or for one thread, works.

#![forbid(unsafe_code)]
#![warn(missing_debug_implementations, clippy::exhaustive_enums, clippy::exhaustive_structs)]

mod gates;
mod handles;
mod hook;
mod names;
mod notes;
mod recorder;

pub use gates::RecordState;
pub use hook::Metrics;
pub use names::describe;

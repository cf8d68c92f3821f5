//! A pause of a target that has asked for one: what one call is told holds back all that share the gate.

use core::fmt;
use core::sync::atomic::Ordering::{AcqRel, Acquire};
use core::time::Duration;

use super::dice::{Dice, up_to};
use super::slots::AtomicU64;
use super::{Admission, Gate, Refusal, Settled};
use crate::attempt::{AttemptEnd, Cause};
use crate::time::{Instant, nanos};

/// The share of the spread is kept in millionths.
const MILLION: u64 = 1_000_000;

/// A gate that pauses its target when a failure carries a [hint](crate::Hint), such as a Retry-After: until the hint has
/// passed, attempts of all calls that share the gate are held back. Make one for each host.
///
/// A hint of any failure pauses, throttled or not: a 503 with Retry-After speaks for the host as a 429 does.
/// [`only_throttled`](Self::only_throttled) leaves the others out. A hint that ends later extends the pause, and one that
/// ends earlier does not shorten it. What is already in flight stays, and an answer that is accepted meanwhile ends nothing.
///
/// What is held is let go at an instant of its own, drawn evenly from the end of the pause to a share of the hint later, so
/// that not all come back at once; never before the end. What asks for the first time once the pause is over passes. So does
/// the retry of the call that was told: it has waited for the hint and its own backoff, and is not held a second time. One
/// whose policy ignores hints is held like the others.
///
/// Defaults: a spread of 0.1 (6 s after a hint of a minute), from dice of seed 0; an attempt that would be held for more than
/// 5 minutes is refused, as a policy's limit for hints is; a hint of more than a day pauses nothing, since it is rather a
/// mistake, such as an instant that was taken for a span.
///
/// The same seed and the same calls in the same order give the same instants.
///
/// ```
/// use core::time::Duration;
/// use insist_core::{Admission, Cause, Gate, Instant, Pause, Settled, Verdict};
///
/// static PAUSE: Pause = Pause::new().spread(0.5);
///
/// let at = |secs: u64| Instant::from_nanos(secs * 1_000_000_000);
/// let told = Verdict::retry().throttled().after(Duration::from_secs(60)).into();
/// PAUSE.settle(at(1), &Cause::FIRST, &Settled::Ended(told, at(0)));
///
/// let Admission::NotBefore(later) = PAUSE.admit(at(2), &Cause::FIRST) else { panic!("it is held") };
/// assert!(at(61) <= later && later <= at(61 + 30));
/// assert_eq!(PAUSE.admit(later, &Cause::FIRST), Admission::Yes);
/// assert_eq!(PAUSE.state(at(21)).to_string(), "paused for 40s");
/// assert_eq!(PAUSE.state(at(61)).to_string(), "not paused");
/// ```
#[derive(Debug)]
pub struct Pause {
    /// Millionths.
    spread: u64,
    longest_hold: u64,
    longest_hint: u64,
    only_throttled: bool,
    dice: Dice,
    /// The end of the pause.
    until: AtomicU64,
    /// The last instant at which one that is held is let go. It is set before the end is.
    last: AtomicU64,
}

impl Default for Pause {
    fn default() -> Self {
        Self::new()
    }
}

impl Pause {
    /// Makes a gate of a target that is not paused.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            spread: MILLION / 10,
            longest_hold: 300_000_000_000,
            longest_hint: 86_400_000_000_000,
            only_throttled: false,
            dice: Dice::new(0),
            until: AtomicU64::new(0),
            last: AtomicU64::new(0),
        }
    }

    /// Sets over what share of the hint those that are held come back after it, from 0 (all at its end) to 1, to the
    /// millionth. Default: 0.1.
    #[must_use]
    pub const fn spread(mut self, share: f64) -> Self {
        self.spread = if share >= 0.0 { (share * MILLION as f64 + 0.5) as u64 } else { u64::MAX };
        self
    }

    /// Sets how much may be left of the pause for an attempt to be held; while it is more, attempts are refused. A limit of 0
    /// refuses them during all of it. Default: 5 minutes, as a policy's limit for hints.
    #[must_use]
    pub const fn hold_limit(mut self, longest: Duration) -> Self {
        self.longest_hold = nanos(longest);
        self
    }

    /// Sets the longest hint that pauses; a longer one is taken for a mistake. Default: a day.
    #[must_use]
    pub const fn hint_limit(mut self, longest: Duration) -> Self {
        self.longest_hint = nanos(longest);
        self
    }

    /// Lets only the hints of [throttled](crate::Failure::throttled) failures pause, such as those of a 429. Default: all.
    #[must_use]
    pub const fn only_throttled(mut self) -> Self {
        self.only_throttled = true;
        self
    }

    /// Sets the seed of its dice. Default: 0.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.dice = Dice::new(seed);
        self
    }

    /// Checks that the gate makes sense. One that does not pauses nothing.
    ///
    /// # Errors
    ///
    /// If the spread is not a number from 0 to 1.
    pub const fn validate(&self) -> Result<(), PauseError> {
        if self.spread > MILLION { Err(PauseError::Spread) } else { Ok(()) }
    }

    /// Ends the pause, as an operator would who knows better. What is held keeps its instant.
    pub fn lift(&self) {
        for word in [&self.until, &self.last] {
            let _ = word.fetch_update(AcqRel, Acquire, |_| Some(0));
        }
    }

    /// Returns how long the target is paused, for a page or a metric.
    #[must_use]
    pub fn state(&self, now: Instant) -> PauseState {
        let until = Instant::from_nanos(self.until.load(Acquire));
        PauseState { until: (now < until).then_some(until), left: until.saturating_since(now) }
    }
}

impl Gate for Pause {
    fn is_holding(&self, now: Instant) -> bool {
        now.as_nanos() < self.until.load(Acquire)
    }

    fn admit(&self, now: Instant, _: &Cause) -> Admission {
        let until = self.until.load(Acquire);
        let left = until.saturating_sub(now.as_nanos());
        if left == 0 {
            return Admission::Yes;
        }
        if left > self.longest_hold {
            return Admission::No(Refusal::new(&"pause is longer than an attempt may be held"));
        }
        let spread = self.last.load(Acquire).saturating_sub(until);
        Admission::NotBefore(Instant::from_nanos(until.saturating_add(up_to(spread, self.dice.throw()))))
    }

    fn settle(&self, now: Instant, _: &Cause, settled: &Settled) {
        let Settled::Ended(AttemptEnd::Retry(failure), _) = settled else { return };
        let hint = failure.hint.map_or(0, |hint| nanos(hint.span()));
        let is_meant = failure.throttled || !self.only_throttled;
        if hint == 0 || hint > self.longest_hint || !is_meant || self.validate().is_err() {
            return;
        }
        let until = now.as_nanos().saturating_add(hint);
        let spread = (u128::from(hint) * u128::from(self.spread) / u128::from(MILLION)) as u64;
        self.last.fetch_max(until.saturating_add(spread), AcqRel);
        self.until.fetch_max(until, AcqRel);
    }
}

/// Tells how long the target of a [`Pause`] is paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PauseState {
    /// The end of the pause; `None` if there is none.
    pub until: Option<Instant>,
    /// The part of it that is left.
    pub left: Duration,
}

impl fmt::Display for PauseState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.until {
            None => f.write_str("not paused"),
            Some(_) => write!(f, "paused for {:?}", self.left),
        }
    }
}

/// Says what is wrong with a [`Pause`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PauseError {
    /// The spread is not from 0 to 1.
    Spread,
}

impl fmt::Display for PauseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spread => f.write_str("the spread of the pause is not a number from 0 to 1"),
        }
    }
}

impl core::error::Error for PauseError {}

//! Google's adaptive throttling ("Site Reliability Engineering", chapter 21): a client whose requests are turned away
//! turns some of them away itself, at random, so that the backend need not.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use insist_core::{Admission, AttemptEnd, Cause, Gate, Instant, Refusal, Sent, Settled};

use super::lock;

const SLOTS: u64 = 20;

/// The gate: an attempt is refused with probability (requests − K × accepts) / (requests + 1) over the window.
///
/// Requests are counted when they are about to be sent, those included that are refused here. Accepts are what the
/// backend took on, failures of any other kind than too much to do included.
#[derive(Debug)]
pub struct AdaptiveThrottle {
    k: f64,
    slot: u64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    slots: VecDeque<Slot>,
    random: fastrand::Rng,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    number: u64,
    requests: f64,
    accepts: f64,
}

impl AdaptiveThrottle {
    /// K is 2 in the book; less turns away more. The window is two minutes. The seed is for its dice.
    #[must_use]
    pub fn new(k: f64, seed: u64) -> Self {
        let state = State { slots: VecDeque::new(), random: fastrand::Rng::with_seed(seed) };
        Self { k, slot: 120_000_000_000 / SLOTS, state: Mutex::new(state) }
    }

    /// How far back it counts.
    #[must_use]
    pub fn window(mut self, window: Duration) -> Self {
        self.slot = (window.as_nanos() as u64 / SLOTS).max(1);
        self
    }

    /// The probability that an attempt is refused now.
    #[must_use]
    pub fn refusal(&self, now: Instant) -> f64 {
        let mut state = lock(&self.state);
        self.slot_of(&mut state, now);
        self.probability(&state)
    }

    fn probability(&self, state: &State) -> f64 {
        let requests: f64 = state.slots.iter().map(|slot| slot.requests).sum();
        let accepts: f64 = state.slots.iter().map(|slot| slot.accepts).sum();
        ((requests - self.k * accepts) / (requests + 1.0)).max(0.0)
    }

    /// The newest slot, after what is old was forgotten.
    fn slot_of<'a>(&self, state: &'a mut State, now: Instant) -> &'a mut Slot {
        let newest = state.slots.back().map_or(0, |slot| slot.number);
        let number = (now.as_nanos() / self.slot).max(newest);
        while state.slots.front().is_some_and(|slot| slot.number + SLOTS <= number) {
            state.slots.pop_front();
        }
        if state.slots.is_empty() || newest < number {
            state.slots.push_back(Slot { number, ..Slot::default() });
        }
        state.slots.back_mut().expect("one was put there")
    }
}

impl Gate for AdaptiveThrottle {
    fn admit(&self, now: Instant, _: &Cause) -> Admission {
        let mut state = lock(&self.state);
        self.slot_of(&mut state, now);
        let refusal = self.probability(&state);
        self.slot_of(&mut state, now).requests += 1.0;
        if state.random.f64() < refusal {
            Admission::No(Refusal::new(&"the backend turns too much away"))
        } else {
            Admission::Yes
        }
    }

    fn settle(&self, now: Instant, _: &Cause, settled: &Settled) {
        let mut state = lock(&self.state);
        let slot = self.slot_of(&mut state, now);
        match *settled {
            // The backend was not asked, or nobody waited for what it says.
            Settled::Ended(end, _) if end.is_cancelled() => slot.requests -= 1.0,
            Settled::Ended(AttemptEnd::Accept | AttemptEnd::Stop, _) => slot.accepts += 1.0,
            Settled::Ended(AttemptEnd::Retry(failure), _) if failure.sent == Sent::Maybe && !failure.throttled => {
                slot.accepts += 1.0;
            }
            Settled::Ended(..) => {}
            _ => slot.requests -= 1.0,
        }
    }
}

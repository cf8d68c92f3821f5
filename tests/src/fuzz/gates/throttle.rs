//! The adaptive throttle a second time: every request and every acceptance there ever was, by its slot.

use std::collections::BTreeMap;
use std::time::Duration;

use insist_core::{AdaptiveThrottle, AttemptEnd, Cause, Instant, Sent, Settled};

use super::super::plan::Words;
use super::beside::{self, Model, Says, SplitMix};

struct Throttle {
    k: f64,
    slot: u64,
    newest: u64,
    requests: BTreeMap<u64, u64>,
    accepts: BTreeMap<u64, u64>,
    dice: SplitMix,
}

pub(super) fn run(words: &mut Words<'_>) {
    const MS: u64 = 1_000_000;
    let k = words.pick(&[2.0, 1.0, 1.1, 1.5, 10.0]);
    let window = words.pick(&[1000 * MS, 10 * MS, 15_000_001, 120_000 * MS]);
    let seed = words.number();
    let gate = AdaptiveThrottle::new(k).window(Duration::from_nanos(window)).seed(seed);
    assert_eq!(gate.validate(), Ok(()));
    let (requests, accepts) = (BTreeMap::new(), BTreeMap::new());
    let model = Throttle { k, slot: window.div_ceil(10), newest: 0, requests, accepts, dice: SplitMix(seed) };
    beside::run(words, &gate, model, &[window.div_ceil(10), window]);
}

impl Throttle {
    fn refusal(&self, now: u64) -> f64 {
        let newest = self.newest.max(now / self.slot);
        let sum = |slots: &BTreeMap<u64, u64>| {
            slots.range(newest.saturating_sub(9)..=newest).map(|(_, count)| *count).sum::<u64>() as f64
        };
        let requests = sum(&self.requests);
        ((requests - self.k * sum(&self.accepts)) / (requests + 1.0)).max(0.0)
    }

    /// Time that goes backwards stands still.
    fn advance(&mut self, now: u64) -> u64 {
        self.newest = self.newest.max(now / self.slot);
        self.newest
    }
}

impl Model<AdaptiveThrottle> for Throttle {
    fn admit(&mut self, now: u64, _: &Cause) -> Says {
        let refusal = self.refusal(now);
        let slot = self.advance(now);
        *self.requests.entry(slot).or_default() += 1;
        // A half of the 53 bits that a double holds is a probability of a half.
        let is_refused = refusal > 0.0 && ((self.dice.next() >> 11) as f64) < refusal * (1_u64 << 53) as f64;
        if is_refused { Says::No } else { Says::Yes }
    }

    fn settle(&mut self, now: u64, _: &Cause, settled: &Settled) {
        let is_accepted = match settled {
            Settled::Ended(AttemptEnd::Accept | AttemptEnd::Stop, _) => true,
            Settled::Ended(AttemptEnd::Retry(failure), _) => failure.sent == Sent::Maybe && !failure.throttled,
            Settled::Ended(AttemptEnd::Timeout, _) => false,
            Settled::Ended(_, at) | Settled::Unsent(at) => {
                if let Some(count) = self.requests.get_mut(&(at.as_nanos() / self.slot)) {
                    *count = count.saturating_sub(1);
                }
                false
            }
            _ => panic!("{settled:?} is new here"),
        };
        if is_accepted {
            let slot = self.advance(now);
            *self.accepts.entry(slot).or_default() += 1;
        }
    }

    fn compare(&mut self, gate: &AdaptiveThrottle, now: u64, _: &mut Words<'_>) {
        assert_eq!(gate.refusal(Instant::from_nanos(now)), self.refusal(now), "at {now}");
    }
}

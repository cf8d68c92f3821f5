//! The limit of additive increase and multiplicative decrease a second time.

use std::time::Duration;

use insist_core::{AimdLimit, AttemptEnd, Cause, Settled};

use super::super::plan::Words;
use super::beside::{self, Model, Says};

struct Aimd {
    least: u64,
    most: u64,
    /// Hundredths.
    ratio: u64,
    slow: u64,
    ask_again: Option<u64>,
    limit: u64,
    in_flight: u64,
}

pub(super) fn run(words: &mut Words<'_>) {
    const MS: u64 = 1_000_000;
    let least = u32::from(words.pick(&[1_u8, 2, 5]));
    let most = least + u32::from(words.pick(&[10_u8, 0, 1, 200]));
    let start = (least + u32::from(words.byte()) % 8).min(most);
    let ratio = words.pick(&[90, 50, 57, 99]);
    let slow = words.pick(&[5000 * MS, 10 * MS, 0]);
    let ask_again = words.is_rare(128).then(|| words.pick(&[MS, 100 * MS]));
    let mut gate =
        AimdLimit::new(least, most).start(start).ratio(ratio as f64 / 100.0).slow(Duration::from_nanos(slow));
    if let Some(span) = ask_again {
        gate = gate.waiting(Duration::from_nanos(span));
    }
    assert_eq!(gate.validate(), Ok(()));
    let [least, most, limit] = [least, most, start].map(u64::from);
    let model = Aimd { least, most, ratio, slow, ask_again, limit, in_flight: 0 };
    beside::run(words, &gate, model, &[slow.max(1), 10 * MS]);
}

impl Model<AimdLimit> for Aimd {
    fn admit(&mut self, now: u64, _: &Cause) -> Says {
        if self.in_flight < self.limit {
            self.in_flight += 1;
            return Says::Yes;
        }
        self.ask_again.map_or(Says::No, |span| Says::At(now + span))
    }

    fn settle(&mut self, now: u64, _: &Cause, settled: &Settled) {
        if let Settled::Ended(end, sent) = settled {
            let is_told_to_wait =
                matches!(end, AttemptEnd::Retry(failure) if failure.throttled || failure.hint.is_some());
            let is_slow = now.saturating_sub(sent.as_nanos()) > self.slow;
            if is_slow || is_told_to_wait || *end == AttemptEnd::Timeout {
                self.limit = (self.limit * self.ratio / 100).max(self.least);
            } else if matches!(end, AttemptEnd::Accept | AttemptEnd::Stop) && self.in_flight * 2 >= self.limit {
                self.limit = (self.limit + 1).min(self.most);
            }
        }
        self.in_flight -= 1;
    }

    fn compare(&mut self, gate: &AimdLimit, now: u64, _: &mut Words<'_>) {
        let state = gate.state();
        assert_eq!(u64::from(state.limit), self.limit, "at {now}");
        assert_eq!(u64::from(state.in_flight), self.in_flight, "at {now}");
    }
}

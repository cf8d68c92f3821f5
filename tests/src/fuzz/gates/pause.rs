//! The pause a second time: every hint that was told, in a list.

use std::time::Duration;

use insist_core::{AttemptEnd, Cause, Instant, Pause, Settled};

use super::super::plan::Words;
use super::beside::{self, Model, Says, SplitMix};

struct Hints {
    /// Percent.
    spread: u64,
    longest_hold: u64,
    longest_hint: u64,
    only_throttled: bool,
    dice: SplitMix,
    /// When, and how long.
    told: Vec<(u64, u64)>,
}

pub(super) fn run(words: &mut Words<'_>) {
    const MS: u64 = 1_000_000;
    let spread = words.pick(&[10, 0, 50, 100]);
    let longest_hold = words.pick(&[300_000 * MS, 100 * MS, 0]);
    let longest_hint = words.pick(&[86_400_000 * MS, 200 * MS]);
    let (only_throttled, seed) = (words.is_rare(64), words.number());
    let mut gate = Pause::new()
        .spread(spread as f64 / 100.0)
        .hold_limit(Duration::from_nanos(longest_hold))
        .hint_limit(Duration::from_nanos(longest_hint))
        .seed(seed);
    if only_throttled {
        gate = gate.only_throttled();
    }
    assert_eq!(gate.validate(), Ok(()));
    let model = Hints { spread, longest_hold, longest_hint, only_throttled, dice: SplitMix(seed), told: Vec::new() };
    beside::run(words, &gate, model, &[10 * MS, 100 * MS, 400 * MS]);
}

impl Hints {
    fn until(&self) -> u64 {
        self.told.iter().map(|(at, hint)| at + hint).max().unwrap_or(0)
    }

    fn last(&self) -> u64 {
        let spread = |hint: u64| (u128::from(hint) * u128::from(self.spread) / 100) as u64;
        self.told.iter().map(|(at, hint)| at + hint + spread(*hint)).max().unwrap_or(0)
    }
}

impl Model<Pause> for Hints {
    fn admit(&mut self, now: u64, _: &Cause) -> Says {
        let (until, last) = (self.until(), self.last());
        if now >= until {
            return Says::Yes;
        }
        if until - now > self.longest_hold {
            return Says::No;
        }
        let later = (u128::from(self.dice.next()) * u128::from(last - until + 1)) >> 64;
        Says::At(until + later as u64)
    }

    fn settle(&mut self, now: u64, _: &Cause, settled: &Settled) {
        let Settled::Ended(AttemptEnd::Retry(failure), _) = settled else { return };
        let Some(hint) = failure.hint.map(|hint| hint.span().as_nanos()) else { return };
        if hint > 0 && hint <= self.longest_hint.into() && (failure.throttled || !self.only_throttled) {
            self.told.push((now, hint as u64));
        }
    }

    fn compare(&mut self, gate: &Pause, now: u64, words: &mut Words<'_>) {
        if words.is_rare(2) {
            gate.lift();
            self.told.clear();
        }
        let state = gate.state(Instant::from_nanos(now));
        let until = self.until();
        assert_eq!(state.until, (until > now).then(|| Instant::from_nanos(until)), "at {now}");
        assert_eq!(state.left, Duration::from_nanos(until.saturating_sub(now)), "at {now}");
    }
}

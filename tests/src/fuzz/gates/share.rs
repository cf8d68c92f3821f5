//! The share of retries a second time: what is in flight and what is promised, one by one.

use insist_core::{Cause, Kind, RetryShare, Settled};

use super::super::plan::Words;
use super::beside::{self, Model, Says};

struct Share {
    percent: usize,
    least: usize,
    in_flight: Vec<Kind>,
    /// Retries and hedges that are promised or in flight.
    extra: usize,
}

pub(super) fn run(words: &mut Words<'_>) {
    let percent = words.pick(&[20, 0, 7, 29, 100]);
    let least = usize::from(words.pick(&[3_u8, 0, 1]));
    let gate = RetryShare::new(percent as f64 / 100.0).at_least(least as u32);
    assert_eq!(gate.validate(), Ok(()));
    let model = Share { percent, least, in_flight: Vec::new(), extra: 0 };
    beside::run(words, &gate, model, &[1_000_000]);
}

impl Share {
    fn left(&self) -> usize {
        (self.percent * self.in_flight.len() / 100).max(self.least).saturating_sub(self.extra)
    }
}

impl Model<RetryShare> for Share {
    fn reserve(&mut self, _: u64, cause: &Cause) -> bool {
        let may = cause.kind == Kind::First || self.left() > 0;
        self.extra += usize::from(may && cause.kind != Kind::First);
        may
    }

    fn refund(&mut self, _: u64, cause: &Cause) {
        if cause.kind != Kind::First {
            self.extra = self.extra.saturating_sub(1);
        }
    }

    fn admit(&mut self, _: u64, cause: &Cause) -> Says {
        self.in_flight.push(cause.kind);
        Says::Yes
    }

    fn settle(&mut self, _: u64, cause: &Cause, settled: &Settled) {
        let place = self.in_flight.iter().position(|kind| *kind == cause.kind).expect("it is in flight");
        self.in_flight.swap_remove(place);
        if cause.kind != Kind::First && matches!(settled, Settled::Ended(..)) {
            self.extra = self.extra.saturating_sub(1);
        }
    }

    fn compare(&mut self, gate: &RetryShare, _: u64, _: &mut Words<'_>) {
        let state = gate.state();
        assert_eq!(state.in_flight as usize, self.in_flight.len());
        assert_eq!(state.retries as usize, self.extra);
        assert_eq!(state.left as usize, self.left());
    }
}

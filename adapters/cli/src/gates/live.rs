//! Gates at work, made of their settings.

use std::fmt;
use std::sync::Arc;

use insist_core::{Gate, Instant, Latencies};

use super::setting::Setting;

/// Several gates as one, which calls share, and what they say of themselves.
pub(crate) type LiveGates = (Box<dyn Gate + Send + Sync>, States);

/// Says the present states of gates.
pub(crate) struct States(Vec<Box<dyn Fn(Instant) -> String + Send + Sync>>);

/// It lets everything pass: what says the states travels with the gates, as one of them.
impl Gate for States {
    fn is_timeless(&self) -> bool {
        true
    }

    fn is_open(&self) -> bool {
        true
    }
}

impl fmt::Display for States {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let now = Instant::now();
        f.write_str(&self.0.iter().map(|state| state(now)).collect::<Vec<_>>().join("; "))
    }
}

/// Settings of whatever kind of gate.
pub(super) trait GateMaker {
    fn told(&self) -> String;
    fn brief(&self) -> String;
    fn live(&self, number: u64) -> LiveGates;
}

impl<T: Setting> GateMaker for T {
    fn told(&self) -> String {
        Setting::told(self)
    }

    fn brief(&self) -> String {
        Setting::brief(self)
    }

    fn live(&self, number: u64) -> LiveGates {
        let gate = Arc::new(self.make(number));
        let same = Arc::clone(&gate);
        (Box::new(gate), States(vec![Box::new(move |now| T::state(&same, now))]))
    }
}

/// Makes gates of settings, in their order, after one that knows latencies if that is asked for.
pub(super) fn live<'a>(has_latencies: bool, makers: impl Iterator<Item = &'a dyn GateMaker>, number: u64) -> LiveGates {
    let latencies = has_latencies.then(|| {
        let gate = Arc::new(Latencies::new());
        let same = Arc::clone(&gate);
        let state = move |now| same.state(now).to_string();
        (Box::new(gate) as Box<dyn Gate + Send + Sync>, States(vec![Box::new(state)]))
    });
    let all = latencies.into_iter().chain(makers.map(|maker| maker.live(number)));
    let together = all.reduce(|(before, mut states), (gate, mut more)| {
        states.0.append(&mut more.0);
        // A pair asks the first, then the second, and gives back to the first what the second refuses.
        (Box::new((before, gate)), states)
    });
    together.unwrap_or_else(|| (Box::new(()), States(Vec::new())))
}

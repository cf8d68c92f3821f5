//! The pause: what one call is told by a hint holds back all of them.

use std::time::Duration;

use insist_core::duration::Text;
use insist_core::{Instant, Pause};
use serde::Deserialize;

use super::setting::Setting;
use crate::span::{Rounded, Span};

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct PauseSetting {
    spread: f64,
    hold_limit: Span,
    hint_limit: Span,
    only_throttled: bool,
}

impl Default for PauseSetting {
    fn default() -> Self {
        Self {
            spread: 0.1,
            hold_limit: Span(Duration::from_secs(300)),
            hint_limit: Span(Duration::from_secs(86_400)),
            only_throttled: false,
        }
    }
}

impl Setting for PauseSetting {
    type Gate = Pause;

    const SHORT: &'static str = "spread";
    const RIGHT: &'static str = "a number from 0 to 1";
    const VALUE: &'static str = "SPREAD";
    const HELP: &'static str = "Hold back all calls for as long as a hint (Retry-After) says, then let them go at random moments within this \
         share of that time, from 0 to 1 [default: a hint holds back its own call]";
    const MORE: &'static str = "An attempt that would be held back for more than 5 minutes is refused (hold_limit), and a hint of more than \
         a day is ignored (hint_limit). With only_throttled=true only the hints of answers with 429 count.";

    fn check(&self) -> Result<(), String> {
        self.make(0).validate().map_err(|error| error.to_string())
    }

    fn make(&self, number: u64) -> Pause {
        let pause =
            Pause::new().spread(self.spread).hold_limit(self.hold_limit.0).hint_limit(self.hint_limit.0).seed(number);
        if self.only_throttled { pause.only_throttled() } else { pause }
    }

    fn told(&self) -> String {
        let answer = if self.only_throttled { "A throttled answer with a hint" } else { "A hint" };
        format!(
            "{answer} of at most {} holds back all calls until it has passed, and lets them go over {} of it more; what would be \
             held for more than {} is refused.",
            Text(self.hint_limit.0),
            self.spread,
            Text(self.hold_limit.0)
        )
    }

    fn brief(&self) -> String {
        self.spread.to_string()
    }

    fn state(gate: &Pause, now: Instant) -> String {
        match gate.state(now) {
            state if state.until.is_some() => format!("paused for {}", Rounded(state.left)),
            state => state.to_string(),
        }
    }
}

//! The limit of attempts in flight that creeps up, and drops when the servers have too much to do.

use std::time::Duration;

use insist_core::duration::Text;
use insist_core::{AimdLimit, Instant};
use serde::Deserialize;

use super::number::whole;
use super::setting::{Setting, others_wait};
use crate::span::Span;

/// Sets what a limit begins with, unless that is out of its bounds.
const START: u32 = 20;

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct AimdLimitSetting {
    #[serde(deserialize_with = "whole")]
    most: u32,
    #[serde(deserialize_with = "whole")]
    least: u32,
    #[serde(deserialize_with = "whole")]
    start: u32,
    ratio: f64,
    slow: Span,
    /// 0 refuses.
    ask_again: Span,
}

/// Netflix's, but for the least, which is 20 there: a server may be too slow for that.
impl Default for AimdLimitSetting {
    fn default() -> Self {
        Self {
            most: 200,
            least: 1,
            start: START,
            ratio: 0.9,
            slow: Span(Duration::from_secs(5)),
            ask_again: Span::default(),
        }
    }
}

impl AimdLimitSetting {
    fn start(&self) -> u32 {
        if self.start == START { START.clamp(self.least, self.most.max(self.least)) } else { self.start }
    }
}

impl Setting for AimdLimitSetting {
    type Gate = AimdLimit;

    const SHORT: &'static str = "most";
    const RIGHT: &'static str = "a whole number of attempts from 1";
    const VALUE: &'static str = "N";
    const HELP: &'static str = "Have at most this many attempts in flight, and fewer after timeouts, throttled and slow answers; refuse \
         others [default: no limit]";
    const MORE: &'static str = "The limit begins at 20, or at N if that is less (start). An answer that comes while at least half of it is \
         in use adds 1 to it. A timeout, a throttled answer, a hint, or an attempt longer than 5 s (slow) multiplies \
         it by 0.9 (ratio), down to 1 (least). With ask_again=10ms, those that find no room wait and ask again every \
         10 ms, until the deadline.";

    fn check(&self) -> Result<(), String> {
        self.make(0).validate().map_err(|error| error.to_string())
    }

    fn make(&self, _: u64) -> AimdLimit {
        AimdLimit::new(self.least, self.most)
            .start(self.start())
            .ratio(self.ratio)
            .slow(self.slow.0)
            .waiting(self.ask_again.0)
    }

    fn told(&self) -> String {
        let Self { most, least, ratio, .. } = self;
        format!(
            "From {least} to {most} attempts are in flight at once, {} at first, of all calls together; answers raise the \
             limit, and each timeout, throttled answer, hint or attempt of more than {} leaves {ratio} of it; {}.",
            self.start(),
            Text(self.slow.0),
            others_wait(self.ask_again)
        )
    }

    fn brief(&self) -> String {
        self.most.to_string()
    }

    fn state(gate: &AimdLimit, _: Instant) -> String {
        format!("AIMD limit: {}", gate.state())
    }
}

//! The limit of attempts in flight that follows the latency.

use std::time::Duration;

use insist_core::duration::Text;
use insist_core::{GradientLimit, Instant};
use serde::Deserialize;

use super::number::whole;
use super::setting::{Setting, others_wait};
use crate::span::Span;

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct GradientLimitSetting {
    #[serde(deserialize_with = "whole")]
    most: u32,
    #[serde(deserialize_with = "whole")]
    least: u32,
    percentile: f64,
    buffer: f64,
    window: Span,
    measure_every: Span,
    #[serde(deserialize_with = "whole")]
    answers: u32,
    /// 0 measures it.
    least_latency: Span,
    /// 0 refuses.
    ask_again: Span,
}

impl Default for GradientLimitSetting {
    fn default() -> Self {
        Self {
            most: 1000,
            least: 3,
            percentile: 50.0,
            buffer: 0.25,
            window: Span(Duration::from_millis(100)),
            measure_every: Span(Duration::from_secs(60)),
            answers: 50,
            least_latency: Span::default(),
            ask_again: Span::default(),
        }
    }
}

impl Setting for GradientLimitSetting {
    type Gate = GradientLimit;

    const SHORT: &'static str = "most";
    const RIGHT: &'static str = "a whole number of attempts from 1";
    const VALUE: &'static str = "N";
    const HELP: &'static str = "Have at most this many attempts in flight, and fewer while answers take longer than the fastest ones; \
         refuse others, as Envoy does [default: no limit]";
    const MORE: &'static str = "Every 100 ms (window) the median latency (percentile) is compared with the least latency and a quarter more \
         (buffer): the limit grows while it is below, and sinks while it is above, down to 3 (least). The least \
         latency is measured every 60 s (measure_every) from 50 answers (answers), with 3 attempts in flight; or it \
         is given (least_latency). With ask_again=10ms, those that find no room wait and ask again every 10 ms, \
         until the deadline.";

    fn check(&self) -> Result<(), String> {
        self.make(0).validate().map_err(|error| error.to_string())
    }

    fn make(&self, _: u64) -> GradientLimit {
        GradientLimit::new(self.least, self.most)
            .percentile(self.percentile)
            .buffer(self.buffer)
            .window(self.window.0)
            .measuring(self.measure_every.0, self.answers)
            .least_latency(self.least_latency.0)
            .waiting(self.ask_again.0)
    }

    fn told(&self) -> String {
        let Self { most, least, percentile, answers, .. } = self;
        let fastest = match self.least_latency.0 {
            Duration::ZERO => {
                format!("the least latency, which {answers} answers tell every {}", Text(self.measure_every.0))
            }
            known => format!("{}", Text(known)),
        };
        format!(
            "From {least} to {most} attempts are in flight at once, of all calls together; the limit sinks while the p{percentile} \
             of {} lies more than {} % above {fastest}, and else grows; {}.",
            Text(self.window.0),
            (self.buffer * 1000.0).round() / 10.0,
            others_wait(self.ask_again)
        )
    }

    fn brief(&self) -> String {
        self.most.to_string()
    }

    fn state(gate: &GradientLimit, _: Instant) -> String {
        format!("gradient limit: {}", gate.state())
    }
}

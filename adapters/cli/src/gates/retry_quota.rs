//! The retry quota of AWS's SDKs: retries cost tokens, and successes give them back.

use insist_core::{Instant, RetryQuota};
use serde::Deserialize;

use super::number::whole;
use super::setting::Setting;

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RetryQuotaSetting {
    #[serde(deserialize_with = "whole")]
    tokens: u32,
    #[serde(deserialize_with = "whole")]
    cost: u32,
    #[serde(deserialize_with = "whole")]
    timeout_cost: u32,
    #[serde(deserialize_with = "whole")]
    throttled_cost: u32,
    reward: f64,
    refill: f64,
}

impl Default for RetryQuotaSetting {
    fn default() -> Self {
        Self { tokens: 500, cost: 5, timeout_cost: 10, throttled_cost: 5, reward: 1.0, refill: 0.0 }
    }
}

impl Setting for RetryQuotaSetting {
    type Gate = RetryQuota;

    const SHORT: &'static str = "tokens";
    const RIGHT: &'static str = "a whole number of tokens from 1";
    const VALUE: &'static str = "TOKENS";
    const HELP: &'static str = "Give retries and hedges this many tokens, which each of them costs and successes give back, as in AWS's \
         SDKs [default: no quota]";
    const MORE: &'static str = "A retry costs 5 tokens (cost), after a timeout 10 (timeout_cost), after a throttled answer 5 \
         (throttled_cost). A retry that succeeds gives back what it cost, a first send that succeeds 1 (reward). \
         With refill=1 a token comes back each second as well. AWS has 500 tokens.";

    fn check(&self) -> Result<(), String> {
        if self.tokens == 0 {
            return Err("tokens is 0; a retry quota needs at least 1".into());
        }
        for (field, tokens) in [("reward", self.reward), ("refill", self.refill)] {
            if !(0.0..=1e6).contains(&tokens) {
                return Err(format!("{field} is {tokens}; a number of tokens from 0 to 1000000 is needed"));
            }
        }
        Ok(())
    }

    fn make(&self, _: u64) -> RetryQuota {
        RetryQuota::new(self.tokens)
            .cost(self.cost)
            .timeout_cost(self.timeout_cost)
            .throttled_cost(self.throttled_cost)
            .reward(self.reward)
            .refill(self.refill)
    }

    fn told(&self) -> String {
        let Self { tokens, cost, timeout_cost, throttled_cost, reward, refill } = self;
        let mut others = String::new();
        if timeout_cost != cost {
            others += &format!(", after a timeout {timeout_cost}");
        }
        if throttled_cost != cost {
            others += &format!(", after a throttled answer {throttled_cost}");
        }
        let refill = if *refill == 0.0 { String::new() } else { format!(", and {refill} come back every second") };
        format!(
            "A retry or a hedge of any call costs {cost} of {tokens} tokens{others}, and is refused when they are used up; its \
             success gives them back, that of a first send {reward}{refill}."
        )
    }

    fn brief(&self) -> String {
        self.tokens.to_string()
    }

    fn state(gate: &RetryQuota, now: Instant) -> String {
        format!("retry quota: {}", gate.state(now))
    }
}

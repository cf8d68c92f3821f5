//! Notes on options that have no effect, which are told and not refused.

use insist_core::{Policy, Shape};

use super::base::Base;
use super::{Attempts, PolicyOptions};

impl PolicyOptions {
    /// Returns a line for each option that has no effect together with the others, or with the preset or file.
    pub(super) fn notes(&self, base: Option<&Base>) -> Vec<String> {
        let backoff = self.backoff(base);
        let before = base.map(|base| &base.policy);
        let mut notes = Vec::new();
        let mut note = |given: bool, has_effect: bool, option: &str, beside: &str| {
            if given && !has_effect {
                notes.push(format!("{option} has no effect with {beside}"));
            }
        };

        let beside = match base {
            Some(base) if self.named_backoff().is_none() => {
                format!("the {} backoff of {}", backoff.as_str(), base.name)
            }
            _ => format!("--backoff {}", backoff.as_str()),
        };
        let has_base = !matches!(backoff, Shape::Zero | Shape::Stop | Shape::List { .. });
        let has_floor = self.floor.is_some() || before.is_some_and(|policy| !policy.get_floor().is_zero());
        // A floor makes a wait of no wait, and that can be spread and capped.
        let is_nothing = backoff == Shape::Stop || (backoff == Shape::Zero && !has_floor);
        let is_spread = !is_nothing && !matches!(backoff, Shape::Decorrelated { .. });
        let is_list = matches!(backoff, Shape::List { .. });
        note(self.base.is_some(), has_base, "--base", &beside);
        note(self.factor.is_some(), matches!(backoff, Shape::Exponential { .. }), "--factor", &beside);
        note(self.cap.is_some(), !is_nothing, "--cap", &beside);
        note(self.floor.is_some(), backoff != Shape::Stop, "--floor", &beside);
        note(self.delays.is_some(), is_list, "--delays", &beside);
        note(self.at_end.is_some(), is_list, "--at-end", &beside);
        note(self.jitter.is_some(), is_spread, "--jitter", &beside);

        let lanes = self.lanes.or(before.map(Policy::get_lanes)).unwrap_or(1);
        note(self.hedge_after.is_some(), lanes > 1, "--hedge-after", "one lane; --lanes 2 gives it another");
        note(self.max_retry_after.is_some(), !self.ignore_retry_after, "--max-retry-after", "--ignore-retry-after");
        if let Some(base) = base {
            let ignoring = format!("{}, which ignores Retry-After", base.name);
            let is_heard = base.policy.get_hints() || self.ignore_retry_after;
            note(self.max_retry_after.is_some(), is_heard, "--max-retry-after", &ignoring);
            if let (None, Some(in_a_lane)) = (self.lane_attempts, base.policy.get_lane_attempts()) {
                let all = in_a_lane.saturating_mul(u32::from(lanes));
                let attempts = if in_a_lane == 1 { "attempt" } else { "attempts" };
                let limiting =
                    format!("the {in_a_lane} {attempts} in a lane of {}; --lane-attempts gives it more", base.name);
                let is_more = match self.attempts {
                    Some(Attempts::Limited(attempts)) => attempts > all,
                    Some(Attempts::Unlimited) => true,
                    None => false,
                };
                note(is_more, false, "--attempts", &limiting);
            }
        }
        notes
    }
}

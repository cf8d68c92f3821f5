//! What was given and has no effect: said, and not refused.

use super::{BackoffName, PolicyOptions};

impl PolicyOptions {
    /// One line for each option that has no effect beside the others.
    pub(super) fn notes(&self) -> Vec<String> {
        let backoff = self.backoff();
        let mut notes = Vec::new();
        let mut note = |given: bool, has_effect: bool, option: &str, beside: &str| {
            if given && !has_effect {
                notes.push(format!("{option} has no effect with {beside}"));
            }
        };

        let beside = format!("--backoff {}", backoff.as_str());
        let grows_from_base = !matches!(backoff, BackoffName::Zero | BackoffName::Stop | BackoffName::List);
        // A floor under no wait at all is a wait, which can be spread and capped.
        let is_nothing = backoff == BackoffName::Stop || (backoff == BackoffName::Zero && self.floor.is_none());
        let is_spread = !is_nothing && backoff != BackoffName::Decorrelated;
        let is_list = backoff == BackoffName::List;
        note(self.base.is_some(), grows_from_base, "--base", &beside);
        note(self.factor.is_some(), backoff == BackoffName::Exponential, "--factor", &beside);
        note(self.cap.is_some(), !is_nothing, "--cap", &beside);
        note(self.floor.is_some(), backoff != BackoffName::Stop, "--floor", &beside);
        note(self.delays.is_some(), is_list, "--delays", &beside);
        note(self.at_end.is_some(), is_list, "--at-end", &beside);
        note(self.jitter.is_some(), is_spread, "--jitter", &beside);

        note(self.hedge_after.is_some(), self.lanes() > 1, "--hedge-after", "one lane; --lanes 2 gives it another");
        note(self.max_retry_after.is_some(), !self.ignore_retry_after, "--max-retry-after", "--ignore-retry-after");
        notes
    }
}

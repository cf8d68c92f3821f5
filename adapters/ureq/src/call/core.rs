//! The parts of an agent that its calls need.

use std::sync::Arc;
use std::time::Duration;

use insist_core::Policy;
use ureq::Timeout;

use crate::client::Settings;
use crate::probe::CallConfig;

/// The parts of an agent that its calls need.
pub(crate) struct Core {
    /// The agent that sends the attempts.
    pub(crate) plain: ureq::Agent,
    pub(crate) settings: Arc<Settings>,
    /// The configuration of calls whose request has none of its own.
    pub(crate) call_config: CallConfig,
    /// True if calls may use the [`fast_path`](super::fast_path), unless their request rules it out.
    pub(super) is_simple: bool,
}

impl Core {
    /// Makes the core of an agent with this configuration of the user's, whose attempts `plain` sends. `is_interruptible` says
    /// whether an attempt returns soon after it is cancelled, as far as the configuration lets it.
    pub(crate) fn new(
        plain: ureq::Agent,
        config: &ureq::config::Config,
        settings: Arc<Settings>,
        is_interruptible: bool,
    ) -> Self {
        let call_config = CallConfig::of(config).and_interruptible(is_interruptible);
        let is_simple = call_config.global.is_none()
            && settings.are_unwatched()
            && !cfg!(any(feature = "metrics", feature = "tracing"));
        Self { plain, settings, call_config, is_simple }
    }
}

/// The limits of a policy, for its first attempt.
pub(super) struct Limits {
    /// The time of the attempt, and the timeout that it reports.
    pub(super) timeout: Option<(Duration, Timeout)>,
    pub(super) deadline: Option<Duration>,
}

impl Limits {
    pub(super) fn of(policy: &Policy) -> Self {
        let (own, deadline) = (policy.get_attempt_timeout(), policy.get_deadline());
        let timeout = match (own, deadline) {
            (Some(own), deadline) if deadline.is_none_or(|deadline| own <= deadline) => Some((own, Timeout::PerCall)),
            (_, deadline) => deadline.map(|deadline| (deadline, Timeout::Global)),
        };
        Self { timeout, deadline }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shorter_limit_is_that_of_the_first_attempt() {
        let (short, long) = (Duration::from_secs(1), Duration::from_secs(2));
        let timeout = |policy: Policy| Limits::of(&policy).timeout;
        let policy = Policy::default();
        assert_eq!(timeout(policy), None);
        assert_eq!(timeout(policy.attempt_timeout(short)), Some((short, Timeout::PerCall)));
        assert_eq!(timeout(policy.deadline(short)), Some((short, Timeout::Global)));
        assert_eq!(timeout(policy.attempt_timeout(short).deadline(long)), Some((short, Timeout::PerCall)));
        assert_eq!(timeout(policy.attempt_timeout(long).deadline(short)), Some((short, Timeout::Global)));
    }
}

//! The parts of an agent that its calls need.

use std::time::Duration;

use insist_core::Policy;
use ureq::Timeout;

use crate::client::Settings;
use crate::probe::{CallConfig, has_socks_proxy};

/// The parts of an agent that its calls need.
pub(crate) struct Core {
    /// The agent that sends the attempts.
    pub(crate) plain: ureq::Agent,
    pub(crate) settings: Settings,
    /// True if an answer with status 4xx or 5xx becomes an error.
    pub(super) hides_answers: bool,
    /// The time that a call may take.
    pub(super) global: Option<Duration>,
    /// True if its attempts return soon after they are cancelled, whatever they are doing.
    pub(crate) is_interruptible: bool,
    /// The limits of the policy.
    pub(super) limits: Limits,
    /// True if calls may use the [`fast_path`](super::fast_path), unless their request rules it out.
    pub(super) is_simple: bool,
}

impl Core {
    /// Makes the core of an agent with this configuration of the user's, whose attempts `plain` sends. `is_interruptible` says
    /// whether an attempt returns soon after it is cancelled, if no SOCKS proxy is in between.
    pub(crate) fn new(
        plain: ureq::Agent,
        config: &ureq::config::Config,
        settings: Settings,
        is_interruptible: bool,
    ) -> Self {
        let global = config.timeouts().global;
        Self {
            hides_answers: config.http_status_as_error(),
            global,
            is_simple: global.is_none()
                && settings.are_unwatched()
                && !cfg!(any(feature = "metrics", feature = "tracing")),
            is_interruptible: is_interruptible && !has_socks_proxy(config),
            limits: Limits::of(settings.get_policy()),
            plain,
            settings,
        }
    }

    /// Returns the parts of the agent's configuration that concern a whole call.
    pub(super) fn call_config(&self) -> CallConfig {
        let Self { hides_answers, global, is_interruptible, .. } = *self;
        CallConfig { hides_answers, global, is_interruptible }
    }
}

/// The limits of a policy, for its first attempt.
pub(super) struct Limits {
    /// The time of the attempt, and the timeout that it reports.
    pub(super) timeout: Option<(Duration, Timeout)>,
    pub(super) deadline: Option<Duration>,
}

impl Limits {
    fn of(policy: &Policy) -> Self {
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

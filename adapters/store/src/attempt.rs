//! An attempt, as the handler gets it.

use std::fmt;
use std::time::Duration;

use insist_core::Instant;

/// An attempt that is to be sent now: the call's key, target and body, and the attempt's number and timeout.
pub struct Attempt<'a> {
    pub(crate) key: &'a str,
    pub(crate) target: &'a str,
    pub(crate) policy: &'a str,
    pub(crate) body: &'a [u8],
    pub(crate) created: Instant,
    pub(crate) id: u32,
    pub(crate) timeout: Duration,
}

impl Attempt<'_> {
    /// Returns the key of the call. It is the same in every attempt: the idempotency key for the receiver.
    #[must_use]
    pub const fn key(&self) -> &str {
        self.key
    }

    /// Returns the target of the call, empty for none.
    #[must_use]
    pub const fn target(&self) -> &str {
        self.target
    }

    /// Returns the name of the policy that the call goes by.
    #[must_use]
    pub const fn policy(&self) -> &str {
        self.policy
    }

    /// Returns the body that was enqueued.
    #[must_use]
    pub const fn body(&self) -> &[u8] {
        self.body
    }

    /// Returns the instant at which the call was enqueued, since the epoch.
    #[must_use]
    pub const fn created(&self) -> Instant {
        self.created
    }

    /// Returns the number of the attempt: 1, 2, 3 …, never the same twice for one key.
    #[must_use]
    pub const fn id(&self) -> u32 {
        self.id
    }

    /// Returns the time that the attempt has. A handler ends within it; one that does not keeps its thread, and after its
    /// lease the attempt counts as lost.
    #[must_use]
    pub const fn timeout(&self) -> Duration {
        self.timeout
    }
}

/// Shows how long the body is, and not what is in it.
impl fmt::Debug for Attempt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt")
            .field("key", &self.key)
            .field("target", &self.target)
            .field("policy", &self.policy)
            .field("id", &self.id)
            .field("timeout", &self.timeout)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

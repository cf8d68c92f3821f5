//! Reads the settings of a call, with their defaults.

use http::{HeaderMap, Uri};
use insist_core::{Attempt, Instant, Policy, Repeat};

use super::Settings;
use crate::Rules;
use crate::client::{Addresses, AddressesError, Client, Event, Gates, Report};

/// The default of [`Settings::replay_limit`]: 64 KiB.
const REPLAY: usize = 64 << 10;

impl<C: Client> Settings<C> {
    /// Returns the policy.
    pub fn get_policy(&self) -> &Policy {
        static DEFAULT: Policy = Policy::exponential(std::time::Duration::from_millis(100));
        self.policy.as_ref().unwrap_or(&DEFAULT)
    }

    /// Returns the rules.
    pub fn get_rules(&self) -> &Rules {
        static DEFAULT: Rules = Rules::new();
        self.rules.as_deref().unwrap_or(&DEFAULT)
    }

    /// Returns which failures may be followed by another attempt, if that was set.
    #[must_use]
    pub const fn get_repeat(&self) -> Option<Repeat> {
        self.repeat
    }

    /// Returns the seed, if one was set.
    #[must_use]
    pub const fn get_seed(&self) -> Option<u64> {
        self.seed
    }

    /// Returns how many bytes of an answer's body are part of an attempt, if they are.
    #[must_use]
    pub const fn get_whole_body(&self) -> Option<usize> {
        self.whole_body
    }

    /// Returns how many bytes of a body from a reader are buffered.
    #[must_use]
    pub fn get_replay_limit(&self) -> usize {
        self.replay.unwrap_or(REPLAY)
    }

    /// Returns the addresses that take the place of the request's, if there are any.
    ///
    /// # Errors
    ///
    /// Says what is wrong with one of them.
    pub fn get_addresses(&self) -> Result<Option<&Addresses>, AddressesError> {
        self.addresses.as_ref().map(Result::as_ref).transpose().map_err(Clone::clone)
    }

    /// Returns whether the addresses are a replica set.
    #[must_use]
    pub const fn has_set(&self) -> bool {
        matches!(self.addresses, Some(Ok(Addresses::Set(_))))
    }

    /// Adds the key of a call to its headers, if one is wanted and there is none. Do so before the rules are asked whether
    /// the request may be repeated.
    pub fn add_key(&self, headers: &mut HeaderMap) {
        self.headers.begin(headers);
    }

    /// Adds the marks of an attempt to its headers, in place of those of an earlier one.
    pub fn add_marks(&self, headers: &mut HeaderMap, attempt: &Attempt) {
        self.headers.send(headers, attempt);
    }

    /// Returns the gates of a call to this address.
    #[must_use]
    pub fn gates(&self, uri: &Uri) -> Gates {
        Gates::new(self.gate.clone(), self.per_host.as_ref().map(|hosts| hosts.gate(uri, Instant::now())))
    }

    /// Returns whether the address of a request is looked at: for its gate, for replicas, or for a report.
    #[must_use]
    pub const fn looks_at_address(&self) -> bool {
        self.per_host.is_some() || self.addresses.is_some() || self.wants_report()
    }

    /// Returns whether an attempt is only sent and judged: there are no gate, no hook, no other addresses and no report, the
    /// head is all of an answer, and no clock has to be read.
    #[must_use]
    pub fn are_simple(&self) -> bool {
        self.get_policy().is_timeless() && self.are_unwatched()
    }

    /// Returns whether an attempt is only sent and judged, be it within a time limit: there is one lane, and besides that
    /// what [`are_simple`](Self::are_simple) says but for the clock.
    #[must_use]
    pub fn are_unwatched(&self) -> bool {
        let policy = self.get_policy();
        policy.get_lanes() <= 1
            && policy.validate().is_ok()
            && self.get_rules().validate().is_ok()
            && self.addresses.is_none()
            && self.headers.is_empty()
            && self.gate.is_none()
            && self.per_host.is_none()
            && self.whole_body.is_none()
            && self.hook.is_none()
            && !self.wants_report()
    }

    /// Returns whether a report is wanted.
    #[must_use]
    pub const fn wants_report(&self) -> bool {
        self.with_report || self.slot.is_some() || self.report_hook.is_some()
    }

    /// Returns whether a hook wants to see every decision.
    #[must_use]
    pub const fn has_hook(&self) -> bool {
        self.hook.is_some()
    }

    /// Shows a decision to the hook, if there is one.
    pub fn show(&self, event: &Event<'_, C>) {
        if let Some(hook) = &self.hook {
            hook(event);
        }
    }

    /// Hands the report of a call to the hook and the slot that want it.
    pub fn tell(&self, report: &Report<C>)
    where
        C::Timeout: Clone,
    {
        if let Some(hook) = &self.report_hook {
            hook(report);
        }
        if let Some(slot) = &self.slot {
            slot.put(report.clone());
        }
    }

    /// Returns the name that metrics of these calls have, if they have one.
    #[cfg(feature = "metrics")]
    #[must_use]
    pub const fn get_metrics_name(&self) -> Option<&'static str> {
        self.metrics_name
    }
}

//! The words that add settings to whatever takes them: a client, its builder, one request.

use std::sync::Arc;

use http::{HeaderName, Uri};
use insist_core::{Gate, Policy, Repeat};

use super::{Client, Event, ReplicaSet, Report, ReportSlot, Settings};
use crate::{Hosts, Rules};

/// Sets how the calls of a client, or of one request, are retried. Its methods are those of [`Settings`].
pub trait Insist<C: Client>: Sized {
    /// Lays these settings over the present ones.
    fn insist(self, settings: &Settings<C>) -> Self;

    /// Sets how often, how long and how far apart. See [`Settings::policy`].
    #[must_use]
    fn policy(self, policy: Policy) -> Self {
        self.insist(&Settings::new().policy(policy))
    }

    /// Sets which answers are retried. See [`Settings::rules`].
    #[must_use]
    fn rules(self, rules: Rules) -> Self {
        self.insist(&Settings::new().rules(rules))
    }

    /// Sets which failures may be followed by another attempt. See [`Settings::repeat`].
    #[must_use]
    fn repeat(self, repeat: Repeat) -> Self {
        self.insist(&Settings::new().repeat(repeat))
    }

    /// Allows another attempt after any failure. See [`Settings::repeatable`].
    #[must_use]
    fn repeatable(self) -> Self {
        self.insist(&Settings::new().repeatable())
    }

    /// Gives each call an idempotency key of its own. See [`Settings::idempotency_key`].
    #[must_use]
    fn idempotency_key(self) -> Self {
        self.insist(&Settings::new().idempotency_key())
    }

    /// Sends the number of each attempt in this header. See [`Settings::attempt_header`].
    #[must_use]
    fn attempt_header(self, name: HeaderName) -> Self {
        self.insist(&Settings::new().attempt_header(name))
    }

    /// Sends the time that each attempt may take in this header. See [`Settings::timeout_header`].
    #[must_use]
    fn timeout_header(self, name: HeaderName) -> Self {
        self.insist(&Settings::new().timeout_header(name))
    }

    /// Sets the seed that the waits are drawn from. See [`Settings::seed`].
    #[must_use]
    fn seed(self, seed: u64) -> Self {
        self.insist(&Settings::new().seed(seed))
    }

    /// Makes the body of the answer part of each attempt. See [`Settings::whole_body`].
    #[must_use]
    fn whole_body(self, limit: usize) -> Self {
        self.insist(&Settings::new().whole_body(limit))
    }

    /// Sets how many bytes of a body from a reader are buffered. See [`Settings::replay_limit`].
    #[must_use]
    fn replay_limit(self, bytes: usize) -> Self {
        self.insist(&Settings::new().replay_limit(bytes))
    }

    /// Sets several addresses, which attempts use in turn. See [`Settings::replicas`].
    #[must_use]
    fn replicas<I>(self, replicas: I) -> Self
    where
        I: IntoIterator,
        Uri: TryFrom<I::Item>,
        <Uri as TryFrom<I::Item>>::Error: Into<http::Error>,
    {
        self.insist(&Settings::new().replicas(replicas))
    }

    /// Sets several servers, whose health is tracked. See [`Settings::replica_set`].
    #[must_use]
    fn replica_set(self, replicas: &ReplicaSet) -> Self {
        self.insist(&Settings::new().replica_set(replicas))
    }

    /// Sets a gate that these calls share. See [`Settings::gate`].
    #[must_use]
    fn gate(self, gate: impl Gate + Send + Sync + 'static) -> Self {
        self.insist(&Settings::new().gate(gate))
    }

    /// Sets a gate for each host. See [`Settings::gate_per_host`].
    #[must_use]
    fn gate_per_host<G>(self, hosts: impl Into<Arc<Hosts<G>>>) -> Self
    where
        G: Gate + Send + Sync + 'static,
    {
        self.insist(&Settings::new().gate_per_host(hosts))
    }

    /// Sets a hook that is shown every decision. See [`Settings::notify`].
    #[must_use]
    fn notify(self, hook: impl Fn(&Event<'_, C>) + Send + Sync + 'static) -> Self {
        self.insist(&Settings::new().notify(hook))
    }

    /// Labels the metrics of these calls with a name. See [`Settings::metrics_as`].
    #[cfg(feature = "metrics")]
    #[must_use]
    fn metrics_as(self, name: &'static str) -> Self {
        self.insist(&Settings::new().metrics_as(name))
    }

    /// Sets a hook that is shown every report. See [`Settings::on_report`].
    #[must_use]
    fn on_report(self, hook: impl Fn(&Report<C>) + Send + Sync + 'static) -> Self {
        self.insist(&Settings::new().on_report(hook))
    }

    /// Puts the report into a slot. See [`Settings::report_to`].
    #[must_use]
    fn report_to(self, slot: &ReportSlot<C>) -> Self {
        self.insist(&Settings::new().report_to(slot))
    }

    /// Puts the report into the extensions of the response. See [`Settings::with_report`].
    #[must_use]
    fn with_report(self) -> Self {
        self.insist(&Settings::new().with_report())
    }
}

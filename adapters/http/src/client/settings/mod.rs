//! The settings of calls: set on a client, and changed per request.

mod read;

use std::fmt;
use std::sync::Arc;

use http::{HeaderName, Uri};
use insist_core::{Gate, Policy, Repeat};

use super::addresses::{self, Addresses, AddressesError};
use super::gates::{PerHost, Shared};
use super::{Client, Event, ReplicaSet, Report, ReportSlot};
use crate::{CallHeaders, Hosts, Rules};

/// A user's function that is shown every decision.
type Hook<C> = Arc<dyn Fn(&Event<'_, C>) + Send + Sync>;
/// A user's function that is shown every report.
pub type ReportHook<C> = Arc<dyn Fn(&Report<C>) + Send + Sync>;

/// The settings of calls. What a request's settings leave out is the client's, and then the default.
#[must_use = "settings do nothing until a client or a request insists on them"]
pub struct Settings<C: Client> {
    policy: Option<Policy>,
    rules: Option<Arc<Rules>>,
    repeat: Option<Repeat>,
    seed: Option<u64>,
    whole_body: Option<usize>,
    replay: Option<usize>,
    addresses: Option<Result<Addresses, AddressesError>>,
    headers: CallHeaders,
    gate: Option<Arc<Shared>>,
    per_host: Option<Arc<dyn PerHost>>,
    hook: Option<Hook<C>>,
    report_hook: Option<ReportHook<C>>,
    slot: Option<ReportSlot<C>>,
    #[cfg(feature = "metrics")]
    metrics_name: Option<&'static str>,
    with_report: bool,
}

impl<C: Client> Settings<C> {
    /// Makes empty settings.
    pub const fn new() -> Self {
        Self {
            policy: None,
            rules: None,
            repeat: None,
            seed: None,
            whole_body: None,
            replay: None,
            addresses: None,
            headers: CallHeaders::new(),
            gate: None,
            per_host: None,
            hook: None,
            report_hook: None,
            slot: None,
            #[cfg(feature = "metrics")]
            metrics_name: None,
            with_report: false,
        }
    }

    /// Lays these settings over others.
    pub fn over(&self, base: &Self) -> Self {
        Self {
            policy: self.policy.or(base.policy),
            rules: self.rules.as_ref().or(base.rules.as_ref()).cloned(),
            repeat: self.repeat.or(base.repeat),
            seed: self.seed.or(base.seed),
            whole_body: self.whole_body.or(base.whole_body),
            replay: self.replay.or(base.replay),
            addresses: self.addresses.as_ref().or(base.addresses.as_ref()).cloned(),
            headers: self.headers.over(&base.headers),
            gate: self.gate.as_ref().or(base.gate.as_ref()).cloned(),
            per_host: self.per_host.as_ref().or(base.per_host.as_ref()).cloned(),
            hook: self.hook.as_ref().or(base.hook.as_ref()).cloned(),
            report_hook: self.report_hook.as_ref().or(base.report_hook.as_ref()).cloned(),
            slot: self.slot.as_ref().or(base.slot.as_ref()).cloned(),
            #[cfg(feature = "metrics")]
            metrics_name: self.metrics_name.or(base.metrics_name),
            with_report: self.with_report || base.with_report,
        }
    }

    /// Sets how often, how long, how far apart. Default: [`Policy::default`].
    ///
    /// A call with an invalid policy sends nothing and fails with [`GaveUp::Policy`](crate::client::GaveUp::Policy).
    pub const fn policy(mut self, policy: Policy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// Sets which answers are retried. Default: [`Rules::new`].
    pub fn rules(mut self, rules: Rules) -> Self {
        self.rules = Some(Arc::new(rules));
        self
    }

    /// Sets which failures may be followed by another attempt. Default: decided by the [rules](Rules::repeat) for each
    /// request.
    ///
    /// With a body that can be sent only once, `Always` becomes [`Repeat::IfUnsent`].
    pub const fn repeat(mut self, repeat: Repeat) -> Self {
        self.repeat = Some(repeat);
        self
    }

    /// Allows another attempt after any failure, also of a POST: the same as `repeat(Repeat::Always)`.
    pub const fn repeatable(self) -> Self {
        self.repeat(Repeat::Always)
    }

    /// Gives each call an [`Idempotency-Key`](crate::IDEMPOTENCY_KEY) of its own, the same in all of its attempts, unless its
    /// request has one. Default: none is added.
    ///
    /// So a POST may be repeated, where the server knows the header and carries out no key twice.
    pub fn idempotency_key(mut self) -> Self {
        self.headers = self.headers.idempotency_key();
        self
    }

    /// Sends the number of each attempt in this header: `1`, `2` and so on, over all lanes. Default: it is not sent.
    ///
    /// No standard names such a header; agree on one with the server.
    pub fn attempt_header(mut self, name: HeaderName) -> Self {
        self.headers = self.headers.attempt(name);
        self
    }

    /// Sends the time that each attempt may take in this header, in whole milliseconds: the rest of the deadline, or the
    /// attempt timeout if that is shorter. Without either it is not sent. Default: it is not sent.
    pub fn timeout_header(mut self, name: HeaderName) -> Self {
        self.headers = self.headers.remaining_millis(name);
        self
    }

    /// Sets the seed that the waits are drawn from. Default: a random one for each call.
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Makes the body of the answer part of each attempt, and buffers up to this many bytes of it. Default: an attempt
    /// ends with the answer's head.
    ///
    /// A body that breaks off is then a failure that may be retried. An answer whose body is longer than the limit is
    /// accepted at its head, and the rest of its body is read as without this setting.
    pub const fn whole_body(mut self, limit: usize) -> Self {
        self.whole_body = Some(limit);
        self
    }

    /// Sets how many bytes of a body from a reader are buffered, so that it can be sent again. Default: 64 KiB.
    ///
    /// Empty bodies, bytes, strings, forms and JSON can always be sent again. A longer reader or file is sent again
    /// only if nothing of the request was sent. A longer body of any kind makes the call use one lane.
    pub const fn replay_limit(mut self, bytes: usize) -> Self {
        self.replay = Some(bytes);
        self
    }

    /// Sets several addresses that can serve the same call, which attempts use in turn: the first attempt the first,
    /// and so on. One that answers with a Retry-After is passed over until then; the call waits only if all do.
    ///
    /// They take the place of the request's own address, path and query included; its headers, also credentials, go to
    /// all of them. An empty list sets nothing. If one is invalid, the call fails and says
    /// which. Of this and [`replica_set`](Self::replica_set), the last one set counts.
    pub fn replicas<I>(mut self, replicas: I) -> Self
    where
        I: IntoIterator,
        Uri: TryFrom<I::Item>,
        <Uri as TryFrom<I::Item>>::Error: Into<http::Error>,
    {
        self.addresses = Some(addresses::read(replicas).map(Addresses::Listed));
        self
    }

    /// Sets several servers that can serve the same calls: each attempt goes to a healthy one. See [`ReplicaSet`].
    ///
    /// The headers of a request, also credentials, go to all of them.
    pub fn replica_set(mut self, replicas: &ReplicaSet) -> Self {
        self.addresses = Some(Ok(Addresses::Set(replicas.clone())));
        self
    }

    /// Sets a gate that these calls share: a budget, a breaker, a bulkhead, a tuple of gates, or an `Option`. Default:
    /// none.
    ///
    /// Keep an `Arc` of it to read its state. A call that it refuses returns its last answer or error; one that it
    /// refuses before the first attempt sends nothing, and fails with
    /// [`GaveUp::Refused`](crate::client::GaveUp::Refused). The report's `refusal` names the gate. A request's gate
    /// takes the place of its client's.
    pub fn gate(mut self, gate: impl Gate + Send + Sync + 'static) -> Self {
        self.gate = Some(Arc::new(gate));
        self
    }

    /// Sets a gate for each host, besides that of [`gate`](Self::gate), which is asked first. Default: none.
    ///
    /// The host is that of the request's own address, and does not change with redirects. Replicas are one service, so
    /// they share the gate of the host that the request names; a [`ReplicaSet`] tracks the health of each.
    pub fn gate_per_host<G>(mut self, hosts: impl Into<Arc<Hosts<G>>>) -> Self
    where
        G: Gate + Send + Sync + 'static,
    {
        self.per_host = Some(hosts.into());
        self
    }

    /// Shows every decision of a call to this hook, as it is made. Default: none.
    ///
    /// It runs where the call is driven, for one decision at a time: in async code where the future is polled; in blocking
    /// code on the thread that made the call, or with several lanes on the thread of the attempt that led to the decision.
    ///
    /// Printed, an event is a line of a log: `20ms: attempt 1 ended: retry (io: connection refused); next in 70ms`.
    pub fn notify(mut self, hook: impl Fn(&Event<'_, C>) + Send + Sync + 'static) -> Self {
        self.hook = Some(Arc::new(hook));
        self
    }

    /// Labels the metrics of these calls with this name: `price`, for example. Default: no name.
    #[cfg(feature = "metrics")]
    pub const fn metrics_as(mut self, name: &'static str) -> Self {
        self.metrics_name = Some(name);
        self
    }

    /// Shows the report of each call to this hook when the call is over, whether it returned or gave up.
    pub fn on_report(mut self, hook: impl Fn(&Report<C>) + Send + Sync + 'static) -> Self {
        self.report_hook = Some(Arc::new(hook));
        self
    }

    /// Puts the report of the call into this slot when the call is over, whether it returned or gave up.
    ///
    /// For one request. On a client it holds the report of the call that ended last.
    pub fn report_to(mut self, slot: &ReportSlot<C>) -> Self {
        self.slot = Some(slot.clone());
        self
    }

    /// Puts the report of the call into the extensions of its response. Default: it is in none.
    pub const fn with_report(mut self) -> Self {
        self.with_report = true;
        self
    }
}

impl<C: Client> Clone for Settings<C> {
    fn clone(&self) -> Self {
        self.over(&Self::new())
    }
}

impl<C: Client> Default for Settings<C> {
    fn default() -> Self {
        Self::new()
    }
}

impl<C: Client> fmt::Debug for Settings<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("policy", &self.policy)
            .field("rules", &self.rules)
            .field("repeat", &self.repeat)
            .field("seed", &self.seed)
            .field("whole_body", &self.whole_body)
            .field("replay_limit", &self.replay)
            .field("replicas", &self.addresses)
            .field("headers", &self.headers)
            .field("has_gate", &self.gate.is_some())
            .field("has_gate_per_host", &self.per_host.is_some())
            .field("has_hook", &self.hook.is_some())
            .field("wants_report", &self.wants_report())
            .finish_non_exhaustive()
    }
}

//! What calls insist on: set on an agent, and changed per request.

use std::fmt;
use std::sync::Arc;

use insist::{Event, Policy, Repeat};
use insist_http::Rules;
use ureq::http::{self, Uri};

use crate::report::{Report, ReportSlot};

/// 64 KiB: how much of a request's body is kept, so that it can be sent again, unless something else is set.
const REPLAY: usize = 64 << 10;

/// A user's function that is shown something.
type Hook<T> = Arc<dyn Fn(&T) + Send + Sync>;

/// What calls insist on. What it does not say is left to the agent, and at last to the defaults.
///
/// ```
/// use insist_ureq::{Policy, Rules, Settings};
/// use std::time::Duration;
///
/// let eventually = Settings::new()
///     .policy(Policy::constant(Duration::from_millis(200)).attempts(10))
///     .rules(Rules::new().retry_status(404));
/// ```
#[derive(Clone, Default)]
#[must_use = "settings do nothing until an agent or a request insists on them"]
pub struct Settings {
    policy: Option<Policy>,
    rules: Option<Arc<Rules>>,
    repeat: Option<Repeat>,
    seed: Option<u64>,
    whole_body: Option<usize>,
    replay: Option<usize>,
    replicas: Option<Result<Arc<[Uri]>, Arc<str>>>,
    pub(crate) hook: Option<Hook<Event>>,
    pub(crate) report_hook: Option<Hook<Report>>,
    pub(crate) slot: Option<ReportSlot>,
    with_report: bool,
}

impl Settings {
    /// Settings that say nothing.
    pub const fn new() -> Self {
        Self {
            policy: None,
            rules: None,
            repeat: None,
            seed: None,
            whole_body: None,
            replay: None,
            replicas: None,
            hook: None,
            report_hook: None,
            slot: None,
            with_report: false,
        }
    }

    /// These settings, and where they say nothing those.
    pub(crate) fn over(&self, base: &Self) -> Self {
        Self {
            policy: self.policy.or(base.policy),
            rules: self.rules.as_ref().or(base.rules.as_ref()).cloned(),
            repeat: self.repeat.or(base.repeat),
            seed: self.seed.or(base.seed),
            whole_body: self.whole_body.or(base.whole_body),
            replay: self.replay.or(base.replay),
            replicas: self.replicas.as_ref().or(base.replicas.as_ref()).cloned(),
            hook: self.hook.as_ref().or(base.hook.as_ref()).cloned(),
            report_hook: self.report_hook.as_ref().or(base.report_hook.as_ref()).cloned(),
            slot: self.slot.as_ref().or(base.slot.as_ref()).cloned(),
            with_report: self.with_report || base.with_report,
        }
    }

    pub(crate) fn get_policy(&self) -> &Policy {
        static DEFAULT: Policy = Policy::exponential(std::time::Duration::from_millis(100));
        self.policy.as_ref().unwrap_or(&DEFAULT)
    }

    pub(crate) fn get_rules(&self) -> &Rules {
        static DEFAULT: Rules = Rules::new();
        self.rules.as_deref().unwrap_or(&DEFAULT)
    }

    pub(crate) const fn get_repeat(&self) -> Option<Repeat> {
        self.repeat
    }

    pub(crate) const fn get_seed(&self) -> Option<u64> {
        self.seed
    }

    pub(crate) const fn get_whole_body(&self) -> Option<usize> {
        self.whole_body
    }

    pub(crate) fn get_replay(&self) -> usize {
        self.replay.unwrap_or(REPLAY)
    }

    /// The replicas, if there are any, or what is wrong with one of them.
    pub(crate) fn get_replicas(&self) -> Result<&[Uri], Arc<str>> {
        match &self.replicas {
            None => Ok(&[]),
            Some(Ok(replicas)) => Ok(replicas),
            Some(Err(problem)) => Err(Arc::clone(problem)),
        }
    }

    /// Whether the first attempt of a call needs nothing but to be sent and judged.
    pub(crate) fn are_simple(&self) -> bool {
        let policy = self.get_policy();
        policy.is_timeless()
            && policy.validate().is_ok()
            && self.get_rules().validate().is_ok()
            && self.replicas.is_none()
            && self.whole_body.is_none()
            && self.hook.is_none()
            && !self.wants_report()
    }

    /// Whether somebody wants a report.
    pub(crate) const fn wants_report(&self) -> bool {
        self.with_report || self.slot.is_some() || self.report_hook.is_some()
    }

    /// How often, how long, how far apart. Default: [`Policy::default`].
    ///
    /// A call with an invalid policy sends nothing and fails with `Error::Other`.
    pub const fn policy(mut self, policy: Policy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// Which answers are retried. Default: [`Rules::new`].
    pub fn rules(mut self, rules: Rules) -> Self {
        self.rules = Some(Arc::new(rules));
        self
    }

    /// Which failures may be followed by another attempt. Default: what the [rules](Rules::repeat) say of the request.
    ///
    /// A body that can be sent only once makes it [`Repeat::IfUnsent`] at most.
    pub const fn repeat(mut self, repeat: Repeat) -> Self {
        self.repeat = Some(repeat);
        self
    }

    /// Any failure may be followed by another attempt, also that of a POST: the same as `repeat(Repeat::Always)`.
    pub const fn repeatable(self) -> Self {
        self.repeat(Repeat::Always)
    }

    /// The seed that the waits are drawn from. Default: a random one for each call.
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Makes each attempt include the body of its answer, which is kept in memory up to this many bytes.
    ///
    /// A body that breaks off is then a failure that may be retried. One that is longer than the limit is handed on as
    /// it is without this setting: the answer is accepted at its head. Default: at the head.
    pub const fn whole_body(mut self, limit: usize) -> Self {
        self.whole_body = Some(limit);
        self
    }

    /// How many bytes of a request's body are kept so that it can be sent again. Default: 64 KiB.
    ///
    /// Of bodies that are read from somewhere: nothing, bytes, strings, forms and JSON can always be sent again. A body
    /// that is longer is sent once, and again only if nothing of the request was sent. So is, with several lanes, a
    /// body of any kind that is longer.
    pub const fn replay_limit(mut self, bytes: usize) -> Self {
        self.replay = Some(bytes);
        self
    }

    /// Several addresses that can serve the same call: attempt N goes to number (N − 1) modulo their count.
    ///
    /// They take the place of the request's own address, path and query included; its headers, credentials too, go to
    /// all of them. An empty list is none. If one is no address, the call fails with `Error::BadUri` and says which.
    pub fn replicas<I>(mut self, replicas: I) -> Self
    where
        I: IntoIterator,
        Uri: TryFrom<I::Item>,
        <Uri as TryFrom<I::Item>>::Error: Into<http::Error>,
    {
        let replicas = replicas.into_iter().enumerate().map(|(index, replica)| {
            Uri::try_from(replica).map_err(|error| {
                let error: http::Error = error.into();
                format!("replica {} is not an address: {error}", index + 1).into()
            })
        });
        self.replicas = Some(replicas.collect());
        self
    }

    /// Shows every decision of a call to this hook, as it is made, on the thread that made the call.
    pub fn notify(mut self, hook: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.hook = Some(Arc::new(hook));
        self
    }

    /// Shows the report of each call to this hook when the call is over, whether it returned or gave up.
    pub fn on_report(mut self, hook: impl Fn(&Report) + Send + Sync + 'static) -> Self {
        self.report_hook = Some(Arc::new(hook));
        self
    }

    /// Puts the report of the call into this slot when the call is over, whether it returned or gave up.
    ///
    /// For one request. On an agent it holds the report of the call that ended last.
    pub fn report_to(mut self, slot: &ReportSlot) -> Self {
        self.slot = Some(slot.clone());
        self
    }

    /// Puts the report of the call into the extensions of its response. See [`Report`].
    pub const fn with_report(mut self) -> Self {
        self.with_report = true;
        self
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("policy", &self.policy)
            .field("rules", &self.rules)
            .field("repeat", &self.repeat)
            .field("seed", &self.seed)
            .field("whole_body", &self.whole_body)
            .field("replay_limit", &self.replay)
            .field("replicas", &self.replicas)
            .finish_non_exhaustive()
    }
}

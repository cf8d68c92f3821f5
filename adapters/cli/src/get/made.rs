//! Makes a call. In one lane the body is a part of its attempt; in a race the head decides, and a body that breaks off afterwards
//! is continued in one lane, by what is left of the policy.

use std::sync::Arc;

use http::Response;
use insist_core::{FailedAt, Policy, WrittenReport};
use insist_ureq::insisting::{Event, Receive, Report};
use insist_ureq::{Agent, Body, Error};

use super::Get;
use super::download::{Download, is_broken};
use super::report::{About, Told};
use crate::fetch::{Common, Fetch, Fetched};

/// A call that was made, and the one that continued it.
pub(super) struct Made {
    pub(super) result: Result<Response<Body>, Error>,
    /// The report of the call, and that of the one that continued it.
    pub(super) reports: Vec<Report>,
}

impl Made {
    /// Makes a call. `hook` makes what is shown each decision.
    pub(super) fn of<H>(mut fetch: Fetch, agent: &Agent, download: &Arc<Download>, hook: impl Fn() -> H) -> Self
    where
        H: Fn(&Event<'_>) + Send + Sync + 'static,
    {
        let is_raced = fetch.is_raced();
        let receive = Some(Arc::clone(download) as Arc<dyn Receive>);
        if !is_raced {
            fetch.receive = receive;
            let Fetched { result, report } = fetch.run_with(agent, hook());
            return Self { result, reports: report.into_iter().collect() };
        }
        let again = fetch.clone();
        let Fetched { result, report } = fetch.run_with(agent, hook());
        let mut reports: Vec<Report> = report.into_iter().collect();
        let is_accepted = reports.first().is_some_and(|report| report.reason.is_none());
        let result = match result {
            Ok(answer) if is_accepted => download.receive(answer),
            result => return Self { result, reports },
        };
        let left = reports.first().and_then(|report| left(&again.common.policy, report));
        match (result, left) {
            (Err(error), Some(policy)) if is_broken(&error) => {
                let common = Arc::new(Common { policy, ..Common::clone(&again.common) });
                let agent = common.agent(agent);
                let Fetched { result, report } = Fetch { common, receive, ..again }.run_with(&agent, hook());
                reports.extend(report);
                Self { result, reports }
            }
            (result, _) => Self { result, reports },
        }
    }

    /// Returns how many attempts were made.
    pub(super) fn attempts(&self) -> u32 {
        self.reports.iter().map(|report| report.attempts).sum()
    }
}

/// Returns what is left of a policy after a call, for one lane.
fn left(policy: &Policy, report: &Report) -> Option<Policy> {
    let policy = policy.lanes(1);
    let policy = match policy.get_attempts() {
        Some(attempts) => policy.attempts(attempts.checked_sub(report.attempts).filter(|left| *left > 0)?),
        None => policy,
    };
    match policy.get_deadline() {
        Some(deadline) => {
            let spent = insist_core::Instant::now().saturating_since(report.started);
            Some(policy.deadline(deadline.checked_sub(spent).filter(|left| !left.is_zero())?))
        }
        None => Some(policy),
    }
}

impl Get {
    /// Makes the JSON of a call, joined with that of the one that continued it.
    pub(super) fn written(
        &self,
        made: &[Report],
        about: &About,
        status: Option<u16>,
        broken: Option<String>,
    ) -> Option<WrittenReport> {
        let hides_queries = self.hide_queries;
        let told = |report| Told { report, fetch: about, hides_queries };
        match made {
            [] => None,
            [one] => Some(told(one).json(status, broken)),
            [one, other, ..] => {
                let begun = told(one).json(None, Some("the body broke off".into()));
                Some(joined(begun, told(other).json(status, broken)))
            }
        }
    }
}

/// Joins the report of a race whose body broke off with that of the call that continued it.
fn joined(mut begun: WrittenReport, then: WrittenReport) -> WrittenReport {
    let (attempts, started) = (begun.attempts, begun.started_unix_ns.unwrap_or_default());
    let later = then.started_unix_ns.unwrap_or_default().saturating_sub(started);
    for entry in begun.log.iter_mut().filter(|entry| entry.failed_at == Some(FailedAt::Body)) {
        entry.verdict = Some("retry".into());
        entry.sent = Some(insist_core::Sent::Maybe);
        entry.ended_ns = Some(later);
    }
    for mut entry in then.log {
        entry.attempt += attempts;
        entry.kind = insist_core::Kind::Retry;
        entry.sent_ns += later;
        entry.ended_ns = entry.ended_ns.map(|ended| ended + later);
        begun.log.push(entry);
    }
    begun.winner = then.winner.map(|mut winner| {
        winner.attempt += attempts;
        winner
    });
    begun.outcome = then.outcome;
    (begun.reason, begun.refusal, begun.hint_ns) = (then.reason, then.refusal, then.hint_ns);
    begun.status = then.status;
    begun.attempts += then.attempts;
    begun.retries += then.attempts;
    begun.elapsed_ns = later + then.elapsed_ns;
    begun.dropped += then.dropped;
    begun
}

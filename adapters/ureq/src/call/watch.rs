//! Watches a call: judges its outcomes for gates and replicas, shows its events, and completes its report.

use std::borrow::Borrow;

use insist_core::{Event, Reason, Verdict};
use insist_http::client::{Gates, Targets, shown};
use ureq::http::Response;

use super::outcome::{Ended, Failed, Outcome, ended};
use crate::client::{Detail, Report, Settings, Ureq};

/// The parts of a call that see what becomes of its attempts.
pub(super) struct Watch<S, K> {
    pub(super) settings: S,
    pub(super) targets: Targets,
    pub(super) gates: K,
}

impl<S: Borrow<Settings>, K: Borrow<Gates>> Watch<S, K> {
    /// Returns the verdict on an outcome, and shows its status to the gates, which hear of the attempt's end next.
    pub(super) fn judged(&self, attempt: u32, outcome: &Outcome) -> Verdict {
        let ended = ended(outcome);
        let answer = ended.and_then(|ended| ended.result.as_ref().ok());
        self.gates.borrow().judged(answer.map(Response::status));
        self.targets.judged(attempt, ended.map_or(Verdict::Stop, |ended| ended.verdict))
    }

    pub(super) fn see(&self, event: &Event<'_, Ended, Failed>) {
        self.targets.see(event);
        let settings = self.settings.borrow();
        if settings.has_hook() {
            if let Some(event) = shown::<Ureq, _, _>(event, |outcome| Some(&ended(outcome)?.result)) {
                settings.show(&event);
            }
        }
    }

    /// Makes the report's detail of an attempt with this outcome.
    pub(super) fn detail(&self, outcome: &Outcome) -> Detail {
        let Some(ended) = ended(outcome) else { return Detail::default() };
        let mut detail: Detail = self.targets.detail(ended.attempt);
        match &ended.result {
            Ok(answer) => detail.status = Some(answer.status().as_u16()),
            Err(error) => {
                detail.timeout = if let ureq::Error::Timeout(timeout) = error { Some(*timeout) } else { None };
                detail.error = Some(error.to_string());
            }
        }
        detail
    }

    pub(super) fn told(
        &self,
        (result, mut report): (Result<Ended, insist_core::GaveUp<Failed, Ended>>, Report),
    ) -> (Outcome, Option<Report>) {
        self.targets.complete::<Ureq>(&mut report);
        let outcome = result.or_else(|gave_up| match gave_up.split() {
            (Some(last), _) => last,
            (None, none) => Err(Failed::Call(none)),
        });
        if report.reason == Some(Reason::Stopped) && ended(&outcome).is_some_and(|ended| ended.is_spent) {
            report.reason = Some(Reason::NotRepeatable);
        }
        (outcome, Some(report))
    }
}

//! Makes a call with several lanes: the first attempt on the caller's thread if it can be interrupted there, and the
//! losers are cancelled.

use std::sync::Arc;

use insist_blocking::{LiveAttempt, race};
use insist_core::{Event, Numbered, Policy, Verdict};
use insist_http::client::Gates;
use ureq::http::request::Parts;

use super::attempt::Sender;
use super::core::Core;
use super::drive::seen;
use super::outcome::{Ended, Failed, Outcome};
use super::request_body::Buffered;
use super::watch::Watch;
use crate::client::{Report, Settings};
use crate::transport::Cancel;

/// A call with several lanes, with all that its threads need.
pub(super) struct Race {
    pub(super) policy: Policy,
    pub(super) sender: Arc<Sender<Arc<Core>, Arc<Settings>>>,
    pub(super) watch: Arc<Watch<Arc<Settings>, Arc<Gates>>>,
    pub(super) seed: Option<u64>,
    /// True if an attempt returns soon after it is cancelled, whatever it is doing.
    pub(super) is_interruptible: bool,
}

/// Makes a call with or without a report.
macro_rules! made {
    ($race:expr, $call:expr) => {
        if $race.watch.settings.wants_report() {
            let watch = Arc::clone(&$race.watch);
            let told = seen!($call, $race.watch.settings).report_with(move |outcome| watch.detail(outcome));
            $race.watch.told(told)
        } else {
            (seen!($call, $race.watch.settings).call(), None)
        }
    };
}

impl Race {
    /// Makes the call of a request with this body.
    pub(super) fn make(self, parts: Parts, body: Option<Buffered>) -> (Outcome, Option<Report>) {
        let Self { policy, sender, watch, seed, is_interruptible } = &self;
        let (sender, route) = (Arc::clone(sender), watch.targets.route().clone());
        let operation = move |attempt: &LiveAttempt<'_>| {
            let cancel = Arc::new(Cancel::default());
            attempt.on_cancel({
                let cancel = Arc::clone(&cancel);
                move || cancel.cancel()
            });
            let (target, mut payload) = (route.target(attempt.id), body.clone().into());
            let mut parts = parts.clone();
            let mut outcome = sender.send(attempt, &mut parts, target, &mut payload, Some(Arc::clone(&cancel)));
            if cancel.end() {
                // A cancelled attempt's error looks like a closed connection, and must not be retried.
                match &mut outcome {
                    Ok(ended) => ended.verdict = Verdict::Stop,
                    Err(Failed::Attempt(ended)) => ended.verdict = Verdict::Stop,
                    Err(Failed::Call(_)) => {}
                }
            }
            outcome
        };
        let (judges, sees) = (Arc::clone(watch), Arc::clone(watch));
        let mut call = race(*policy, operation)
            .judge_with(Numbered(move |attempt, outcome: &Outcome| judges.judged(attempt, outcome)))
            .gate(Arc::clone(&watch.gates))
            .notify(move |event: &Event<'_, Ended, Failed>| sees.see(event));
        if let Some(seed) = seed {
            call = call.seed(*seed);
        }
        if *is_interruptible { made!(self, call.first_on_caller()) } else { made!(self, call) }
    }
}

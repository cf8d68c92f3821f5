//! The written form of a report, version 1: what every driver's report becomes in a file, and what a replay reads again.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::action::Reason;
use crate::attempt::{AttemptEnd, Kind};
use crate::log::Entry;
use crate::policy::Policy;
use crate::report::{Report, Winner};
use crate::time::{Instant, nanos};
use crate::verdict::{Failure, Hint, Repeat, Sent, Verdict};

/// A report as it is written: plain data of version 1, the same for every driver, that can be read again and has what a replay
/// needs. Times are in nanoseconds since the call began.
///
/// Fields that a later version adds are ignored by this one; those that a writer left out are `None`.
///
/// ```
/// use core::time::Duration;
/// use insist_core::{NoDetail, Policy, Repeat, Report, Told, WrittenReport};
///
/// fn write(report: &Report<NoDetail>, policy: &Policy) -> serde_json::Result<String> {
///     let written = report.written(policy, Repeat::Always, |_| Told::default());
///     serde_json::to_string(&written)
/// }
///
/// fn read(line: &str) -> serde_json::Result<WrittenReport> {
///     serde_json::from_str(line)
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WrittenReport {
    /// The version of this form: 1.
    pub version: u32,
    /// `returned` or `gave_up`.
    pub outcome: String,
    /// The reason for giving up.
    pub reason: Option<Reason>,
    /// The words of the gate that refused.
    pub refusal: Option<String>,
    /// The largest hint that was too long to wait for.
    #[serde(default)]
    pub hint_ns: Option<u64>,
    /// True if the result is the fallback's.
    #[serde(default)]
    pub fell_back: bool,
    /// The status of the last answer, if the driver has statuses.
    #[serde(default)]
    pub status: Option<u16>,
    /// The number of attempts that were sent.
    pub attempts: u32,
    /// The number of those that came after the first of their lane.
    pub retries: u32,
    /// The number of lanes that were opened after the first.
    pub hedges: u32,
    /// The attempt whose result was returned.
    pub winner: Option<Winner>,
    /// The start of the call, in nanoseconds since 1970, if the driver knows it.
    #[serde(default)]
    pub started_unix_ns: Option<u64>,
    /// The span from the start to the end.
    pub elapsed_ns: u64,
    /// The seed.
    pub seed: u64,
    /// The policy.
    #[serde(default)]
    pub policy: Option<Policy>,
    /// Says which failures might be followed by another attempt.
    #[serde(default)]
    pub repeat: Option<Repeat>,
    /// True if attempts were made one at a time by the caller, so that nothing cancelled one that took too long: it ended itself.
    #[serde(default)]
    pub is_on_caller: bool,
    /// The gates, in words, if there were any.
    #[serde(default)]
    pub gates: Option<String>,
    /// Every attempt.
    pub log: Vec<WrittenAttempt>,
    /// The number of attempts that came after those of the log.
    #[serde(default)]
    pub dropped: u32,
}

/// One attempt of a written report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WrittenAttempt {
    /// Its id.
    pub attempt: u32,
    /// Its lane, from 0.
    pub lane: u8,
    /// The number of sends that its lane made before it.
    pub retry: u32,
    /// First send, retry or hedge.
    pub kind: Kind,
    /// The target that it was sent to, if the driver knows.
    #[serde(default)]
    pub target: String,
    /// When it was sent.
    pub sent_ns: u64,
    /// When it ended, if it has.
    pub ended_ns: Option<u64>,
    /// The time that it had.
    #[serde(default)]
    pub timeout_ns: Option<u64>,
    /// The word of its end: that of a verdict, or of a cancel.
    pub verdict: Option<String>,
    /// Says whether it may have reached the server, if its outcome was a failure.
    #[serde(default)]
    pub sent: Option<Sent>,
    /// True if the server turned it away because it had too much to do.
    #[serde(default)]
    pub throttled: bool,
    /// The wait that its outcome asked for.
    #[serde(default)]
    pub retry_after_ns: Option<u64>,
    /// True if that wait was to be exact, and not the least.
    #[serde(default)]
    pub is_exact: bool,
    /// Says how far it came, if it failed and the driver knows.
    #[serde(default)]
    pub failed_at: Option<FailedAt>,
    /// The status of its answer.
    #[serde(default)]
    pub status: Option<u16>,
    /// Its error.
    #[serde(default)]
    pub error: Option<String>,
}

/// Says how far a failed attempt came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FailedAt {
    /// There was no connection, or nothing was sent on it.
    Connect,
    /// The answer's head did not come, or told of the failure.
    Head,
    /// The answer's body broke off.
    Body,
}

/// Tells of an attempt what the driver knows and the log does not.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Told {
    /// The target that it was sent to.
    pub target: String,
    /// The status of its answer.
    pub status: Option<u16>,
    /// Its error.
    pub error: Option<String>,
    /// Says how far it came. Default: worked out of whether it was sent.
    pub failed_at: Option<FailedAt>,
    /// The end to be shown, if the attempt knows better than the log: one that ended itself at its timeout.
    pub end: Option<AttemptEnd>,
}

impl Told {
    /// Sets where it was sent.
    #[must_use]
    pub fn target(mut self, target: String) -> Self {
        self.target = target;
        self
    }

    /// Sets the status of its answer.
    #[must_use]
    pub const fn status(mut self, status: Option<u16>) -> Self {
        self.status = status;
        self
    }

    /// Sets its error.
    #[must_use]
    pub fn error(mut self, error: Option<String>) -> Self {
        self.error = error;
        self
    }

    /// Sets how far it came.
    #[must_use]
    pub const fn failed_at(mut self, failed_at: Option<FailedAt>) -> Self {
        self.failed_at = failed_at;
        self
    }

    /// Sets the end to be shown.
    #[must_use]
    pub const fn end(mut self, end: Option<AttemptEnd>) -> Self {
        self.end = end;
        self
    }
}

impl<D> Report<D> {
    /// Makes the written form. The function tells what the driver knows of each attempt.
    ///
    /// What the driver knows of the call itself is set afterwards: the status, the start by the clock on the wall, the gates.
    pub fn written(&self, policy: &Policy, repeat: Repeat, tell: impl Fn(&Entry<D>) -> Told) -> WrittenReport {
        let outcome = if self.reason.is_none() { "returned" } else { "gave_up" };
        WrittenReport {
            version: 1,
            outcome: outcome.to_string(),
            reason: self.reason,
            refusal: self.refusal.map(|refusal| refusal.to_string()),
            hint_ns: self.hint.map(nanos),
            fell_back: self.fell_back,
            status: None,
            attempts: self.attempts,
            retries: self.retries,
            hedges: self.hedges,
            winner: self.winner,
            started_unix_ns: None,
            elapsed_ns: nanos(self.elapsed),
            seed: self.seed,
            policy: Some(*policy),
            repeat: Some(repeat),
            is_on_caller: false,
            gates: None,
            log: self.log.entries().iter().map(|entry| WrittenAttempt::of(entry, self.started, tell(entry))).collect(),
            dropped: self.log.dropped(),
        }
    }
}

impl WrittenAttempt {
    fn of<D>(entry: &Entry<D>, started: Instant, told: Told) -> Self {
        let since = |at: Instant| nanos(at.saturating_since(started));
        let failure = match entry.end {
            Some(AttemptEnd::Retry(failure)) => Some(failure),
            _ => None,
        };
        let hint = failure.and_then(|failure| failure.hint);
        let end = told.end.or(entry.end);
        let failed_at = told.failed_at.or(failure.map(|failure| match failure.sent {
            Sent::No => FailedAt::Connect,
            Sent::Maybe => FailedAt::Head,
        }));
        Self {
            attempt: entry.attempt,
            lane: entry.lane,
            retry: entry.retry,
            kind: entry.kind,
            target: told.target,
            sent_ns: since(entry.sent),
            ended_ns: entry.ended.map(since),
            timeout_ns: entry.timeout.map(nanos),
            verdict: end.map(|end| end.as_str().to_string()),
            sent: failure.map(|failure| failure.sent),
            throttled: failure.is_some_and(|failure| failure.throttled),
            retry_after_ns: hint.map(|hint| nanos(hint.span())),
            is_exact: matches!(hint, Some(Hint::Exactly(_))),
            failed_at,
            status: told.status,
            error: told.error,
        }
    }

    /// Returns how long it took and the verdict on its outcome, if it had one; the machine cancels the others by itself.
    #[must_use]
    pub fn outcome(&self) -> Option<(Duration, Verdict)> {
        let took = Duration::from_nanos(self.ended_ns?.saturating_sub(self.sent_ns));
        let verdict = match (self.verdict.as_deref()?, self.sent) {
            ("accept", _) => Verdict::Accept,
            ("stop", _) => Verdict::Stop,
            // Also one that ended itself at its timeout: an outcome says whether it was sent.
            (_, Some(sent)) => {
                let wait = self.retry_after_ns.map(Duration::from_nanos);
                let hint = wait.map(|wait| if self.is_exact { Hint::Exactly(wait) } else { Hint::AtLeast(wait) });
                Verdict::Retry(Failure { sent, throttled: self.throttled, hint })
            }
            ("retry", None) => Verdict::retry(),
            _ => return None,
        };
        Some((took, verdict))
    }
}

impl WrittenReport {
    /// Makes the report of a call that was stopped before anything was sent.
    #[must_use]
    pub fn unsent(seed: u64) -> Self {
        Self {
            version: 1,
            outcome: "gave_up".to_string(),
            reason: Some(Reason::Stopped),
            refusal: None,
            hint_ns: None,
            fell_back: false,
            status: None,
            attempts: 0,
            retries: 0,
            hedges: 0,
            winner: None,
            started_unix_ns: None,
            elapsed_ns: 0,
            seed,
            policy: None,
            repeat: None,
            is_on_caller: false,
            gates: None,
            log: Vec::new(),
            dropped: 0,
        }
    }

    /// Returns the policy by which a replay decides as the call did: without the attempt timeout where the attempts ended
    /// themselves at it. `None` if the report does not tell its policy.
    #[must_use]
    pub fn replay_policy(&self) -> Option<Policy> {
        let policy = self.policy?;
        Some(if self.is_on_caller { policy.lanes(1).attempt_timeout(Duration::MAX) } else { policy })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Action, Call, Log, NoDetail, Script, play_with};

    /// Drives a call by hand, and makes its report.
    fn report(policy: &Policy, verdicts: &[Verdict]) -> Report<NoDetail> {
        let at = |millis: u64| Instant::from_nanos(millis * 1_000_000);
        let (mut log, mut now, mut sent) = (Log::<NoDetail>::new(), at(5), 0);
        let mut call = Call::new(policy, &(), now, 7);
        loop {
            let action = call.poll(now);
            log.on_action(now, &action);
            match action {
                Action::Send(attempt) => {
                    now = now.checked_add(Duration::from_millis(20)).unwrap();
                    let _ = call.handle(now, attempt.id, verdicts[sent]);
                    log.ended(attempt.id, now, verdicts[sent].into());
                    sent += 1;
                }
                Action::Wait { until, .. } => now = until.unwrap(),
                end => return Report::new(call.state(), end, at(5), now, log),
            }
        }
    }

    #[test]
    fn a_report_that_was_written_and_read_is_the_same_and_replays_the_call() {
        let policy = Policy::exponential(Duration::from_millis(100)).attempts(4).deadline(Duration::from_secs(60));
        let wait = Duration::from_millis(1500);
        let verdicts = [
            Verdict::retry().throttled().after(wait),
            Verdict::retry().unsent(),
            Verdict::retry().exactly_after(wait),
            Verdict::Accept,
        ];
        let report = report(&policy, &verdicts);
        let told = |_: &Entry<NoDetail>| Told::default().target("http://a/".to_string()).status(Some(503));
        let written = report.written(&policy, Repeat::Always, told);
        let text = serde_json::to_string(&written).unwrap();
        assert!(text.starts_with("{\"version\":1,\"outcome\":\"returned\","), "{text}");
        let read: WrittenReport = serde_json::from_str(&text).unwrap();
        assert_eq!(read, written);

        let outcomes = read.log.iter().map(|attempt| (attempt.attempt, attempt.outcome().unwrap()));
        let script = outcomes.fold(Script::new(), |script, (id, (after, verdict))| script.outcome(id, after, verdict));
        let timeline =
            play_with(&read.replay_policy().unwrap(), &(), Repeat::Always, Instant::ZERO, read.seed, &script);
        let sends: Vec<u64> = timeline
            .steps
            .iter()
            .filter(|step| matches!(step.action, Action::Send(_)))
            .map(|step| step.at.as_nanos())
            .collect();
        assert_eq!(sends, read.log.iter().map(|attempt| attempt.sent_ns).collect::<Vec<_>>());
        assert_eq!(verdicts, [0, 1, 2, 3].map(|at| read.log[at].outcome().unwrap().1));
    }

    #[test]
    fn fields_of_a_later_version_are_ignored_and_missing_ones_are_none() {
        let text = "{\"version\":1,\"outcome\":\"gave_up\",\"reason\":\"attempts\",\"refusal\":null,\"attempts\":1,\
                    \"retries\":0,\"hedges\":0,\"winner\":null,\"elapsed_ns\":5,\"seed\":7,\"later\":true,\
                    \"log\":[{\"attempt\":1,\"lane\":0,\"retry\":0,\"kind\":\"first\",\"sent_ns\":1,\"ended_ns\":4,\
                    \"verdict\":\"timeout\",\"more\":1}]}";
        let read: WrittenReport = serde_json::from_str(text).unwrap();
        assert_eq!((read.policy, read.repeat, read.status, read.dropped), (None, None, None, 0));
        assert_eq!(read.log[0].outcome(), None, "the machine cancelled it");
    }
}

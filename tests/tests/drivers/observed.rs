//! What a driver made of a scenario: its result, its report, what its hook saw, and what its gate was asked.

use insist_core::{Action, Admission, Decision, Event, GaveUp, Handled, Instant, Kind, Report, Settled, WaitReason};
use insist_tests::record::{Asked, Question};
use serde_json::{Value, json};

use crate::scenario::Failure;

/// What a driver made of a scenario.
#[derive(Debug)]
pub(crate) struct Observed {
    pub(crate) result: Result<u32, GaveUp<Failure, u32>>,
    pub(crate) report: Value,
    pub(crate) lines: String,
    pub(crate) started: Instant,
    pub(crate) seen: Seen,
    pub(crate) asked: Vec<Asked>,
}

impl Observed {
    pub(crate) fn new(
        result: Result<u32, GaveUp<Failure, u32>>,
        report: &Report,
        seen: Seen,
        asked: Vec<Asked>,
    ) -> Self {
        Self {
            result,
            report: serde_json::to_value(report).expect("a report is JSON"),
            lines: report.to_string(),
            started: report.started,
            seen,
            asked,
        }
    }

    /// The report of a clock that began when the call did.
    pub(crate) fn since_start(&self) -> Value {
        let mut report = self.report.clone();
        let start = report["started_ns"].as_u64().unwrap_or_default();
        let shift = |value: &mut Value| *value = json!(value.as_u64().map(|nanos| nanos - start));
        shift(&mut report["started_ns"]);
        for entry in report["log"]["entries"].as_array_mut().into_iter().flatten() {
            shift(&mut entry["sent_ns"]);
            shift(&mut entry["ended_ns"]);
        }
        report
    }
}

/// What a hook saw.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Decisions in order, with the error of each that failed. Waits are left out: how often a driver polls while it
    /// waits is its own affair.
    pub(crate) order: Vec<String>,
    /// Until when sends were held back by the gate.
    pub(crate) held: Vec<Instant>,
    /// What each verdict led to.
    pub(crate) handled: Vec<(u32, Handled)>,
}

impl Seen {
    pub(crate) fn see(&mut self, event: &Event<'_, u32, Failure>) {
        let line = match event.decision {
            Decision::Judged(judged) => {
                self.handled.push((judged.attempt, judged.handled));
                let error = judged.error().map(|error| format!(" ({error})")).unwrap_or_default();
                format!("{} ended: {}{error}", judged.attempt, judged.verdict.as_str())
            }
            Decision::Action(Action::Send(attempt)) => {
                let retry = match attempt.retry {
                    0 => String::new(),
                    retry => format!(" {retry}"),
                };
                format!("send {}: {}{retry} in lane {}", attempt.id, attempt.kind, attempt.lane)
            }
            Decision::Action(Action::Cancel { attempt, reason }) => format!("cancel {attempt}: {reason}"),
            Decision::Action(Action::Return(id)) => format!("return {id}"),
            Decision::Action(Action::GiveUp(give_up)) => format!("give up: {}", give_up.reason().as_str()),
            Decision::Action(Action::Wait { until, reason }) => {
                if let (Some(until), WaitReason::Gate) = (until, reason) {
                    self.held.push(until);
                    self.held.dedup();
                }
                return;
            }
            other => panic!("{other:?} is not known here"),
        };
        self.order.push(line);
    }
}

/// Whether whatever was reserved is sent or refunded, and whatever was admitted is settled.
pub(crate) fn gate_is_even(asked: &[Asked]) -> Result<(), String> {
    let count = |is: fn(&Question) -> bool| asked.iter().filter(|asked| is(&asked.question)).count();
    let reserved = count(|question| matches!(question, Question::Reserve(_, Ok(()))));
    let refunded = count(|question| matches!(question, Question::Refund(..)));
    let admitted = count(|question| matches!(question, Question::Admit(_, Admission::Yes)));
    let firsts =
        count(|question| matches!(question, Question::Admit(cause, Admission::Yes) if cause.kind == Kind::First));
    let unsent =
        count(|question| matches!(question, Question::Settle(cause, Settled::Unsent(_)) if cause.kind != Kind::First));
    let settled = count(|question| matches!(question, Question::Settle(..)));
    let sent_or_refunded = refunded + admitted - firsts - unsent;
    if reserved == sent_or_refunded && admitted == settled { Ok(()) } else { Err(format!("{asked:?}")) }
}

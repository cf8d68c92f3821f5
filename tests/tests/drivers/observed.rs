//! What a driver made of a scenario: its result, its report, the order of events, and what its gate was asked.

use insist_core::{Action, Admission, Decision, Event, GaveUp, Instant, Kind, Report, Settled};
use insist_tests::record::{Asked, Question};
use serde_json::{Value, json};

use crate::scenario::Failure;

/// What a driver made of a scenario.
#[derive(Debug)]
pub(crate) struct Observed {
    pub(crate) result: Result<u32, GaveUp<u32, Failure>>,
    pub(crate) report: Value,
    pub(crate) lines: String,
    pub(crate) started: Instant,
    pub(crate) order: Vec<String>,
    pub(crate) asked: Vec<Asked>,
}

impl Observed {
    pub(crate) fn new(
        result: Result<u32, GaveUp<u32, Failure>>,
        report: &Report,
        events: &[Event],
        asked: Vec<Asked>,
    ) -> Self {
        Self {
            result,
            report: serde_json::to_value(report).expect("a report is JSON"),
            lines: report.log.to_string(),
            started: report.started,
            order: events.iter().filter_map(line).collect(),
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

/// Waits are left out: how often a driver polls while it waits is its own affair.
fn line(event: &Event) -> Option<String> {
    Some(match event.decision {
        Decision::Judged { attempt, verdict, .. } => format!("{attempt} ended: {}", verdict.as_str()),
        Decision::Action(Action::Send(attempt)) => {
            let retry = match attempt.retry {
                0 => String::new(),
                retry => format!(" {retry}"),
            };
            format!("send {}: {}{retry} in lane {}", attempt.id, attempt.kind, attempt.lane)
        }
        Decision::Action(Action::Cancel(id)) => format!("cancel {id}"),
        Decision::Action(Action::Return(id)) => format!("return {id}"),
        Decision::Action(Action::GiveUp(stop)) => format!("give up: {}", stop.reason().as_str()),
        Decision::Action(Action::Wait { .. }) => return None,
    })
}

/// Whether whatever was reserved is sent or refunded, and whatever was admitted is settled.
pub(crate) fn gate_is_even(asked: &[Asked]) -> Result<(), String> {
    let count = |is: fn(&Question) -> bool| asked.iter().filter(|asked| is(&asked.question)).count();
    let reserved = count(|question| matches!(question, Question::Reserve(_, true)));
    let refunded = count(|question| matches!(question, Question::Refund(..)));
    let admitted = count(|question| matches!(question, Question::Admit(_, Admission::Yes)));
    let firsts = count(|question| matches!(question, Question::Admit(Kind::First, Admission::Yes)));
    let unsent = count(|question| matches!(question, Question::Settle(kind, Settled::Unsent) if *kind != Kind::First));
    let settled = count(|question| matches!(question, Question::Settle(..)));
    if (reserved, admitted) == (refunded + admitted - firsts - unsent, settled) {
        Ok(())
    } else {
        Err(format!("{asked:?}"))
    }
}

//! The JSON of a replay: a JSON object for each action.

use insist_core::{Action, CancelReason, Instant, Kind, Reason, Refusal};
use serde::Serialize;

#[derive(Serialize)]
#[serde(tag = "action", rename_all = "snake_case")]
enum JsonAction {
    Send { attempt: u32, lane: u8, retry: u32, kind: Kind, timeout_ns: Option<u64> },
    Cancel { attempt: u32, reason: CancelReason },
    Wait { until_ns: Option<u64> },
    Return { attempt: u32 },
    GiveUp { reason: Reason, refusal: Option<Refusal>, last: Option<u32>, retry_after_ns: Option<u64> },
}

/// An action and its time, in nanoseconds since the call began.
#[derive(Serialize)]
pub(super) struct Line {
    at_ns: u64,
    #[serde(flatten)]
    fields: JsonAction,
}

impl Line {
    pub(super) fn new(at: Instant, action: &Action) -> Self {
        let fields = match action {
            Action::Send(attempt) => JsonAction::Send {
                attempt: attempt.id,
                lane: attempt.lane,
                retry: attempt.retry,
                kind: attempt.kind,
                timeout_ns: attempt.timeout().map(crate::span::nanos),
            },
            Action::Cancel { attempt, reason } => JsonAction::Cancel { attempt: *attempt, reason: *reason },
            Action::Wait { until, .. } => JsonAction::Wait { until_ns: until.map(Instant::as_nanos) },
            Action::Return(attempt) => JsonAction::Return { attempt: *attempt },
            Action::GiveUp(give_up) => JsonAction::GiveUp {
                reason: give_up.reason(),
                refusal: give_up.refusal(),
                last: give_up.last(),
                retry_after_ns: give_up.hint().map(crate::span::nanos),
            },
        };
        Self { at_ns: at.as_nanos(), fields }
    }
}

//! What has to come of a scenario, made of what was written down: its result, the order of events, and its report to
//! the last byte of its JSON.

use insist_core::Instant;
use insist_tests::by_hand::ms;
use serde_json::{Value, json};

use crate::observed::{Observed, gate_is_even};
use crate::scenario::{End, FALLBACK, Made, Row, SEED, Scenario};

impl Scenario {
    fn ended(&self) -> u64 {
        match self.end {
            End::Returns(winner) => self.rows[winner as usize - 1].2,
            End::GivesUp { at, .. } => at,
        }
    }

    /// What happens, in order: what ended first, then cancels, then sends, then the end of the call.
    fn order(&self) -> Vec<String> {
        let mut events = Vec::new();
        for (id, (made, sent, ended, end)) in (1..).zip(&self.rows) {
            let line = match *made {
                Made::First => format!("send {id}: first in lane 0"),
                Made::Hedge(lane) => format!("send {id}: hedge in lane {lane}"),
                Made::Retry(lane, retry) => format!("send {id}: retry {retry} in lane {lane}"),
            };
            events.push((*sent, 2, id, line));
            match *end {
                "timeout" | "cancelled" => events.push((*ended, 1, id, format!("cancel {id}"))),
                end => events.push((*ended, 0, id, format!("{id} ended: {end}"))),
            }
        }
        events.sort();
        let lines = events.into_iter().map(|(.., line)| line);
        let end = match self.end {
            End::Returns(attempt) => format!("return {attempt}"),
            End::GivesUp { reason, .. } => format!("give up: {}", reason.as_str()),
        };
        lines.chain([end]).collect()
    }

    /// The report, written from the table as JSON.
    fn report(&self) -> Value {
        let count = |is: fn(&Made) -> bool| self.rows.iter().filter(|(made, ..)| is(made)).count();
        let entries: Vec<Value> = (1..).zip(&self.rows).map(|(id, row)| entry(id, row)).collect();
        let (reason, winner) = match self.end {
            End::Returns(attempt) => {
                let lane = place(self.rows[attempt as usize - 1].0).1;
                (None, Some(json!({ "attempt": attempt, "lane": lane })))
            }
            End::GivesUp { reason, .. } => (Some(reason.as_str()), None),
        };
        json!({
            "reason": reason,
            "refusal": self.refusal,
            "fell_back": self.falls_back && reason.is_some(),
            "hint": self.hint.map(|hint| json!({ "secs": hint / 1000, "nanos": hint % 1000 * 1_000_000 })),
            "attempts": self.rows.len(),
            "retries": count(|made| matches!(made, Made::Retry(..))),
            "hedges": count(|made| matches!(made, Made::Hedge(_))),
            "winner": winner,
            "started_ns": 0,
            "elapsed": { "secs": self.ended() / 1000, "nanos": self.ended() % 1000 * 1_000_000 },
            "seed": SEED,
            "log": { "entries": entries, "dropped": 0 },
        })
    }

    /// The printed lines of the log.
    fn lines(&self) -> String {
        let line = |(id, (made, sent, ended, end)): (u32, &Row)| {
            let (kind, lane, _) = place(*made);
            let (sent, ended) = (ms(*sent), ms(*ended));
            format!("attempt {id} ({kind} in lane {lane}): sent at {sent:?}, ended at {ended:?}: {end}\n")
        };
        (1..).zip(&self.rows).map(line).collect()
    }

    /// What has to come of it, at exactly these instants.
    #[track_caller]
    pub(crate) fn check(&self, driver: &str, seen: &Observed) {
        let scene = format!("{driver}: {}", self.name);
        self.check_result(&scene, seen);
        assert_eq!(seen.order, self.order(), "{scene}");
        assert_eq!(seen.since_start(), self.report(), "{scene}");
        if seen.started == Instant::ZERO {
            assert_eq!(seen.lines, self.lines(), "{scene}");
        }
    }

    /// Whether the same happened in the same order, whenever that was.
    pub(crate) fn agrees(&self, seen: &Observed) -> bool {
        seen.order == self.order() && without_times(seen.report.clone()) == without_times(self.slower_report())
    }

    fn slower_report(&self) -> Value {
        let hint = self.hint.map(|hint| hint * u64::from(self.slower));
        Self { hint, ..self.clone() }.report()
    }

    #[track_caller]
    pub(crate) fn check_result(&self, scene: &str, seen: &Observed) {
        match (self.end, &seen.result) {
            (End::Returns(attempt), Ok(value)) => assert_eq!(*value, attempt, "{scene}"),
            (End::GivesUp { .. }, Ok(value)) if self.falls_back => assert_eq!(*value, FALLBACK, "{scene}"),
            (End::GivesUp { reason, last, .. }, Err(gave_up)) => {
                assert_eq!(gave_up.reason, reason, "{scene}");
                let id = gave_up.last.map(|last| last.unwrap_or_else(|failure| failure.attempt));
                assert_eq!(id, last, "{scene}");
                if self.slower == 1 {
                    assert_eq!(gave_up.to_string(), self.says, "{scene}");
                }
            }
            (end, result) => panic!("{scene}: {end:?} is not {result:?}"),
        }
        assert_eq!(gate_is_even(&seen.asked), Ok(()), "{scene}");
    }
}

fn place(made: Made) -> (&'static str, u8, u32) {
    match made {
        Made::First => ("first", 0, 0),
        Made::Hedge(lane) => ("hedge", lane, 0),
        Made::Retry(lane, retry) => ("retry", lane, retry),
    }
}

fn entry(id: u32, (made, sent, ended, end): &Row) -> Value {
    let (kind, lane, retry) = place(*made);
    let (sent, ended) = (sent * 1_000_000, ended * 1_000_000);
    json!({
        "attempt": id, "lane": lane, "retry": retry, "kind": kind,
        "sent_ns": sent, "ended_ns": ended, "end": end, "detail": null,
    })
}

fn without_times(mut report: Value) -> Value {
    report["started_ns"].take();
    report["elapsed"].take();
    for entry in report["log"]["entries"].as_array_mut().into_iter().flatten() {
        entry["sent_ns"].take();
        entry["ended_ns"].take();
    }
    report
}

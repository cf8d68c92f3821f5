//! What has to come of a scenario, made of what was written down: its result, the order of events, and its report to
//! the last byte of its JSON.

use insist_core::{GaveUp, Handled, Instant, Refusal};
use insist_tests::words::ms;
use serde_json::{Value, json};

use crate::drive::{Observed, gate_is_even};
use crate::scenario::{End, FALLBACK, Failure, Made, Row, SEED, Scenario, attempt};

impl Scenario {
    fn ended(&self) -> u64 {
        match self.end {
            End::Returns(winner) => self.rows[winner as usize - 1].2,
            End::GivesUp { at, .. } => at,
        }
    }

    /// Returns what happens, in order: what ended first, then cancels, then sends, then the end of the call.
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
                "timeout" | "lost" | "deadline" => events.push((*ended, 1, id, format!("cancel {id}: {end}"))),
                "accept" => events.push((*ended, 0, id, format!("{id} ended: accept"))),
                end => events.push((*ended, 0, id, format!("{id} ended: {end} (attempt {id} failed)"))),
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

    /// The printed lines of the report, after its first.
    fn lines(&self) -> String {
        let line = |(id, (made, sent, ended, end)): (u32, &Row)| {
            let (kind, lane, _) = place(*made);
            let (sent, ended) = (ms(*sent), ms(*ended));
            format!("attempt {id} ({kind} in lane {lane}): sent at {sent:?}, ended at {ended:?}: {end}\n")
        };
        (1..).zip(&self.rows).map(line).collect()
    }

    /// Checks what came of it, at exactly these instants.
    #[track_caller]
    pub(crate) fn check(&self, driver: &str, seen: &Observed) {
        let scene = format!("{driver}: {}", self.name);
        self.check_result(&scene, seen);
        assert_eq!(seen.seen.order, self.order(), "{scene}");
        assert_eq!(seen.since_start(), self.report(), "{scene}");
        assert_eq!(seen.lines.split_once('\n').map_or("", |(_, lines)| lines), self.lines(), "{scene}");
        let since = |at: &Instant| at.saturating_since(seen.started);
        let held: Vec<_> = seen.seen.held.iter().map(since).collect();
        assert_eq!(held, self.held.iter().map(|held| ms(*held)).collect::<Vec<_>>(), "{scene}");
        for (id, handled) in &seen.seen.handled {
            if let (Handled::Retry { due }, Some((_, sent, ..))) = (handled, self.retry_after(*id)) {
                let due = since(due);
                assert!(
                    due == ms(*sent) || due < ms(*sent) && held.contains(&ms(*sent)),
                    "{scene}: {id} due at {due:?}"
                );
            }
        }
    }

    /// Returns whether the same happened in the same order, whenever that was.
    pub(crate) fn agrees(&self, seen: &Observed) -> bool {
        seen.seen.order == self.order()
            && seen.seen.held.len() == self.held.len()
            && without_times(seen.report.clone()) == without_times(self.slower_report())
    }

    fn slower_report(&self) -> Value {
        let hint = self.hint.map(|hint| hint * u64::from(self.slower));
        Self { hint, ..self.clone() }.report()
    }

    /// Returns whether a call that ended with this ended as it should.
    pub(crate) fn is_told_by(&self, said: &Result<u32, GaveUp<Failure, u32>>) -> bool {
        match (self.end, said) {
            (End::Returns(attempt), Ok(value)) => *value == attempt,
            (End::GivesUp { reason, last, .. }, Err(gave_up)) => {
                let refusal = gave_up.refusal.map(Refusal::reason);
                gave_up.reason == reason && gave_up.last.as_ref().map(attempt) == last && refusal == self.refusal
            }
            (End::Returns(_), Err(_)) | (End::GivesUp { .. }, Ok(_)) => false,
        }
    }

    #[track_caller]
    pub(crate) fn check_result(&self, scene: &str, seen: &Observed) {
        match (self.end, &seen.result) {
            (End::Returns(attempt), Ok(value)) => assert_eq!(*value, attempt, "{scene}"),
            (End::GivesUp { .. }, Ok(value)) if self.falls_back => assert_eq!(*value, FALLBACK, "{scene}"),
            (End::GivesUp { reason, last, .. }, Err(gave_up)) => {
                assert_eq!(gave_up.reason, reason, "{scene}");
                assert_eq!(gave_up.last.as_ref().map(attempt), last, "{scene}");
                assert_eq!(gave_up.refusal.map(Refusal::reason), self.refusal, "{scene}");
                if self.slower == 1 {
                    assert_eq!(gave_up.to_string(), self.says, "{scene}");
                    let error = last.map(|last| format!(": attempt {last} failed")).unwrap_or_default();
                    assert_eq!(format!("{gave_up:#}"), format!("{}{error}", self.says), "{scene}");
                }
            }
            (end, result) => panic!("{scene}: {end:?} is not {result:?}"),
        }
        assert_eq!(gate_is_even(&seen.asked), Ok(()), "{scene}");
        for (id, handled) in &seen.seen.handled {
            let is_told = match self.rows[*id as usize - 1].3 {
                "retry" => self.retry_after(*id).is_none() || matches!(handled, Handled::Retry { .. }),
                _ => *handled == Handled::Over,
            };
            assert!(is_told, "{scene}: {id} led to {handled:?}");
        }
    }

    /// Returns what its lane sends after this attempt.
    fn retry_after(&self, id: u32) -> Option<&Row> {
        let (_, lane, _) = place(self.rows[id as usize - 1].0);
        self.rows[id as usize..].iter().find(|row| place(row.0).1 == lane)
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

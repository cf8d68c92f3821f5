//! The lines that `insist get --report` writes.

use serde::Deserialize;

use super::{Attempt, End, Records, host};

#[derive(Deserialize)]
struct Report {
    started_unix_ns: Option<u64>,
    log: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    attempt: u32,
    target: String,
    sent_ns: u64,
    ended_ns: Option<u64>,
    verdict: Option<String>,
    status: Option<u16>,
}

pub(super) fn read(records: &mut Records, text: &str) -> Result<(&'static str, bool), String> {
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let number = index + 1;
        let report: Report = serde_json::from_str(line)
            .map_err(|error| format!(", line {number}: it is no report of a call: {error}"))?;
        let Some(started) = report.started_unix_ns else {
            return Err(format!(", line {number}: started_unix_ns is missing, so it is not known when the call began"));
        };
        for entry in report.log {
            let end = match (entry.verdict.as_deref(), entry.status) {
                (Some("accept" | "stop"), _) => End::Answered,
                (Some("retry"), Some(status)) => End::Failed(status),
                (Some("retry"), None) => End::Broke,
                (Some("timeout" | "deadline"), _) => End::Silent,
                _ => End::Unknown,
            };
            let target = records.target(host(&entry.target));
            let took = entry.ended_ns.unwrap_or(entry.sent_ns).saturating_sub(entry.sent_ns);
            let sent = started.saturating_add(entry.sent_ns);
            records.attempts.push(Attempt { target, sent, took, is_first: entry.attempt == 1, end });
        }
    }
    Ok(("reports", true))
}

//! Prints a replay for people: what happened and when, and the attempts on a time line.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use insist_core::duration::Text;
use insist_core::{Action, Attempt, CancelReason, Instant, Timeline, Verdict};

use super::script::Outcomes;
use crate::timeline::{Look, Mark, Row, draw, legend, width};

/// Writes the actions and outcomes in order, and below them the time line.
pub(super) fn write(to: &mut impl Write, timeline: &Timeline, outcomes: &Outcomes) -> io::Result<()> {
    let rows = tell(to, timeline, outcomes)?;
    writeln!(to)?;
    draw(to, &Look::of_locale(), width(&rows), &rows)
}

/// The picture, and below it what its characters mean.
pub(super) fn draw_alone(to: &mut impl Write, timeline: &Timeline, outcomes: &Outcomes) -> io::Result<()> {
    let mut rows = tell(&mut io::sink(), timeline, outcomes)?;
    // Who has one lane need not know what lanes are.
    if rows.iter().all(|row| row.label.ends_with(LANE_0)) {
        rows.iter_mut().for_each(|row| row.label.truncate(row.label.len() - LANE_0.len()));
    }
    let look = Look::of_locale();
    draw(to, &look, width(&rows), &rows)?;
    legend(to, &look, &rows)
}

const LANE_0: &str = " in lane 0";

/// Writes the actions and outcomes, and gives the rows of the picture.
fn tell(to: &mut impl Write, timeline: &Timeline, outcomes: &Outcomes) -> io::Result<Vec<Row>> {
    let mut in_flight: Vec<Seen> = Vec::new();
    let mut over: Vec<Seen> = Vec::new();
    let mut free_since: BTreeMap<u8, Instant> = BTreeMap::new();
    let mut has_waited = false;
    for step in &timeline.steps {
        if has_waited {
            for mut seen in due(&mut in_flight, step.at) {
                seen.said = seen.verdict.map(word);
                line(to, step.at, &format!("attempt {} ended: {}", seen.attempt.id, seen.said()))?;
                free_since.insert(seen.attempt.lane, step.at);
                over.push(seen);
            }
        }
        has_waited = matches!(step.action, Action::Wait { .. });
        match step.action {
            Action::Send(attempt) => {
                let waited = free_since.get(&attempt.lane).copied();
                in_flight.push(Seen::new(attempt, step.at, waited, outcomes));
            }
            Action::Cancel { attempt, reason } => {
                if let Some(index) = in_flight.iter().position(|seen| seen.attempt.id == attempt) {
                    let mut seen = in_flight.remove(index);
                    seen.cancel(step.at, reason);
                    free_since.insert(seen.attempt.lane, step.at);
                    over.push(seen);
                }
            }
            _ => {}
        }
        line(to, step.at, &action(&step.action))?;
    }
    let end = timeline.steps.last().map(|step| step.at).unwrap_or_default();
    over.append(&mut in_flight);
    over.sort_unstable_by_key(|seen| seen.attempt.id);
    Ok(over.into_iter().map(|seen| seen.row(end)).collect())
}

/// An attempt, as far as its end is known.
struct Seen {
    attempt: Attempt,
    sent: Instant,
    /// The instant at which its lane began to wait for it.
    waited: Option<Instant>,
    /// The instant at which it ended, or will end.
    ended: Instant,
    /// When it would have ended, if it lost.
    would_end: Option<Instant>,
    verdict: Option<Verdict>,
    /// Its end in words, once it has ended.
    said: Option<String>,
    cancelled: Option<CancelReason>,
}

impl Seen {
    fn new(attempt: Attempt, sent: Instant, waited: Option<Instant>, outcomes: &Outcomes) -> Self {
        let outcome = outcomes.get(&attempt.id);
        let ended = outcome.and_then(|outcome| sent.checked_add(outcome.after));
        Self {
            attempt,
            sent,
            waited,
            // An attempt that never answers ends at the last instant, unless it is cancelled.
            ended: ended.unwrap_or(Instant::from_nanos(u64::MAX)),
            would_end: None,
            verdict: outcome.map(|outcome| outcome.verdict),
            said: None,
            cancelled: None,
        }
    }

    fn is_due(&self, now: Instant) -> bool {
        self.verdict.is_some() && self.ended <= now
    }

    fn cancel(&mut self, at: Instant, reason: CancelReason) {
        self.said = Some(reason.to_string());
        if reason == CancelReason::Lost && self.verdict.is_some() {
            self.would_end = Some(self.ended);
        }
        self.ended = at;
        self.cancelled = Some(reason);
    }

    fn said(&self) -> &str {
        self.said.as_deref().unwrap_or("no answer")
    }

    fn row(self, end: Instant) -> Row {
        let mark = match (&self.said, self.cancelled, self.verdict) {
            (None, ..) => Mark::Open,
            (_, Some(CancelReason::Timeout), _) => Mark::Failed,
            (_, Some(_), _) => Mark::Cancelled,
            (_, None, Some(Verdict::Accept)) => Mark::Accepted,
            _ => Mark::Failed,
        };
        let attempt = &self.attempt;
        Row {
            label: format!("#{} {} in lane {}", attempt.id, attempt.kind, attempt.lane),
            waited: self.waited.map(since_start),
            sent: since_start(self.sent),
            ended: since_start(self.ended.min(end)),
            would_end: self.would_end.map(since_start),
            mark,
            said: self.said().into(),
        }
    }
}

/// Takes out the attempts that have ended by an instant, in the order of their ids.
fn due(in_flight: &mut Vec<Seen>, now: Instant) -> Vec<Seen> {
    let (due, rest) = std::mem::take(in_flight).into_iter().partition(|seen| seen.is_due(now));
    *in_flight = rest;
    due
}

fn since_start(at: Instant) -> Duration {
    at.saturating_since(Instant::ZERO)
}

fn line(to: &mut impl Write, at: Instant, what: &str) -> io::Result<()> {
    writeln!(to, "{:>14}  {what}", Text(since_start(at)).to_string())
}

fn word(verdict: Verdict) -> String {
    match verdict {
        Verdict::Retry(failure) => {
            let throttled = if failure.throttled { " (throttled)" } else { "" };
            let hint = failure.hint.map(|hint| format!(" after {}", Text(hint.span()))).unwrap_or_default();
            format!("retry{hint}{throttled}")
        }
        other => other.as_str().into(),
    }
}

/// Describes an action, with every span exact.
fn action(action: &Action) -> String {
    match action {
        Action::Send(attempt) => {
            let timeout = attempt.timeout().map(|timeout| format!(", which has {}", Text(timeout)));
            let (id, kind, lane) = (attempt.id, attempt.kind, attempt.lane);
            format!("send attempt {id} ({kind} in lane {lane}){}", timeout.unwrap_or_default())
        }
        Action::Wait { until: Some(until), reason } => {
            format!("wait until {} ({})", Text(since_start(*until)), reason.as_str().replace('_', " "))
        }
        Action::GiveUp(give_up) => {
            let refusal = give_up.refusal().map(|refusal| format!(" ({refusal})")).unwrap_or_default();
            format!("give up: {}{refusal}", give_up.reason())
        }
        other => other.to_string(),
    }
}

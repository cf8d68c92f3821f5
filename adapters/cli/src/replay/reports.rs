//! Replays reports: the call of each again, by its own policy, and where it differs; or what another policy would have done.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use insist_core::{
    Action, GiveUp, Hint, Instant, Policy, Repeat, Timeline, Verdict, WrittenAttempt, WrittenReport, play_with,
};

use super::script::{Outcome, Outcomes};
use super::{Replay, picture, print_json, scripted};
use crate::describe::Described;
use crate::exit::{Failure, GAVE_UP};
use crate::gates::Gates;
use crate::output::{output, text};
use crate::say::say;
use crate::shown::foreign;
use crate::span::Rounded;

/// The time by which a send may be later than it was due, for each attempt before it and for itself: what waking up takes.
const LATE: Duration = Duration::from_millis(10);
/// The most attempts of a call that is played by time.
const MOST: usize = 10_000;

/// Returns whether a text is of reports, and not a script: whether its first line has a log.
pub(super) fn are_reports(text: &str) -> bool {
    let first = text.lines().find(|line| !line.trim().is_empty());
    let value = first.and_then(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    value.is_some_and(|value| value.get("log").is_some())
}

impl Replay {
    /// Replays the report in each line.
    pub(super) fn run_reports(&self, name: &str, text: &str) -> Result<ExitCode, Failure> {
        let reports = read(text).map_err(|problem| Failure::Usage(format!("report {name}, {problem}")))?;
        if !self.what_if && !self.policy.is_empty() {
            return Err(Failure::Usage("a report is replayed by its own policy; give --what-if to try another".into()));
        }
        let mut are_same = true;
        for (line, report) in &reports {
            let before = if reports.len() > 1 { format!("line {line}: ") } else { String::new() };
            are_same &= if self.what_if {
                self.try_another(report, &before)?
            } else {
                self.again(report, &before, reports.len() > 1)?
            };
        }
        Ok(if are_same { ExitCode::SUCCESS } else { ExitCode::from(GAVE_UP) })
    }

    /// Replays a call by its own policy, and returns whether it did the same.
    fn again(&self, report: &WrittenReport, before: &str, is_brief: bool) -> Result<bool, Failure> {
        let Some(policy) = report.replay_policy() else {
            return Err(Failure::Usage(format!("{before}the report has no policy, so nothing but --what-if is known")));
        };
        let outcomes = outcomes(report);
        let repeat = report.repeat.unwrap_or_default();
        let timeline = play_with(&policy, &(), repeat, Instant::ZERO, report.seed, &scripted(&outcomes));
        if let Some(gates) = &report.gates {
            say!("insist: note: {before}a replay has no other calls, so it leaves the gates out: {}", foreign(gates));
        }
        if report.dropped > 0 {
            say!("insist: note: {before}the report leaves out the last {} attempts", report.dropped);
        }
        if self.json {
            print_json(&timeline)?;
        } else if !is_brief {
            let mut to = text();
            if self.draw {
                picture::draw_alone(&mut to, &timeline, &outcomes)?;
            } else {
                writeln!(to, "{}; seed {}\n", Described(&policy), report.seed)?;
                picture::write(&mut to, &timeline, &outcomes)?;
                writeln!(to)?;
            }
            to.flush()?;
        }
        let differences = differences(report, &timeline);
        if !self.json && !self.draw {
            let mut to = output();
            match &differences[..] {
                [] => writeln!(to, "{before}the same as in the report: {}", end_of(report))?,
                _ => differences.iter().try_for_each(|difference| writeln!(to, "{before}{difference}"))?,
            }
            to.flush()?;
        }
        Ok(differences.is_empty())
    }

    /// Plays a call by the policy of the command line against what the report says of each moment, and returns whether it returned.
    fn try_another(&self, report: &WrittenReport, before: &str) -> Result<bool, Failure> {
        let (policy, gates) = self.policy.policy()?;
        let seed = self.policy.given_seed().unwrap_or(report.seed);
        let repeat = report.repeat.unwrap_or_default();
        let policy = if repeat == Repeat::Always { policy } else { policy.lanes(1) };
        let (timeline, outcomes) = by_time(&policy, &gates, repeat, seed, report)?;
        if self.json {
            print_json(&timeline)?;
        } else {
            let mut to = text();
            if self.draw {
                picture::draw_alone(&mut to, &timeline, &outcomes)?;
            } else {
                writeln!(to, "{before}{}{gates}; seed {seed}", Described(&policy))?;
                writeln!(to, "{before}recorded: {}", end_of(report))?;
                writeln!(to, "{before}what if:  {}\n", end(&timeline))?;
                picture::write(&mut to, &timeline, &outcomes)?;
            }
            to.flush()?;
        }
        Ok(matches!(timeline.steps.last().map(|step| step.action), Some(Action::Return(_))))
    }
}

/// Reads a report in each line, with the number of its line.
fn read(text: &str) -> Result<Vec<(usize, WrittenReport)>, String> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(index, line)| {
            let number = index + 1;
            let wrong = |problem: &dyn std::fmt::Display| format!("line {number}: {}", foreign(&problem.to_string()));
            let report: WrittenReport = serde_json::from_str(line).map_err(|error| wrong(&error))?;
            match report.version {
                1 => Ok((number, report)),
                version => Err(wrong(&format!("version is {version}; this command reads version 1"))),
            }
        })
        .collect()
}

fn outcomes(report: &WrittenReport) -> Outcomes {
    let outcomes = report.log.iter().filter_map(|attempt| Some((attempt.attempt, attempt.outcome()?)));
    outcomes.map(|(attempt, (after, verdict))| (attempt, Outcome { after, verdict })).collect()
}

/// Says where a replay differs from its report.
fn differences(report: &WrittenReport, timeline: &Timeline) -> Vec<String> {
    let sends: Vec<_> = timeline
        .steps
        .iter()
        .filter_map(|step| if let Action::Send(attempt) = step.action { Some((attempt, step.at)) } else { None })
        .collect();
    let mut differences = Vec::new();
    for (recorded, (attempt, at)) in report.log.iter().zip(&sends) {
        let place = |kind: insist_core::Kind, lane: u8| format!("{kind} in lane {lane}");
        let (before, after) = (place(recorded.kind, recorded.lane), place(attempt.kind, attempt.lane));
        if before != after {
            differences.push(format!("attempt {} was a {before}, and is a {after} in the replay", attempt.id));
        }
        let (was, is) = (Duration::from_nanos(recorded.sent_ns), at.saturating_since(Instant::ZERO));
        if was.abs_diff(is) > LATE * attempt.id + was / 50 {
            differences.push(format!(
                "attempt {} was sent at {}, and in the replay at {}",
                attempt.id,
                Rounded(was),
                Rounded(is)
            ));
        }
    }
    if report.dropped == 0 && sends.len() != report.log.len() {
        differences.push(format!("{} attempts were sent, and {} in the replay", report.log.len(), sends.len()));
    }
    let is_same_end = match timeline.steps.last().map(|step| step.action) {
        Some(Action::Return(attempt)) => report.winner.is_some_and(|winner| winner.attempt == attempt),
        Some(Action::GiveUp(give_up)) => report.reason == Some(give_up.reason()),
        _ => false,
    };
    if !is_same_end && report.dropped == 0 {
        differences.push(format!("the call {}, and in the replay it {}", end_of(report), end(timeline)));
    }
    differences
}

/// Says how the call of a report ended.
fn end_of(report: &WrittenReport) -> String {
    let took = Rounded(Duration::from_nanos(report.elapsed_ns));
    match (report.winner, report.reason) {
        (Some(winner), _) => format!("returned attempt {} after {took}", winner.attempt),
        (None, Some(reason)) => {
            let mut text = format!("gave up after {} attempts and {took}: {reason}", report.attempts);
            if let Some(refusal) = &report.refusal {
                let _ = write!(text, " ({})", foreign(refusal));
            }
            text
        }
        (None, None) => format!("ended after {took}"),
    }
}

fn end(timeline: &Timeline) -> String {
    let took = |at: Instant| Rounded(at.saturating_since(Instant::ZERO));
    let attempts = timeline.steps.iter().filter(|step| matches!(step.action, Action::Send(_))).count();
    match timeline.steps.last() {
        Some(step) => match step.action {
            Action::Return(attempt) => format!("returned attempt {attempt} after {}", took(step.at)),
            Action::GiveUp(give_up) => {
                format!("gave up after {attempts} attempts and {}: {}", took(step.at), give_up_words(give_up))
            }
            _ => "never ended".into(),
        },
        None => "never ended".into(),
    }
}

fn give_up_words(give_up: GiveUp) -> String {
    give_up
        .refusal()
        .map_or_else(|| give_up.reason().to_string(), |refusal| format!("{} ({refusal})", give_up.reason()))
}

/// Plays a call whose attempts meet what the attempts of the report met at their moments.
fn by_time(
    policy: &Policy,
    gates: &Gates,
    repeat: Repeat,
    seed: u64,
    report: &WrittenReport,
) -> Result<(Timeline, Outcomes), Failure> {
    let (mut outcomes, mut known) = (Outcomes::new(), BTreeSet::new());
    for _ in 0..MOST {
        // Played anew, with gates anew, until each attempt that is sent has its outcome.
        let gate = gates.live(policy, 0);
        let timeline = play_with(policy, &gate, repeat, Instant::ZERO, seed, &scripted(&outcomes));
        let next = timeline.steps.iter().find_map(|step| match step.action {
            Action::Send(attempt) if !known.contains(&attempt.id) => Some((attempt.id, step.at)),
            _ => None,
        });
        let Some((attempt, at)) = next else { return Ok((timeline, outcomes)) };
        known.insert(attempt);
        if let Some(outcome) = outcome_at(&report.log, at.saturating_since(Instant::ZERO)) {
            outcomes.insert(attempt, outcome);
        }
    }
    Err(Failure::Failed(format!("the call goes on after {MOST} attempts; set --attempts or a shorter --deadline")))
}

/// Returns what an attempt met that was sent at this moment: what the last attempt met that the report has from before it. A wait
/// that was asked for ends when it would have.
fn outcome_at(log: &[WrittenAttempt], at: Duration) -> Option<Outcome> {
    let sent = |attempt: &&WrittenAttempt| Duration::from_nanos(attempt.sent_ns);
    let recorded = log.iter().filter(|attempt| sent(attempt) <= at).max_by_key(sent).or(log.first())?;
    let (after, mut verdict) = recorded.outcome()?;
    if let Verdict::Retry(failure) = &mut verdict {
        let until = |wait: Duration| (sent(&recorded) + after + wait).saturating_sub(at + after);
        failure.hint = match failure.hint {
            Some(Hint::AtLeast(wait)) if !until(wait).is_zero() => Some(Hint::AtLeast(until(wait))),
            Some(Hint::Exactly(wait)) if !until(wait).is_zero() => Some(Hint::Exactly(until(wait))),
            _ => None,
        };
    }
    Some(Outcome { after, verdict })
}

//! A call that went wrong as `insist replay` reads it: a policy file, a script, and the words of the command line.

use std::fmt::{self, Write as _};

use insist_core::duration::Text;
use insist_core::{Admission, Failure, Handled, Hint, Instant, Policy, Repeat, Sent, Verdict};

use super::{At, Slip};
use crate::model;
use crate::plan::Plan;
use crate::record::{Did, Question, Record, Step, What};
use crate::world::{self, Outcomes};

/// A call that went wrong as `insist replay` reads it.
#[derive(Debug)]
pub struct Replay {
    /// The policy, as TOML.
    pub policy: String,
    /// Holds what came of each attempt, a JSON object a line.
    pub script: String,
    /// Holds what else the command is told: the seed, and what may be repeated.
    pub arguments: [String; 4],
    /// Says where the replay shows the difference, if it does.
    pub shown: Option<Shown>,
    /// Holds what the call had that no script can say.
    pub unsaid: Vec<&'static str>,
}

/// An action of a replay that differs from what the laws expect.
#[derive(Debug)]
pub struct Shown {
    /// Says which action of its timeline, from 1.
    pub action: usize,
    /// The action, or the one after the verdict that was judged wrongly.
    pub did: Did,
    /// When, and what is wrong, in words.
    pub why: String,
}

impl Replay {
    /// Returns what a record tells.
    pub(super) fn of(plan: &Plan, record: &Record, slip: Slip) -> Self {
        let outcomes = outcomes(&record.steps);
        let is_playable = usize::from(plan.policy.get_lanes()) <= world::ROOM && plan.policy.validate().is_ok();
        Self {
            policy: toml(&plan.policy),
            script: script(&outcomes),
            arguments: [
                "--seed".into(),
                plan.seed.to_string(),
                "--repeat".into(),
                match plan.repeat {
                    Repeat::Always => "always".into(),
                    Repeat::IfUnsent => "if-unsent".into(),
                    _ => "never".into(),
                },
            ],
            shown: if is_playable { shown(plan, &outcomes, slip) } else { None },
            unsaid: unsaid(plan, &record.steps),
        }
    }
}

/// Returns what was handed in and counted, and how long after it was sent.
fn outcomes(steps: &[Step]) -> Outcomes {
    let mut outcomes = Outcomes::new();
    let mut sent = Vec::new();
    let mut now = Instant::ZERO;
    for step in steps {
        now = now.max(step.at);
        match step.what {
            What::Poll(Did::Send(sending)) => sent.push((sending.id, now)),
            What::Handle(id, verdict, handled) if handled.counts() => {
                let at = sent.iter().find(|(other, _)| *other == id).map_or(now, |(_, at)| *at);
                outcomes.insert(id, (now.saturating_since(at), verdict));
            }
            _ => {}
        }
    }
    outcomes
}

/// Plays the script beside the model.
fn shown(plan: &Plan, outcomes: &Outcomes, slip: Slip) -> Option<Shown> {
    let mut record = world::play(&plan.policy, plan.repeat, plan.seed, &said(outcomes));
    slip(&mut record);
    let broken = model::check(&record).err()?;
    let step = &record.steps[broken.step];
    let why = format!("{}: {}", At(step.at, &step.what), broken.why);
    // What is wrong with a verdict that was handed in shows in the action after it.
    let mut actions = record.steps.iter().enumerate().filter_map(|(index, step)| step.did().map(|did| (index, did)));
    let action = actions.position(|(index, _)| index >= broken.step)?;
    let did = record.steps.iter().filter_map(Step::did).nth(action)?;
    Some(Shown { action: action + 1, did, why })
}

/// The outcomes as a script says them.
fn said(outcomes: &Outcomes) -> Outcomes {
    let as_least = |verdict| match verdict {
        Verdict::Retry(Failure { hint: Some(Hint::Exactly(wait)), .. }) => verdict.after(wait),
        other => other,
    };
    outcomes.iter().map(|(id, (after, verdict))| (*id, (*after, as_least(*verdict)))).collect()
}

fn script(outcomes: &Outcomes) -> String {
    let mut lines = String::new();
    for (id, (after, verdict)) in outcomes {
        let mut more = String::new();
        if let Verdict::Retry(Failure { sent, throttled, hint, .. }) = verdict {
            let sent = match sent {
                Sent::No => "no",
                Sent::Maybe => "maybe",
            };
            if let Some(Hint::AtLeast(wait) | Hint::Exactly(wait)) = hint {
                let _ = write!(more, r#","retry_after":"{}""#, Text(*wait));
            }
            let _ = write!(more, r#","sent":"{sent}","throttled":{throttled}"#);
        }
        let (after, word) = (Text(*after), verdict.as_str());
        let _ = writeln!(lines, r#"{{"attempt":{id},"after":"{after}","verdict":"{word}"{more}}}"#);
    }
    lines
}

/// A policy is flat, and its JSON values are TOML's too.
fn toml(policy: &Policy) -> String {
    let value = serde_json::to_value(policy).expect("a policy has no odd keys");
    let fields = value.as_object().into_iter().flatten();
    fields.map(|(name, value)| format!("{name} = {value}\n")).collect()
}

/// Returns what no script can say.
fn unsaid(plan: &Plan, steps: &[Step]) -> Vec<&'static str> {
    let asks = |is: &dyn Fn(&Question) -> bool| steps.iter().flat_map(Step::outer).any(|asked| is(&asked.question));
    let does = |is: fn(&What) -> bool| steps.iter().any(|step| is(&step.what));
    let hints_exactly =
        |what: &What| matches!(what, What::Handle(_, Verdict::Retry(Failure { hint: Some(Hint::Exactly(_)), .. }), _));
    let found = [
        (plan.policy.validate().is_err(), "an invalid policy"),
        (usize::from(plan.policy.get_lanes()) > plan.room, "too little room for its lanes"),
        (asks(&|question| matches!(question, Question::Reserve(_, Err(_)))), "a gate that refuses a reservation"),
        (asks(&|question| matches!(question, Question::Admit(_, Admission::No(_)))), "a gate that refuses a send"),
        (
            asks(&|question| matches!(question, Question::Admit(_, Admission::NotBefore(_)))),
            "a gate that holds back a send",
        ),
        (asks(&|question| matches!(question, Question::HedgeAfter(_))), "a gate that says when to hedge"),
        (does(|what| matches!(what, What::Suspend)), "a call that is put away and taken up again"),
        (does(|what| matches!(what, What::Withdraw(..))), "an attempt that is withdrawn"),
        (does(|what| matches!(what, What::Cancel)), "a user who gives up"),
        (does(|what| matches!(what, What::Drop)), "a call that is dropped"),
        (does(|what| matches!(what, What::Handle(_, _, Handled::Late | Handled::Unknown))), "a verdict for nothing"),
        (does(hints_exactly), "a hint that is kept exactly"),
        (does(|what| matches!(what, What::Operate(..))), "an operator who changed it"),
        (steps.windows(2).any(|pair| pair[1].at < pair[0].at), "time that goes back"),
        (plan.start > 0, "a start at another instant than 0"),
    ];
    found.into_iter().filter(|(is_so, _)| *is_so).map(|(_, what)| what).collect()
}

/// Writes what a shell can run, and what will be seen.
impl fmt::Display for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { policy, script, arguments, shown, unsaid } = self;
        writeln!(f, "in a shell:\n")?;
        writeln!(f, "cat > policy.toml <<'END'\n{policy}END")?;
        writeln!(f, "cat > script.jsonl <<'END'\n{script}END")?;
        writeln!(f, "insist replay script.jsonl --policy policy.toml {}\n", arguments.join(" "))?;
        match shown {
            Some(Shown { action, why, .. }) => writeln!(f, "its timeline differs too, by action {action}: {why}")?,
            None => writeln!(f, "its timeline is as the laws say: the difference takes what no script can say")?,
        }
        match unsaid.as_slice() {
            [] if shown.is_none() => writeln!(f, "(a driver that polls early or late)"),
            [] => Ok(()),
            _ => writeln!(f, "(the call had {})", unsaid.join(", ")),
        }
    }
}

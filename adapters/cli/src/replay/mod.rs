//! `insist replay`: one call in virtual time, from scripted outcomes or from the report of a call that was made.

mod json;
mod picture;
mod reports;
mod script;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use insist_core::{Action, GiveUp, Instant, Policy, Repeat, Script, Timeline};

use crate::describe::Described;
use crate::exit::{Failure, GAVE_UP};
use crate::gates::Gates;
use crate::options::PolicyOptions;
use crate::output::{json_line, output};
use crate::say::say;
use script::Outcomes;

/// Run one call in virtual time, from scripted outcomes, or from a report
///
/// A report, as `insist get --report` and every driver writes it, is replayed by its own policy, and it is said where the replay
/// differs; with --what-if another policy is tried against what each moment brought.
///
/// A script has one JSON object in each line: {"attempt":2,"after":"120ms","verdict":"accept"|"retry"|"stop",
/// "retry_after":"2s","exactly_after":"2s","sent":"no"|"maybe","throttled":true|false}. Here attempt 2 ends 120 ms
/// after it was sent. An attempt without a line never answers. The wait before the next attempt is retry_after plus the
/// backoff, or exactly_after alone. Only attempt, after and verdict are required; the others default to no hint,
/// "maybe" and false. Gates begin anew: no other call has used them.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Replay {
    /// The script, or the report, or a report in each line; standard input if it is left out or -
    script: Option<PathBuf>,

    /// Play the call of a report by the policy of these options: an attempt meets what the report has of its moment, not of its number
    #[arg(long)]
    what_if: bool,

    /// Make another attempt after these failures; all but `always` use one lane
    #[arg(long, value_enum, value_name = "WHICH", default_value = "always")]
    repeat: RepeatName,

    /// Print one JSON object for each action, each in a line
    ///
    /// {"at_ns":…,"action":"send","attempt":…,"lane":…,"retry":…,"kind":"first"|"retry"|"hedge","timeout_ns":…|null},
    /// {"at_ns":…,"action":"cancel","attempt":…,"reason":"timeout"|"lost"|"deadline"|"cancelled"},
    /// {"at_ns":…,"action":"wait","until_ns":…|null}, {"at_ns":…,"action":"return","attempt":…},
    /// {"at_ns":…,"action":"give_up","reason":"attempts"|"deadline"|"stopped"|"backoff"|"not_repeatable"|"retry_after"|
    /// "refused"|"cancelled"|"invalid","refusal":…|null,"last":…|null,"retry_after_ns":…|null}.
    /// Times are nanoseconds since the call began.
    #[arg(long)]
    json: bool,

    /// Draw the attempts on a line of time, and print nothing else
    #[arg(long, conflicts_with = "json")]
    draw: bool,

    #[command(flatten)]
    policy: PolicyOptions,
}

const EXAMPLES: &str = "\
Examples:
  insist replay outage.jsonl --attempts 5 --deadline 30s
  insist replay outage.jsonl --draw
  insist replay report.json
  insist replay report.json --what-if --lanes 2 --hedge-after 50ms
  insist replay outage.jsonl --lanes 3 --hedge-after 50ms --seed 7 --json
  echo '{\"attempt\":1,\"after\":\"80ms\",\"verdict\":\"retry\"}' | insist replay --attempt-timeout 1s

Exit status: 0 the call returned, or did the same as in its report; 1 it gave up, cannot end, or differs; 2 usage error.";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum RepeatName {
    /// Any failure
    Always,
    /// Only the failure of an attempt that certainly was not sent
    IfUnsent,
    /// No failure
    Never,
}

impl Replay {
    pub(crate) fn run(&self) -> Result<ExitCode, Failure> {
        let (name, text) = self.text()?;
        if reports::are_reports(&text) {
            return self.run_reports(&name, &text);
        }
        if self.what_if {
            return Err(Failure::Usage(
                "--what-if needs a report, and this is a script, which goes by numbers and not by times".into(),
            ));
        }
        let (mut policy, gates) = self.policy.policy()?;
        let seed = self.policy.seed();
        if self.repeat != RepeatName::Always && policy.get_lanes() > 1 {
            say!("insist: note: --lanes has no effect without --repeat always; one lane is used");
            policy = policy.lanes(1);
        }
        if policy.get_lanes() > 1 && policy.get_hedge_at().is_some() {
            say!("insist: note: a replay knows no latest answers, so no hedge opens; give --hedge-after a duration");
        }
        let outcomes = script::read(&text).map_err(|problem| Failure::Usage(format!("script {name}, {problem}")))?;
        // The gates have seen no other call.
        let gate = gates.live(&policy, 0);
        let timeline = insist_core::play_with(&policy, &gate, self.repeat(), Instant::ZERO, seed, &scripted(&outcomes));
        if timeline.is_cut {
            return Err(Failure::Failed(format!(
                "the call goes on after {} actions; set --attempts, a shorter --deadline, or longer delays",
                timeline.steps.len()
            )));
        }
        if self.json {
            print_json(&timeline)?;
        } else if self.draw {
            let mut to = crate::output::text();
            picture::draw_alone(&mut to, &timeline, &outcomes)?;
            to.flush()?;
        } else {
            print_text((&policy, &gates), seed, &timeline, &outcomes)?;
        }
        ended(&timeline)
    }

    fn repeat(&self) -> Repeat {
        match self.repeat {
            RepeatName::Always => Repeat::Always,
            RepeatName::IfUnsent => Repeat::IfUnsent,
            RepeatName::Never => Repeat::Never,
        }
    }

    /// Returns the name of the script or the report, and its text.
    fn text(&self) -> Result<(String, String), Failure> {
        let (name, text) = match self.script.as_deref() {
            None => ("standard input".into(), io::read_to_string(io::stdin())),
            Some(path) if path == Path::new("-") => ("standard input".into(), io::read_to_string(io::stdin())),
            Some(path) => (path.display().to_string(), std::fs::read_to_string(path)),
        };
        let text = text.map_err(|error| Failure::Usage(format!("cannot read the script {name}: {error}")))?;
        Ok((name, text))
    }
}

fn scripted(outcomes: &Outcomes) -> Script {
    outcomes
        .iter()
        .fold(Script::new(), |script, (attempt, outcome)| script.outcome(*attempt, outcome.after, outcome.verdict))
}

fn print_json(timeline: &Timeline) -> Result<(), Failure> {
    let mut to = output();
    for step in &timeline.steps {
        json_line(&mut to, &json::Line::new(step.at, &step.action))?;
    }
    to.flush()?;
    Ok(())
}

fn print_text(
    (policy, gates): (&Policy, &Gates),
    seed: u64,
    timeline: &Timeline,
    outcomes: &Outcomes,
) -> Result<(), Failure> {
    let mut to = crate::output::text();
    writeln!(to, "{}{gates}; seed {seed}\n", Described(policy))?;
    picture::write(&mut to, timeline, outcomes)?;
    to.flush()?;
    Ok(())
}

/// Returns the exit status of the call that was played.
fn ended(timeline: &Timeline) -> Result<ExitCode, Failure> {
    if timeline.is_stuck {
        return Err(Failure::Failed(
            "nothing can end this call any more: what is in flight has no line in the script, and no timeout or \
             deadline; give the attempt a line, or set --attempt-timeout or --deadline"
                .into(),
        ));
    }
    match timeline.steps.last().map(|step| step.action) {
        Some(Action::GiveUp(give_up)) => {
            say_gave_up(give_up);
            Ok(ExitCode::from(GAVE_UP))
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

fn say_gave_up(give_up: GiveUp) {
    let reason = give_up.reason();
    match (give_up.refusal(), give_up.hint()) {
        (Some(refusal), _) => say!("insist: gave up: {reason} ({refusal})"),
        (None, Some(hint)) => say!("insist: gave up: {reason} ({})", insist_core::duration::Text(hint)),
        (None, None) => say!("insist: gave up: {reason}"),
    }
}

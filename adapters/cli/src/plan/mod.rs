//! `insist plan`: the waits that a policy would make, without a call.

mod picture;

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use insist_core::Policy;
use insist_core::duration::Text;

use crate::describe::{Described, Waits};
use crate::exit::Failure;
use crate::explain::Explained;
use crate::gates::Gates;
use crate::options::{PolicyOptions, is_endless};
use crate::output::{output, text};
use crate::timeline::{Look, width_beside};
use picture::Wait;

/// Print what a policy does, in sentences, and the waits that it makes
///
/// The waits are those of one lane before retry 1, 2, … until the policy gives up, if every attempt fails at once, no
/// server sends Retry-After, and there is no deadline.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Plan {
    /// Print this many waits, whatever the number of attempts; fewer if the backoff stops
    #[arg(long, value_name = "N")]
    count: Option<usize>,

    /// Print one line of JSON: {"seed":…,"delays_ns":[…]}
    #[arg(long)]
    json: bool,

    /// Draw each wait and the range that it is drawn from, on a scale of time
    #[arg(long, conflicts_with = "json")]
    draw: bool,

    #[command(flatten)]
    policy: PolicyOptions,
}

const EXAMPLES: &str = "\
Examples:
  insist plan
  insist plan --preset aws --attempts 5
  insist plan --draw --backoff fibonacci --jitter equal --attempts 9
  insist plan --policy policy.toml --budget 0.1
  insist plan --backoff decorrelated --base 50ms --cap 2s --count 8 --seed 7
  insist plan --delays 1s,5s,30s --at-end repeat --jitter 0.1 --attempts 10 --json";

const GOES_ON: &str = "And so on without end; --count prints more.";

/// The number of waits that are shown of a preset or a file without an end, if --count is not given.
const SHOWN: usize = 10;

impl Plan {
    pub(crate) fn run(&self) -> Result<ExitCode, Failure> {
        let (policy, gates) = self.policy.endless_policy()?;
        let seed = self.policy.seed();
        let is_endless = is_endless(&policy);
        if let Some(count) = self.count {
            let endless = policy.unlimited_attempts().lane_attempts(u32::MAX);
            self.show((&policy, &gates), &endless, seed, count, false)?;
        } else if is_endless && (self.json || self.policy.is_unlimited_on_the_line()) {
            return Err(Failure::Usage(format!(
                "{} never stops making waits; say how many to print with --count",
                self.policy.unlimited()
            )));
        } else {
            let shown = if is_endless { SHOWN } else { usize::MAX };
            self.show((&policy, &gates), &policy, seed, shown, is_endless)?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// The first `count` waits of `waiting`, which may go on for longer than the policy does.
    fn show(
        &self,
        planned: (&Policy, &Gates),
        waiting: &Policy,
        seed: u64,
        count: usize,
        goes_on: bool,
    ) -> Result<(), Failure> {
        if self.draw {
            draw(waiting, seed, count, goes_on)
        } else {
            self.print(planned, seed, waiting.delays(seed).take(count), goes_on)
        }
    }

    fn print(
        &self,
        (policy, gates): (&Policy, &Gates),
        seed: u64,
        delays: impl Iterator<Item = Duration>,
        goes_on: bool,
    ) -> Result<(), Failure> {
        let mut to = output();
        if self.json {
            // Written one wait at a time, so that any number of waits needs no memory.
            write!(to, "{{\"seed\":{seed},\"delays_ns\":[")?;
            for (index, delay) in delays.enumerate() {
                write!(to, "{}{}", if index == 0 { "" } else { "," }, delay.as_nanos())?;
            }
            writeln!(to, "]}}")?;
        } else {
            writeln!(to, "{}{}", Explained(policy), gates.sentences())?;
            writeln!(to, "{}{gates}; seed {seed}\n", Described(policy))?;
            writeln!(to, "{:>5}  {:>16}  {:>16}", "retry", "wait", "since the start")?;
            let mut since = Duration::ZERO;
            for (index, delay) in delays.enumerate() {
                since = since.saturating_add(delay);
                let (wait, since) = (Text(delay).to_string(), Text(since).to_string());
                writeln!(to, "{:>5}  {wait:>16}  {since:>16}", index + 1)?;
            }
            if goes_on {
                writeln!(to, "\n{GOES_ON}")?;
            }
        }
        to.flush()?;
        Ok(())
    }
}

/// Counts the columns beside the bars of a drawing.
const AROUND: usize = "    1  100.5ms  ".len();

fn draw(policy: &Policy, seed: u64, count: usize, goes_on: bool) -> Result<(), Failure> {
    let mut to = text();
    writeln!(to, "{}; seed {seed}\n", Waits(policy))?;
    let end = policy.ranges().take(count).map(|range| *range.end()).max().unwrap_or_default();
    let mut delays = policy.delays(seed);
    let waits = policy.ranges().take(count).map(|range| Wait { range, drawn: delays.next() });
    picture::draw(&mut to, &Look::of_locale(), width_beside(AROUND).unwrap_or(60), end, waits)?;
    if goes_on {
        writeln!(to, "{GOES_ON}")?;
    }
    to.flush()?;
    Ok(())
}

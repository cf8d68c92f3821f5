//! `insist simulate`: policies side by side, in worlds in virtual time.

mod assertion;
mod candidate;
mod grid;
mod json;
mod show;
mod span;
mod sweep;
mod world;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use insist_core::{Policy, fresh_seed};
use terminal_size::{Width, terminal_size};

use crate::exit::{Failure, GAVE_UP};
use crate::gates::GateOptions;
use crate::options::base::{Preset, preset};
use crate::options::value;
use crate::output::{json_line, output, text};
use crate::say::say;
use assertion::Assertion;
use candidate::Spec;
use grid::Grid;
use sweep::Sweep;
use world::NamedWorld;

/// Try policies in worlds of clients, servers and incidents, in virtual time
///
/// Every policy meets every world with the same arrivals and service times, so what differs is the policy. A world is a TOML
/// file; docs/worlds has some to begin with. Without a policy, the defaults are tried beside a single attempt. Gates that are
/// given on the line are given to every policy.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Simulate {
    /// A world to try the policies in; several may be given, since one world picks the wrong policy
    #[arg(long = "world", value_name = "FILE", required = true)]
    worlds: Vec<PathBuf>,

    /// A policy to try, in a TOML file; several may be given
    #[arg(long = "policy", value_name = "FILE")]
    policies: Vec<PathBuf>,

    /// The policy of a well-known system to try; several may be given
    #[arg(long = "preset", value_name = "NAME", value_parser = preset())]
    presets: Vec<Preset>,

    /// Give every policy this attempt timeout [default: its own]
    #[arg(long, value_name = "DURATION", value_parser = value::timeout)]
    attempt_timeout: Option<Duration>,

    /// Give every policy this deadline [default: its own]
    #[arg(long, value_name = "DURATION", value_parser = value::timeout)]
    deadline: Option<Duration>,

    /// Run each policy and world from so many seeds
    #[arg(long, value_name = "N", default_value = "3", value_parser = clap::value_parser!(u32).range(1..=1000))]
    seeds: u32,

    /// The first seed: the same worlds, policies and seed give the same figures, on every machine [default: random]
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,

    /// Try each policy with values of one field: FIELD=FROM..TO, or FIELD=A,B,C
    ///
    /// The fields are hedge-after, attempt-timeout, deadline, base, cap, attempts, lanes, and the gates: budget=none,0.1,0.5. A
    /// range has eight values, evenly spaced on a logarithmic scale, and of attempts and lanes every number. A list for
    /// hedge-after may have none and percentiles: hedge-after=none,5ms,p95.
    #[arg(long, value_name = "FIELD=VALUES")]
    sweep: Option<Sweep>,

    /// Exit with 1 unless this holds for every policy in every world; may be given several times
    ///
    /// A figure, one of <= < >= >, and a number: success>=0.99, p99<=250ms, peak<=1.5, recovers<=60s. The figures are success,
    /// sends, peak, refused, p50, p90, p99 and p99.9 of successful calls, and recovers.
    #[arg(long = "assert", value_name = "CONDITION")]
    assertions: Vec<Assertion>,

    /// Print one JSON object
    ///
    /// {"version":1,"seed":…,"runs":[{"world":…,"policy":…,"seeds":…,"calls":…,"success":…,"sends_per_call":…,"peak":…,
    /// "p50_ms":…|null,"p99_ms":…|null,"recovers_s":…|null,"refused":…,"spread":{…}}]}. Each figure is the mean over the
    /// seeds, and spread has the standard deviation between them under the same name. p50_ms and p99_ms are those of
    /// successful calls; recovers_s is null if a run did not get there.
    #[arg(long)]
    json: bool,

    /// Write a picture of each world and policy over time
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,

    /// Write a page with tables and pictures: one file that opens anywhere
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,

    #[command(flatten)]
    gates: GateOptions,
}

const EXAMPLES: &str = "\
Examples:
  insist simulate --world docs/worlds/hang.toml --preset aws --preset grpc --policy mine.toml
  insist simulate --world hang.toml --world fail-fast.toml --policy mine.toml --assert 'success>=0.8' --assert 'peak<=1.5'
  insist simulate --world slow-replica.toml --policy hedged.toml --sweep hedge-after=1ms..50ms --html trade-off.html

Exit status: 0 done, and every --assert held; 1 one did not; 2 usage error.";

impl Simulate {
    pub(crate) fn run(&self) -> Result<ExitCode, Failure> {
        let worlds = self.worlds()?;
        let specs = self.specs()?;
        let seed = self.seed.unwrap_or_else(|| fresh_seed() >> 11);
        let grid = Grid::run(worlds, specs, seed, self.seeds)?;
        grid.refuse_unseen()?;
        if let Some(path) = &self.svg {
            write(path, &show::svg::document(&grid))?;
        }
        if let Some(path) = &self.html {
            write(path, &show::html::page(&grid, self.sweep.as_ref()))?;
        }
        if self.json {
            let mut to = output();
            json_line(&mut to, &json::Runs::of(&grid))?;
            to.flush()?;
        } else {
            let mut to = text();
            let width = terminal_size().map_or(usize::MAX, |(Width(columns), _)| usize::from(columns));
            show::table::write(&mut to, &grid, width)?;
            to.flush()?;
        }
        let broken: Vec<String> = self.assertions.iter().flat_map(|assertion| assertion.broken(&grid)).collect();
        broken.iter().for_each(|sentence| say!("insist: {sentence}"));
        Ok(if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(GAVE_UP) })
    }

    /// Returns the worlds, each with a name of its own.
    fn worlds(&self) -> Result<Vec<NamedWorld>, Failure> {
        let mut worlds: Vec<NamedWorld> = self.worlds.iter().map(|path| world::read(path)).collect::<Result<_, _>>()?;
        let names: Vec<String> = numbered(worlds.iter().map(|world| world.name.as_str()));
        worlds.iter_mut().zip(names).for_each(|(world, name)| world.name = name);
        Ok(worlds)
    }

    /// Returns the policies under trial, each with a name of its own.
    fn specs(&self) -> Result<Vec<Spec>, Failure> {
        let mut specs: Vec<Spec> = self.policies.iter().map(|path| Spec::read(path)).collect::<Result<_, _>>()?;
        specs.extend(self.presets.iter().map(|preset| Spec::plain(preset.name(), preset.policy())));
        if specs.is_empty() {
            specs.push(Spec::plain("one attempt", Policy::default().attempts(1)));
            specs.push(Spec::plain("default", Policy::default()));
        }
        let limited = |spec: Spec| spec.limited(self.attempt_timeout, self.deadline, &self.gates);
        let mut specs = specs.into_iter().map(limited).collect::<Result<Vec<Spec>, _>>()?;
        if let Some(sweep) = &self.sweep {
            specs = sweep.over(&specs)?;
        }
        let names = numbered(specs.iter().map(|spec| spec.name.as_str()));
        specs.iter_mut().zip(names).for_each(|(spec, name)| spec.name = name);
        match specs.iter().find_map(|spec| spec.policy.validate().err().map(|problem| (&spec.name, problem))) {
            Some((name, problem)) => Err(Failure::Usage(format!("policy {name}: {problem}"))),
            None => Ok(specs),
        }
    }
}

/// Returns names as they can be shown, of which equal ones are numbered.
fn numbered<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut shown: Vec<String> = Vec::new();
    for name in names {
        let name = span::shown(name, 60);
        let is_same = |other: &&String| **other == name || other.starts_with(&format!("{name} ("));
        let before = shown.iter().filter(is_same).count();
        shown.push(if before == 0 { name } else { format!("{name} ({})", before + 1) });
    }
    shown
}

fn write(path: &Path, content: &str) -> Result<(), Failure> {
    std::fs::write(path, content).map_err(|error| Failure::Failed(format!("cannot write {}: {error}", path.display())))
}

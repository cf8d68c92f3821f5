//! `insist world`: a world from what people have of an incident.

mod infer;
mod records;
mod write;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::exit::Failure;
use crate::output::output;
use infer::Incident;
use records::Records;

/// Make a world from records of an incident, to try other policies in it
///
/// Reads the lines that `insist get --report` writes, spans as OTLP JSON, or an access log in the common or combined format
/// with the seconds that a request took at the end of each line, and prints a world file for `insist simulate`. From
/// when calls began, how long answers took and which attempts failed it infers when each target was healthy, failing,
/// silent or slow. It cannot know how the servers would have behaved under more load than they had: the world says how much
/// was seen, and simulate refuses a policy that sends more.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct WorldFrom {
    /// The records; several files are read as one
    #[arg(long = "from", value_name = "FILE", required = true)]
    from: Vec<PathBuf>,

    /// Take only attempts to this target, a host with its port [default: all, as replicas]
    #[arg(long, value_name = "HOST")]
    target: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  insist get --each --report reports.jsonl $(cat urls); insist world --from reports.jsonl > incident.toml
  insist simulate --world incident.toml --policy mine.toml --preset aws

Exit status: 0 done, 2 records that cannot be read or hold too little.";

impl WorldFrom {
    pub(crate) fn run(&self) -> Result<ExitCode, Failure> {
        let mut records = Records::default();
        for path in &self.from {
            records.read(path).map_err(Failure::Usage)?;
        }
        if let Some(target) = &self.target {
            records.keep(target).map_err(Failure::Usage)?;
        }
        let incident = Incident::of(&records).map_err(Failure::Usage)?;
        let mut to = output();
        to.write_all(write::toml(&records, &incident).as_bytes())?;
        to.flush()?;
        Ok(ExitCode::SUCCESS)
    }
}

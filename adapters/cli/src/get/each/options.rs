//! The options of `--each`.

use std::path::PathBuf;

use clap::Args;

/// How many are fetched at once, by default.
const PARALLEL: usize = 4;
const MOST_PARALLEL: usize = 1000;

/// Several URLs, each for itself.
#[derive(Args)]
#[command(next_help_heading = "Several URLs")]
pub(in crate::get) struct EachOptions {
    /// The URLs are no replicas: fetch each of them, in a call of its own
    ///
    /// The bodies go to standard output one after the other in the order given, or to files in --output-dir; as for one
    /// URL, the last body of a call that gave up too. At the end standard error is told in a table what came of each. --report writes a line for each URL, in the order given.
    /// URL N draws its waits from a seed of its own: the Nth number of SplitMix64 that starts at --seed, its upper 53
    /// bits; the report names it. The exit status is 0 if all were accepted and 1 if any call gave up.
    #[arg(long)]
    pub(in crate::get) each: bool,

    /// How many URLs are fetched at once [default: 4]
    #[arg(long, value_name = "N", value_parser = parallel, requires = "each", allow_hyphen_values = true)]
    parallel: Option<usize>,

    /// Write each body to a file in this folder, which appears only when it is whole
    ///
    /// The folder is made if need be. A file's name is the last part of the URL's path, or its host, with its query;
    /// what is no letter of ASCII, digit, `.`, `-` or `_` becomes `_`; names that are the same are numbered, as in
    /// page-2.html.
    #[arg(long, value_name = "DIR", requires = "each")]
    pub(super) output_dir: Option<PathBuf>,
}

impl EachOptions {
    pub(super) fn parallel(&self) -> usize {
        self.parallel.unwrap_or(PARALLEL)
    }
}

fn parallel(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number @ 1..=MOST_PARALLEL) => Ok(number),
        _ => Err(format!("a whole number from 1 to {MOST_PARALLEL} is needed")),
    }
}

//! The options of `--each`.

use std::path::PathBuf;

use clap::Args;

/// The default of `--parallel`.
const PARALLEL: usize = 4;
const MOST_PARALLEL: usize = 1000;

/// The options of `--each`, `--parallel` and `--output-dir`.
#[derive(Args)]
#[command(next_help_heading = "Several URLs")]
pub(in crate::get) struct EachOptions {
    /// Fetch every URL, each in a call of its own, instead of taking them as replicas
    ///
    /// Writes the bodies to standard output in the order given, or to files in --output-dir; as for one URL, also the
    /// last body of a call that gave up. At the end it prints a table with a line for each URL to standard error.
    /// --report writes a line for each URL, in the order given. Each URL has a seed of its own, which the report names:
    /// for URL N, the upper 53 bits of the Nth number of SplitMix64 started at --seed. The exit status is 0 if all were
    /// accepted and 1 if any call gave up.
    #[arg(long)]
    pub(in crate::get) each: bool,

    /// Number of URLs to fetch at once [default: 4]
    #[arg(long, value_name = "N", value_parser = parallel, requires = "each", allow_hyphen_values = true)]
    parallel: Option<usize>,

    /// Write each body to a file in this folder, which appears only when it is complete
    ///
    /// The folder is created if it is missing. A file's name is the last part of the URL's path, or else its host,
    /// followed by its query; any character but ASCII letters, digits, `.`, `-` and `_` becomes `_`; equal names are
    /// numbered, as in page-2.html.
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

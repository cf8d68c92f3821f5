//! The options of `--each`, and the URLs of a list.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::exit::Failure;

/// The default of `--parallel`.
const PARALLEL: usize = 4;
const MOST_PARALLEL: usize = 1000;

/// The options of `--each`, `--urls-from`, `--parallel` and `--output-dir`.
#[derive(Args)]
#[command(next_help_heading = "Several URLs")]
pub(in crate::get) struct EachOptions {
    /// Fetch every URL, each in a call of its own, instead of taking them as replicas
    ///
    /// Writes the bodies to standard output in the order given, or to files in --output-dir; as for one URL, also the
    /// last body of a call that gave up, but not to a file. At the end it prints a table with a line for each URL to standard error.
    /// --report writes a line for each URL, in the order given. Each URL has a seed of its own, which the report names:
    /// for URL N, the upper 53 bits of the Nth number of SplitMix64 started at --seed. The exit status is 0 if all were
    /// accepted, and else that of the first that failed.
    #[arg(long)]
    each: bool,

    /// Fetch each URL in this file as with --each, one a line; - is standard input. Empty lines and lines with # are left out
    #[arg(long, value_name = "FILE")]
    urls_from: Option<PathBuf>,

    /// Number of URLs to have in flight at once; one that waits for a retry is in flight only when it is sent [default: 4]
    #[arg(long, value_name = "N", value_parser = parallel, allow_hyphen_values = true)]
    parallel: Option<usize>,

    /// Write each body to a file in this folder, which appears only when it is complete
    ///
    /// The folder is created if it is missing. A file's name is the last part of the URL's path, or else its host,
    /// followed by its query; any character but ASCII letters, digits, `.`, `-` and `_` becomes `_`; equal names are
    /// numbered, as in page-2.html. A link in the folder is replaced, and not followed.
    #[arg(long, value_name = "DIR")]
    pub(in crate::get) output_dir: Option<PathBuf>,
}

impl EachOptions {
    pub(in crate::get) const fn is_each(&self) -> bool {
        self.each || self.urls_from.is_some()
    }

    pub(super) fn parallel(&self) -> usize {
        self.parallel.unwrap_or(PARALLEL)
    }

    /// Returns the URLs of the command line and those of the list.
    pub(in crate::get) fn read_urls<'a>(
        &self,
        given: impl Iterator<Item = &'a String>,
    ) -> Result<Vec<String>, Failure> {
        let mut urls: Vec<String> = given.cloned().collect();
        let each = [("--parallel", self.parallel.is_some()), ("--output-dir", self.output_dir.is_some())];
        if let Some((option, _)) = each.into_iter().find(|(_, is_given)| *is_given && !self.is_each()) {
            return Err(Failure::Usage(format!("{option} is for several URLs; give --each, or --urls-from")));
        }
        if let Some(path) = &self.urls_from {
            let text =
                if path == Path::new("-") { io::read_to_string(io::stdin()) } else { std::fs::read_to_string(path) };
            let text =
                text.map_err(|error| Failure::Usage(format!("cannot read --urls-from {}: {error}", path.display())))?;
            urls.extend(
                text.lines()
                    .map(str::trim)
                    .filter(|line| !line.is_empty() && !line.starts_with('#'))
                    .map(str::to_owned),
            );
        }
        Ok(urls)
    }
}

fn parallel(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number @ 1..=MOST_PARALLEL) => Ok(number),
        _ => Err(format!("a whole number from 1 to {MOST_PARALLEL} is needed")),
    }
}

//! `insist get --each`: fetches every URL in a call of its own, several at once.
//!
//! Threads fetch, and the main thread writes the bodies in the order of the URLs.

mod bar;
mod fetched;
mod names;
mod options;
mod seed;
mod table;

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Write, stdout};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::Builder;
use std::time::Instant;

use super::Get;
use super::report::write_line;
use super::sink::Sink;
use crate::exit::{Failure, GAVE_UP};
use crate::say::say_all;
use bar::Bar;
use fetched::{Ended, Fetcher};
pub(super) use options::EachOptions;
use table::{Row, Table};

/// The most URLs that may be begun while an earlier one holds up the writing of their bodies.
const AHEAD: usize = 64;

/// Writes bodies, reports and rows, in the order of the URLs.
struct Writer {
    rows: Vec<Row>,
    report: Option<Sink>,
    bar: Bar,
}

impl Get {
    /// Fetches every URL.
    pub(super) fn run_each(&self) -> Result<ExitCode, Failure> {
        if self.output.is_some() {
            return Err(Failure::Usage(
                "-o is one file, and with --each every URL has a body; give --output-dir DIR, or leave it out for \
                 standard output"
                    .into(),
            ));
        }
        let fetcher = Fetcher::new(self)?;
        if let Some(folder) = &self.each.output_dir {
            prepare(folder)?;
        }
        let report = self.report_sink()?;
        let bar = Bar::new(self.urls.len(), self.each.output_dir.is_none());
        let mut writer = Writer { rows: Vec::new(), report, bar };

        let started = Instant::now();
        let fetched = self.fetch_each(&fetcher, &mut writer);
        let Writer { rows, report, bar } = writer;
        drop(bar);
        let table = Table { rows: &rows, took: started.elapsed(), gates: fetcher.gates() };
        say_all(&table);
        let kept = report.map_or(Ok(()), Sink::keep);
        match fetched {
            // A reader that leaves early is no failure.
            Ok(()) | Err(Failure::ReaderLeft) => {}
            Err(failure) => return Err(failure),
        }
        kept.map_err(|error| Failure::Failed(format!("cannot write the report: {error}")))?;
        let is_well = rows.iter().all(|row| row.why.is_none());
        Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::from(GAVE_UP) })
    }

    /// Fetches and writes the URLs. If the reader of standard output leaves, no further URL is begun.
    fn fetch_each(&self, fetcher: &Fetcher<'_>, writer: &mut Writer) -> Result<(), Failure> {
        let urls = self.urls.len();
        let threads = self.each.parallel().min(urls);
        let (give, given) = channel();
        let (tell, told) = channel();
        let given = Mutex::new(given);
        std::thread::scope(|scope| {
            // Dropped at the end in any case, so that the threads end too.
            let give = give;
            for _ in 0..threads {
                let (given, tell) = (&given, tell.clone());
                let work = move || {
                    while let Some(index) = next(given) {
                        let fetched = catch_unwind(AssertUnwindSafe(|| fetcher.fetch(index)));
                        if tell.send((index, fetched)).is_err() {
                            break;
                        }
                    }
                };
                Builder::new()
                    .spawn_scoped(scope, work)
                    .map_err(|error| Failure::Failed(format!("cannot start a thread: {error}")))?;
            }
            drop(tell);
            let (mut begun, mut ended) = (0, 0);
            let mut waiting = BTreeMap::new();
            while writer.rows.len() < urls {
                while begun < urls && begun - ended < threads && begun - writer.rows.len() < AHEAD.max(threads) {
                    let _ = give.send(begun);
                    begun += 1;
                }
                // Fails only if all threads are gone, which wait as long as `give` lives.
                let Ok((index, fetched)) = told.recv() else { break };
                let fetched = fetched.unwrap_or_else(|panic| resume_unwind(panic));
                ended += 1;
                writer.bar.add(fetched.row.why.is_some());
                waiting.insert(index, fetched);
                while let Some(fetched) = waiting.remove(&writer.rows.len()) {
                    writer.write(fetched)?;
                }
            }
            Ok(())
        })
    }
}

fn next(given: &Mutex<Receiver<usize>>) -> Option<usize> {
    given.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

/// Checks that the folder can be written to, before anything is sent.
fn prepare(folder: &Path) -> Result<(), Failure> {
    let made = std::fs::create_dir_all(folder).and_then(|()| tempfile::tempfile_in(folder));
    made.map(drop)
        .map_err(|error| Failure::Usage(format!("cannot write to --output-dir {}: {error}", folder.display())))
}

impl Writer {
    fn write(&mut self, ended: Ended) -> Result<(), Failure> {
        let Ended { row, body, json, log } = ended;
        self.rows.push(row);
        if !log.is_empty() {
            self.bar.suspended(|| say_all(&log));
        }
        if let Some(report) = &mut self.report {
            write_line(report, &json)?;
        }
        let Some(mut body) = body else { return Ok(()) };
        let mut to = stdout().lock();
        match io::copy(&mut body, &mut to).and_then(|_| to.flush()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(Failure::Failed(format!("cannot write the body: {error}")))
            }
            written => Ok(written?),
        }
    }
}

//! `insist get --each`: fetches every URL in a call of its own, several at once.
//!
//! Threads fetch, and the main thread writes the bodies in the order of the URLs.

mod bar;
mod fetched;
mod names;
mod options;
mod places;
mod seed;
mod table;

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Write, stdout};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{Builder, Scope};
use std::time::Instant;

use super::Get;
use super::report::write_line;
use super::sink::Sink;
use super::status::WRITE;
use crate::exit::Failure;
use crate::say::{say, say_all};
use bar::Bar;
use fetched::{Ended, Fetcher};
pub(super) use names::names;
pub(super) use options::EachOptions;
use table::{Row, Table};

/// The most URLs that may be begun while an earlier one holds up the writing of their bodies to standard output.
const AHEAD: usize = 64;
/// The most threads of calls that wait.
const WAITING: usize = 256;

/// Says what a thread tells.
enum News {
    /// A URL was fetched, or fetching it panicked.
    Fetched(usize, Box<std::thread::Result<Ended>>),
    /// A call waits, and another may take its place.
    Waits,
}

/// Writes bodies, reports and rows, in the order of the URLs.
struct Writer {
    rows: Vec<Row>,
    report: Option<Sink>,
    /// Holds what went wrong with the report.
    trouble: Option<io::Error>,
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
        let folder = self.each.output_dir.as_deref().or(self.remote_name.then_some(Path::new(".")));
        if self.continue_at.is_some() && folder.is_none() {
            return Err(Failure::Usage("-C continues files; give --output-dir DIR or -O".into()));
        }
        if self.write_out.is_some() {
            return Err(Failure::Usage("-w is for one URL; with --each, --report - writes a line for each".into()));
        }
        let fetcher = Fetcher::new(self, folder)?;
        if folder.is_none() {
            self.check_outputs(None)?;
        }
        if let Some(folder) = folder {
            prepare(folder)?;
        }
        let report = self.report_sink()?;
        let bar = Bar::new(fetcher.urls(), folder.is_none(), self.silent);
        let mut writer = Writer { rows: Vec::new(), report, trouble: None, bar };

        let started = Instant::now();
        let fetched = fetch_each(&fetcher, self.each.parallel(), folder.is_none(), &mut writer);
        let Writer { rows, report, trouble, bar } = writer;
        drop(bar);
        let kept = trouble.map_or_else(|| report.map_or(Ok(()), Sink::keep), Err);
        if !self.silent {
            say_all(&Table { rows: &rows, took: started.elapsed(), gates: fetcher.gates() });
        }
        match fetched {
            // A reader that leaves early is no failure.
            Ok(()) | Err(Failure::ReaderLeft) => {}
            Err(failure) => return Err(failure),
        }
        let mut exit = rows.iter().map(|row| row.exit).find(|exit| *exit != 0).unwrap_or(0);
        if let Err(error) = kept {
            say!("insist: cannot write the report: {error}");
            exit = if exit == 0 { WRITE } else { exit };
        }
        Ok(ExitCode::from(exit))
    }
}

/// Fetches and writes the URLs. If the reader of standard output leaves, no further URL is begun.
fn fetch_each(fetcher: &Fetcher<'_>, parallel: usize, is_in_order: bool, writer: &mut Writer) -> Result<(), Failure> {
    let urls = fetcher.urls();
    let (give, given) = channel();
    let (tell, told) = channel();
    let given = Mutex::new(given);
    std::thread::scope(|scope| {
        // Dropped at the end in any case, so that the threads end too.
        let give = give;
        let mut threads = 0;
        for _ in 0..parallel.min(urls) {
            threads += usize::from(begin(scope, fetcher, &given, &tell));
        }
        let (mut begun, mut waiting) = (0, BTreeMap::new());
        while writer.rows.len() < urls {
            let ahead = if is_in_order { AHEAD.max(parallel) } else { usize::MAX };
            while threads > 0 && begun < urls && begun - writer.rows.len() < ahead {
                let _ = give.send(begun);
                begun += 1;
            }
            let news = if threads == 0 {
                // There is no thread to be had, so this one does it all.
                begun += 1;
                News::Fetched(begun - 1, Box::new(Ok(fetcher.fetch(begun - 1, &tell))))
            } else {
                // Never fails, since `tell` is here.
                let Ok(news) = told.recv() else { break };
                news
            };
            match news {
                News::Waits if threads < parallel.saturating_add(WAITING) => {
                    threads += usize::from(begin(scope, fetcher, &given, &tell));
                }
                News::Waits => {}
                News::Fetched(index, fetched) => {
                    let fetched = fetched.unwrap_or_else(|panic| resume_unwind(panic));
                    writer.bar.add(fetched.row.why.is_some());
                    waiting.insert(index, fetched);
                }
            }
            writer.bar.show(fetcher.waiting());
            while let Some(fetched) = waiting.remove(&writer.rows.len()) {
                writer.write(fetched)?;
            }
        }
        Ok(())
    })
}

/// Begins a thread that fetches, and returns whether there was one to be had.
fn begin<'scope, 'env>(
    scope: &'scope Scope<'scope, 'env>,
    fetcher: &'env Fetcher<'_>,
    given: &'env Mutex<Receiver<usize>>,
    tell: &Sender<News>,
) -> bool {
    let tell = tell.clone();
    let work = move || {
        while let Some(index) = next(given) {
            let fetched = catch_unwind(AssertUnwindSafe(|| fetcher.fetch(index, &tell)));
            if tell.send(News::Fetched(index, Box::new(fetched))).is_err() {
                break;
            }
        }
    };
    Builder::new().spawn_scoped(scope, work).is_ok()
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
        let written = body.map_or(Ok(()), |mut body| {
            let mut to = stdout().lock();
            io::copy(&mut body, &mut to).and_then(|_| to.flush())
        });
        if let (Some(report), None) = (&mut self.report, &self.trouble) {
            // Told at the end: no result is lost for it.
            self.trouble = write_line(report, &json).err();
        }
        if !log.is_empty() {
            self.bar.suspended(|| say_all(&log));
        }
        match written {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(Failure::Ended(WRITE, format!("cannot write the body: {error}")))
            }
            written => Ok(written?),
        }
    }
}

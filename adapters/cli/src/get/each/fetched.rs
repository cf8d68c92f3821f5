//! One URL of several: fetched on a thread, its body kept until it is its turn, or in a file of its own.

use std::io::{self, Seek, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use http::Uri;
use insist_ureq::Agent;
use insist_ureq::insisting::Report;
use tempfile::{SpooledTempFile, spooled_tempfile};

use super::super::copy::{Broken, copy};
use super::super::gates::Gates;
use super::super::report::{Form, Told};
use super::super::sink::Sink;
use super::super::{Get, why};
use super::names::names;
use super::seed::seed;
use super::table::Row;
use crate::exit::Failure;
use crate::fetch::{Fetch, Fetched, agent};

/// 1 MiB: how much of a body is kept in memory until it is its turn. What is longer is in a file without a name.
const IN_MEMORY: usize = 1 << 20;

/// What came of a URL.
pub(super) struct Ended {
    pub(super) row: Row,
    /// What standard output is to be given.
    pub(super) body: Option<SpooledTempFile>,
    pub(super) form: Form,
    pub(super) log: String,
}

/// Fetches one URL after the other, for all threads.
pub(super) struct Fetcher<'a> {
    get: &'a Get,
    agent: Agent,
    /// What all have in common.
    fetch: Fetch,
    /// Their paths, and their names in the folder.
    files: Vec<(PathBuf, String)>,
    gates: Option<Vec<Arc<Gates>>>,
}

/// Where a body goes.
enum Place {
    Turn(SpooledTempFile),
    File(Sink),
}

impl<'a> Fetcher<'a> {
    pub(super) fn new(get: &'a Get) -> Result<Self, Failure> {
        let files = match &get.each.output_dir {
            Some(folder) => names(&get.urls).into_iter().map(|name| (folder.join(&name), name)).collect(),
            None => Vec::new(),
        };
        Ok(Self { get, agent: agent(), fetch: get.fetch()?, files, gates: get.gates.of(&get.urls) })
    }

    /// The URLs with their gates.
    pub(super) fn gates(&self) -> Vec<(&Uri, &Arc<Gates>)> {
        self.get.urls.iter().zip(self.gates.iter().flatten()).collect()
    }

    pub(super) fn fetch(&self, index: usize) -> Ended {
        let started = Instant::now();
        let seed = seed(self.fetch.seed, index + 1);
        let gate = self.gates.as_ref().map(|gates| Arc::clone(&gates[index]));
        let url = &self.get.urls[index];
        let mut row =
            Row { url: url.to_string(), status: None, attempts: 0, took: started.elapsed(), file: None, why: None };
        let mut place = match self.place(index) {
            Ok(place) => place,
            Err(error) => {
                row.why = Some(format!("cannot write to its file: {error}"));
                return Ended { row, body: None, form: Form::unsent(seed), log: String::new() };
            }
        };

        let fetch = Fetch { urls: vec![url.clone()], seed, gate, ..self.fetch.clone() };
        let Fetched { result, report } = fetch.run_with(&self.agent, |_| ());
        let ended = match result {
            Ok(mut response) => {
                row.status = Some(response.status().as_u16());
                copy(&mut response, &mut place, |_| ())
            }
            Err(error) => Err(Broken::Call(error)),
        };
        let broken = ended.as_ref().err().and_then(Broken::of_body);
        let (body, ended) = place.end(ended);
        let (form, log) = match &report {
            Some(report) => {
                row.attempts = report.attempts;
                let told = Told(report);
                let log = if self.get.log { told.to_string() } else { String::new() };
                (told.form(row.status, broken), log)
            }
            None => (Form::unsent(seed), String::new()),
        };
        if ended.is_ok() {
            row.file = self.files.get(index).map(|(_, name)| name.clone());
        }
        row.why = why_not(report.as_ref(), row.status, &ended);
        row.took = started.elapsed();
        Ended { row, body, form, log }
    }

    fn place(&self, index: usize) -> io::Result<Place> {
        match self.files.get(index) {
            Some((path, _)) => Sink::file(path).map(Place::File),
            None => Ok(Place::Turn(spooled_tempfile(IN_MEMORY))),
        }
    }
}

/// Why it is not accepted, or not where it is wanted.
fn why_not(report: Option<&Report>, status: Option<u16>, ended: &Result<(), Broken>) -> Option<String> {
    let gave_up = report.and_then(why);
    let last = match (ended, status) {
        (Err(Broken::Body(error)), _) => Some(format!("the body broke off: {error}")),
        (Err(Broken::Output(error)), _) => Some(format!("cannot write the body: {error}")),
        // Where nothing was sent, the reason is all there is to say.
        (Err(Broken::Call(_)), _) if gave_up.is_some() && report.is_some_and(|report| report.attempts == 0) => None,
        (Err(Broken::Call(error)), _) => Some(format!("last error: {error}")),
        (Ok(()), _) => None,
    };
    match (gave_up, last) {
        (Some(why), Some(last)) => Some(format!("{why}; {last}")),
        (why, last) => why.or(last),
    }
}

impl Place {
    /// The body, if standard output is to be given it, and whether it is where it is wanted.
    fn end(self, ended: Result<(), Broken>) -> (Option<SpooledTempFile>, Result<(), Broken>) {
        match self {
            // What came of a body that broke off is written, as for one URL.
            Self::Turn(mut kept) => {
                let rewound = kept.rewind().map_err(Broken::Output);
                (Some(kept), ended.and(rewound))
            }
            Self::File(file) => (None, ended.and_then(|()| file.keep().map_err(Broken::Output))),
        }
    }
}

impl Write for Place {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Turn(kept) => kept.write(bytes),
            Self::File(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Turn(kept) => kept.flush(),
            Self::File(file) => file.flush(),
        }
    }
}

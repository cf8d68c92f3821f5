//! Fetches one URL of several on a thread, and keeps its body until its turn, or in a file of its own.

use std::io::{self, Seek, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use http::Uri;
use insist_ureq::Agent;
use insist_ureq::insisting::Report;
use tempfile::{SpooledTempFile, spooled_tempfile};

use super::super::copy::{Broken, copy};
use super::super::gates;
use super::super::report::{JsonReport, Told};
use super::super::sink::{Links, Readers, Sink};
use super::super::{Get, why};
use super::names::names;
use super::seed::seed;
use super::table::Row;
use crate::exit::Failure;
use crate::fetch::{Fetch, Fetched, agent};
use crate::gates::LiveGates;
use crate::shown::{foreign, without_secrets};

/// The most of a body that is kept in memory until its turn: 1 MiB. A longer one is kept in a file without a name.
const IN_MEMORY: usize = 1 << 20;

/// The end of a URL's call.
pub(super) struct Ended {
    pub(super) row: Row,
    /// The body for standard output, if it goes there.
    pub(super) body: Option<SpooledTempFile>,
    pub(super) json: JsonReport,
    pub(super) log: String,
}

/// The fetcher of all URLs, shared by the threads.
pub(super) struct Fetcher<'a> {
    get: &'a Get,
    agent: Agent,
    /// The parts of the fetch that all URLs have in common.
    fetch: Fetch,
    /// The path of each URL's file, and its name in the folder.
    files: Vec<(PathBuf, String)>,
    gates: Option<Vec<Arc<LiveGates>>>,
}

/// The destination of a body.
enum Place {
    Turn(SpooledTempFile),
    File(Sink),
}

impl<'a> Fetcher<'a> {
    pub(super) fn new(get: &'a Get) -> Result<Self, Failure> {
        let (fetch, gates) = get.fetch()?;
        let files = match &get.each.output_dir {
            Some(folder) => names(&fetch.urls).into_iter().map(|name| (folder.join(&name), name)).collect(),
            None => Vec::new(),
        };
        let gates = gates::of(&fetch.urls, &gates, &fetch.policy);
        Ok(Self { get, agent: agent(), fetch, files, gates })
    }

    /// Returns the URLs with their gates.
    pub(super) fn gates(&self) -> Vec<(&Uri, &Arc<LiveGates>)> {
        self.fetch.urls.iter().zip(self.gates.iter().flatten()).collect()
    }

    pub(super) fn fetch(&self, index: usize) -> Ended {
        let started = Instant::now();
        let seed = seed(self.fetch.seed, index + 1);
        let gate = self.gates.as_ref().map(|gates| Arc::clone(&gates[index]));
        let url = &self.fetch.urls[index];
        let mut row = Row {
            url: self.told(&url.to_string()),
            status: None,
            attempts: 0,
            took: started.elapsed(),
            file: None,
            why: None,
        };
        let mut place = match self.place(index) {
            Ok(place) => place,
            Err(error) => {
                row.why = Some(format!("cannot write to its file: {error}"));
                return Ended { row, body: None, json: JsonReport::unsent(seed), log: String::new() };
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
        let (json, log) = match &report {
            Some(report) => {
                row.attempts = report.attempts;
                let told = Told { report, hides_queries: self.get.hide_queries };
                let log = if self.get.log { told.to_string() } else { String::new() };
                (told.json(row.status, broken), log)
            }
            None => (JsonReport::unsent(seed), String::new()),
        };
        if ended.is_ok() {
            row.file = self.files.get(index).map(|(_, name)| name.clone());
        }
        row.why = self.why_not(report.as_ref(), row.status, &ended);
        row.took = started.elapsed();
        Ended { row, body, json, log }
    }

    fn told(&self, text: &str) -> String {
        foreign(&without_secrets(text, self.get.hide_queries))
    }

    /// Returns why a response was not accepted, or its body not written.
    fn why_not(&self, report: Option<&Report>, status: Option<u16>, ended: &Result<(), Broken>) -> Option<String> {
        let gave_up = report.and_then(why);
        let last = match (ended, status) {
            (Err(Broken::Body(error)), _) => Some(format!("the body broke off: {}", self.get.shown(error))),
            (Err(Broken::Output(error)), _) => Some(format!("cannot write the body: {error}")),
            // If nothing was sent, there is only the reason.
            (Err(Broken::Call(_)), _) if gave_up.is_some() && report.is_some_and(|report| report.attempts == 0) => None,
            (Err(Broken::Call(error)), _) => Some(format!("last error: {}", self.get.shown(error))),
            (Ok(()), _) => None,
        };
        match (gave_up, last) {
            (Some(why), Some(last)) => Some(format!("{why}; {last}")),
            (why, last) => why.or(last),
        }
    }

    fn place(&self, index: usize) -> io::Result<Place> {
        match self.files.get(index) {
            Some((path, _)) => Sink::at(path, Links::Replaced, Readers::Usual).map(Place::File),
            None => Ok(Place::Turn(spooled_tempfile(IN_MEMORY))),
        }
    }
}

impl Place {
    /// Returns the body, if it goes to standard output, and whether it was written.
    fn end(self, ended: Result<(), Broken>) -> (Option<SpooledTempFile>, Result<(), Broken>) {
        match self {
            // What came of a body that broke off is written too, as for one URL.
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

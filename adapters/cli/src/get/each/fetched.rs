//! Fetches one URL of several on a thread, and keeps its body until its turn, or in a file of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Instant;

use http::Uri;
use insist_core::WrittenReport;
use insist_ureq::Agent;
use tempfile::SpooledTempFile;

use super::super::conclude::Concluded;
use super::super::download::Download;
use super::super::made::Made;
use super::super::output::Output;
use super::super::part::{Note, Part};
use super::super::report::{About, Told};
use super::super::sink::{Links, Readers, Sink};
use super::super::status::WRITE;
use super::super::{Get, gates};
use super::News;
use super::names::names;
use super::places::{Place, Places};
use super::seed::seed;
use super::table::Row;
use crate::exit::Failure;
use crate::fetch::Fetch;
use crate::gates::LiveGates;
use crate::shown::{foreign, without_secrets};

/// The end of a URL's call.
pub(super) struct Ended {
    pub(super) row: Row,
    /// The body for standard output, if it goes there.
    pub(super) body: Option<SpooledTempFile>,
    pub(super) json: WrittenReport,
    pub(super) log: String,
}

/// The fetcher of all URLs, shared by the threads.
pub(super) struct Fetcher<'a> {
    get: &'a Get,
    agent: Agent,
    urls: Vec<Uri>,
    /// The parts of the fetch that all URLs have in common, without a URL.
    fetch: Fetch,
    /// The path of each URL's file, and its name in the folder.
    files: Vec<(PathBuf, String)>,
    gates: Option<Vec<Arc<LiveGates>>>,
    places: Arc<Places>,
    about: About,
}

impl<'a> Fetcher<'a> {
    pub(super) fn new(get: &'a Get, folder: Option<&Path>) -> Result<Self, Failure> {
        let (mut fetch, gates) = get.fetch()?;
        let urls = std::mem::take(&mut fetch.urls);
        let files = match folder {
            Some(folder) => names(&urls).into_iter().map(|name| (folder.join(&name), name)).collect(),
            None => Vec::new(),
        };
        let about = fetch.about(&gates);
        let gates = gates::of(&urls, &gates, &fetch.common.policy);
        let parallel = get.each.parallel();
        let agent = fetch.common.agent(&get.connection.agent(parallel, get.request.compressed)?);
        Ok(Self { get, agent, urls, fetch, files, gates, places: Arc::new(Places::new(parallel)), about })
    }

    pub(super) fn urls(&self) -> usize {
        self.urls.len()
    }

    /// Returns how many calls wait for a retry.
    pub(super) fn waiting(&self) -> usize {
        self.places.waiting()
    }

    /// Returns the URLs with their gates.
    pub(super) fn gates(&self) -> Vec<(&Uri, &Arc<LiveGates>)> {
        self.urls.iter().zip(self.gates.iter().flatten()).collect()
    }

    pub(super) fn fetch(&self, index: usize, tell: &Sender<News>) -> Ended {
        let place = Place::take(&self.places);
        let started = Instant::now();
        let seed = seed(self.fetch.seed, index + 1);
        let url = &self.urls[index];
        let mut row = Row {
            url: self.told(&url.to_string()),
            status: None,
            attempts: 0,
            took: started.elapsed(),
            file: None,
            why: None,
            exit: 0,
        };
        let (output, note) = match self.output(index) {
            Ok(output) => output,
            Err(why) => {
                row.why = Some(format!("cannot write to its file: {why}"));
                row.exit = WRITE;
                return Ended { row, body: None, json: WrittenReport::unsent(seed), log: String::new() };
            }
        };

        let download = Arc::new(Download::new(self.get.wanted(), output, note, |_, _, _| ()));
        let gate = self.gates.as_ref().map(|gates| Arc::clone(&gates[index]));
        let fetch = Fetch { urls: vec![url.clone()], seed, gate, ..self.fetch.clone() };
        let hook = || {
            let (place, tell) = (Arc::clone(&place), tell.clone());
            move |event: &insist_ureq::insisting::Event<'_>| place.see(event, &tell)
        };
        let made = Made::of(fetch, &self.agent, &download, hook);
        row.attempts = made.attempts();
        let Made { result, reports } = made;
        let mut concluded = self.get.conclude(result, reports.last(), &download);
        drop(place);

        let (body, is_kept) = keep(&mut concluded);
        row.file = self.files.get(index).filter(|_| is_kept).map(|(_, name)| name.clone());
        row.status = concluded.last_status();
        row.why = why_not(&concluded);
        row.exit = concluded.exit;
        let told = |report| Told { report, fetch: &self.about, hides_queries: self.get.hide_queries }.to_string();
        let log = if self.get.log || self.get.verbose { reports.iter().map(told).collect() } else { String::new() };
        let json = self.get.written(&reports, &self.about, concluded.last_status(), concluded.broken.take());
        let json = json.unwrap_or_else(|| WrittenReport::unsent(seed));
        row.took = started.elapsed();
        Ended { row, body, json, log }
    }

    fn told(&self, text: &str) -> String {
        foreign(&without_secrets(text, self.get.hide_queries))
    }

    fn output(&self, index: usize) -> Result<(Output, Note), String> {
        match self.files.get(index) {
            Some((path, _)) if self.get.continue_at.is_some() => {
                let (part, note) = Part::open_at(path).map_err(|error| error.to_string())?;
                Ok((Output::Part(part), note))
            }
            Some((path, _)) => {
                let sink = Sink::at(path, Links::Replaced, Readers::Usual).map_err(|error| error.to_string())?;
                Ok((Output::of(sink), Note::default()))
            }
            None => Ok((Output::turn(), Note::default())),
        }
    }
}

/// Completes the output, and returns the body for standard output, and whether there is a file.
fn keep(concluded: &mut Concluded) -> (Option<SpooledTempFile>, bool) {
    let Some(output) = concluded.downloaded.output.take() else { return (None, false) };
    // What came of a body that broke off is written too, as for one URL.
    if !concluded.is_complete {
        return (output.incomplete(), false);
    }
    match output.keep() {
        Ok(body) => (body, true),
        Err(error) => {
            concluded.last = Some(format!("cannot write the body: {error}"));
            concluded.exit = WRITE;
            (None, false)
        }
    }
}

/// Returns why a response was not accepted, or its body not written.
fn why_not(concluded: &Concluded) -> Option<String> {
    if concluded.exit == 0 {
        return None;
    }
    match (&concluded.gave_up, &concluded.last, concluded.status) {
        (Some(_), Some(last), _) if concluded.has_own_words() => Some(last.clone()),
        (Some(why), Some(last), Some(_)) => Some(format!("{why}; {last}")),
        // If nothing was sent, there is only the reason.
        (Some(why), Some(_), None) if concluded.is_unsent => Some(why.clone()),
        (Some(why), Some(last), None) => Some(format!("{why}; last error: {last}")),
        (why, last, _) => why.clone().or(last.clone()),
    }
}

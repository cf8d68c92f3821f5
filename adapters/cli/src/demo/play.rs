//! Plays a scene twice, with plain ureq and with insist, each with replicas of its own.

use std::io::{self, Read};
use std::time::{Duration, Instant};

use clap::Parser;
use insist_core::AttemptEnd;
use insist_flaky::Server;
use insist_ureq::insisting::Report;

use super::scene::Scene;
use crate::exit::Failure;
use crate::get::Get;
use crate::timeline::{Mark, Row};

/// The most time that the replicas are watched for clients that leave: ample, and seldom used up.
const WATCHED: Duration = Duration::from_secs(2);

/// The command line that shows a scene.
#[derive(Parser)]
struct Line {
    #[command(flatten)]
    get: Get,
}

/// The result of a scene, for one of the two.
pub(super) struct Played {
    /// The status, or the error.
    result: Result<u16, String>,
    pub(super) took: Duration,
    /// Requests that reached the replicas.
    pub(super) requests: usize,
    /// The number of those that the client left early.
    pub(super) left: usize,
    pub(super) rows: Vec<Row>,
}

impl Played {
    /// Returns the status or the error, as one word.
    pub(super) fn result(&self) -> String {
        self.result.as_ref().map_or("error".into(), u16::to_string)
    }
}

/// Plays a scene with plain ureq, which knows one address.
pub(super) fn plainly(scene: &Scene) -> Result<Played, Failure> {
    let servers = start(scene)?;
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let started = Instant::now();
    let result = agent
        .get(servers[0].url())
        .call()
        .map_err(|error| error.to_string())
        .and_then(|mut response| read(response.body_mut().as_reader()).map(|()| response.status().as_u16()));
    let took = started.elapsed();
    let (mark, said) = match &result {
        Ok(status @ 200..=299) => (Mark::Accepted, status.to_string()),
        Ok(status) => (Mark::Failed, status.to_string()),
        Err(error) => (Mark::Failed, error.clone()),
    };
    let row =
        Row { label: "ureq".into(), waited: None, sent: Duration::ZERO, ended: took, would_end: None, mark, said };
    Ok(Played { result, took, requests: requests(&servers), left: 0, rows: vec![row] })
}

/// Plays a scene as `insist get` does.
pub(super) fn insisting(scene: &Scene) -> Result<Played, Failure> {
    let servers = start(scene)?;
    let words = ["get"].into_iter().chain(scene.options.split_whitespace());
    let words = words.map(str::to_owned).chain(servers.iter().map(Server::url));
    let (fetch, _) = Line::try_parse_from(words).map_err(|error| Failure::Usage(error.to_string()))?.get.fetch()?;
    let started = Instant::now();
    let fetched = fetch.run(|_| ());
    let result = fetched
        .result
        .map_err(|error| error.to_string())
        .and_then(|mut response| read(response.body_mut().as_reader()).map(|()| response.status().as_u16()));
    let took = started.elapsed();
    let rows = fetched.report.map(|report| rows(&report, servers.len())).unwrap_or_default();
    let cancelled = rows.iter().filter(|row| row.mark == Mark::Cancelled).count();
    let left = left(&servers, cancelled);
    Ok(Played { result, took, requests: requests(&servers), left, rows })
}

fn start(scene: &Scene) -> Result<Vec<Server>, Failure> {
    let servers = (scene.replicas)().into_iter().map(Server::start).collect::<io::Result<Vec<_>>>();
    servers.map_err(|error| Failure::Failed(format!("cannot start a server on loopback: {error}")))
}

fn read(mut body: impl Read) -> Result<(), String> {
    io::copy(&mut body, &mut io::sink()).map(|_| ()).map_err(|error| error.to_string())
}

fn requests(servers: &[Server]) -> usize {
    servers.iter().map(Server::request_count).sum()
}

/// Waits until the expected number of clients has left, or for the time above, and returns how many have.
fn left(servers: &[Server], expected: usize) -> usize {
    let count = || servers.iter().map(Server::disconnects).sum();
    let started = Instant::now();
    while count() < expected && started.elapsed() < WATCHED {
        std::thread::sleep(Duration::from_millis(1));
    }
    count()
}

fn rows(report: &Report, replicas: usize) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let mut free_since = std::collections::BTreeMap::new();
    for entry in report.log.entries() {
        let since = |at: insist_core::Instant| at.saturating_since(report.started);
        let detail = entry.detail.clone().unwrap_or_default();
        let replica = (entry.attempt as usize - 1) % replicas + 1;
        let what = match (detail.status, detail.error, entry.end) {
            (_, _, Some(end)) if end.is_cancelled() => end.to_string(),
            (Some(status), ..) => status.to_string(),
            (None, Some(error), _) => error,
            (None, None, end) => end.map_or("", AttemptEnd::as_str).into(),
        };
        let ended = since(entry.ended.unwrap_or(entry.sent));
        rows.push(Row {
            label: format!("insist #{} in lane {}", entry.attempt, entry.lane),
            waited: free_since.insert(entry.lane, ended),
            sent: since(entry.sent),
            ended,
            would_end: None,
            mark: match entry.end {
                Some(AttemptEnd::Accept) => Mark::Accepted,
                Some(end) if end.is_cancelled() => Mark::Cancelled,
                Some(_) => Mark::Failed,
                None => Mark::Open,
            },
            said: if replicas > 1 { format!("{what} (replica {replica})") } else { what },
        });
    }
    rows
}

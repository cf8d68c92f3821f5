//! `insist get`: fetches a URL with retries.

mod body;
mod copy;
mod each;
mod gates;
mod header;
mod options;
mod place;
mod progress;
mod report;
mod sink;
mod unfinished;

use std::error::Error;
use std::io::ErrorKind;
use std::path::Path;
use std::process::ExitCode;

use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Method};
use insist_core::Repeat;
use insist_core::duration::Text;
use insist_ureq::insisting::{Report, Rules};

use crate::exit::{Failure, GAVE_UP};
use crate::fetch::{Fetch, Fetched};
use crate::gates::Gates;
use crate::say::{say, say_all};
use crate::shown::{foreign, without_secrets};
use copy::{Broken, copy};
use header::{option_header, option_url};
pub(crate) use options::Get;
use place::check_apart;
use progress::Progress;
use report::{JsonReport, Told, write_line};
use sink::{Readers, Sink};

impl Get {
    pub(crate) fn run(&self) -> Result<ExitCode, Failure> {
        if self.each.each {
            return self.run_each();
        }
        let (mut fetch, gates) = self.fetch()?;
        fetch.gate = gates::of(&fetch.urls[..1], &gates, &fetch.policy).and_then(|gates| gates.into_iter().next());
        // Opened first, so that a file that cannot be written is reported before anything is sent.
        self.check_outputs()?;
        let output = Sink::open(self.output.as_deref(), "-o", Readers::Usual)?;
        let report_to = self.report_sink()?;

        let progress = Progress::new(output.is_stdout());
        let Fetched { result, report } = fetch.run(progress.hook());
        let Some(report) = report else {
            return Err(Failure::Failed(result.err().map_or("there is no report".into(), |error| self.shown(&error))));
        };
        let told = Told { report: &report, hides_queries: self.hide_queries };
        if self.log {
            progress.suspended(|| say_all(&told));
        }

        let mut status = None;
        let ended = match result {
            Ok(mut response) => {
                status = Some(response.status().as_u16());
                progress.begin(response.body().content_length());
                let mut output = output;
                copy(&mut response, &mut output, |bytes| progress.add(bytes))
                    .and_then(|()| output.keep().map_err(Broken::Output))
            }
            Err(error) => Err(Broken::Call(error)),
        };
        drop(progress);
        let written = match report_to {
            Some(to) => write_report(to, &told.json(status, ended.as_ref().err().and_then(Broken::of_body))),
            None => Ok(()),
        };
        let exit = self.end(&report, status, ended)?;
        written.map(|()| exit)
    }

    /// Makes an error fit to be shown.
    fn shown(&self, error: &dyn Error) -> String {
        foreign(&without_secrets(&error.to_string(), self.hide_queries))
    }

    /// Checks that no output overwrites another.
    fn check_outputs(&self) -> Result<(), Failure> {
        let output = self.output.as_deref().unwrap_or(Path::new("-"));
        let body = if self.output.is_some() { "-o" } else { "the body" };
        let mut outputs = vec![(body, output)];
        outputs.extend(self.report.as_deref().map(|path| ("--report", path)));
        check_apart(&outputs)
    }

    fn report_sink(&self) -> Result<Option<Sink>, Failure> {
        self.report.as_deref().map(|path| Sink::open(Some(path), "--report", Readers::Owner)).transpose()
    }

    /// Reports the end of the call on standard error, and returns the exit status.
    fn end(&self, report: &Report, status: Option<u16>, ended: Result<(), Broken>) -> Result<ExitCode, Failure> {
        let last = match (&ended, status) {
            (Err(Broken::Call(error)), _) => format!("last error: {}", self.shown(error)),
            (_, Some(status)) => format!("last status: {status}"),
            (_, None) => String::new(),
        };
        if let Some(why) = why(report) {
            let attempts = match report.attempts {
                1 => "1 attempt".into(),
                attempts => format!("{attempts} attempts"),
            };
            say!("insist: gave up after {attempts}: {why}; {last}");
        }
        match ended {
            Err(Broken::Body(error)) => Err(Failure::Failed(format!("the body broke off: {}", self.shown(&error)))),
            Err(Broken::Output(error)) if error.kind() != ErrorKind::BrokenPipe => {
                Err(Failure::Failed(format!("cannot write the body: {error}")))
            }
            _ if report.reason.is_some() => Ok(ExitCode::from(GAVE_UP)),
            Err(Broken::Call(error)) => Err(Failure::Failed(self.shown(&error))),
            // A reader that leaves early is no failure.
            Err(Broken::Output(_)) | Ok(()) => Ok(ExitCode::SUCCESS),
        }
    }

    /// Makes the fetch that the command line asks for, and says which gates it asks for.
    pub(crate) fn fetch(&self) -> Result<(Fetch, Gates), Failure> {
        let (policy, gates) = self.policy.policy()?;
        let body = body::body(&self.data, &self.data_binary, &self.form)?;
        let mut headers = self.headers.iter().map(|text| option_header(text)).collect::<Result<Vec<_>, _>>()?;
        if body.is_some() && !headers.iter().any(|(name, _)| *name == CONTENT_TYPE) {
            headers.push((CONTENT_TYPE, HeaderValue::from_static(body::URLENCODED)));
        }
        let default = if body.is_some() { Method::POST } else { Method::GET };
        let method = self.request.clone().unwrap_or(default);
        if policy.get_lanes() > 1 && !self.repeatable && !is_repeatable(&method, &headers) {
            say!(
                "insist: note: --lanes has no effect on a {method}, which may not be sent twice; --repeatable lets it"
            );
        }
        let fetch = Fetch {
            urls: self.urls.iter().map(|text| option_url(text)).collect::<Result<_, _>>()?,
            method,
            headers,
            body,
            is_repeatable: self.repeatable,
            is_whole_body: self.whole_body,
            rules: self.rules()?,
            policy,
            seed: self.policy.seed(),
            gate: None,
        };
        Ok((fetch, gates))
    }

    fn rules(&self) -> Result<Rules, Failure> {
        if let Some(status) = self.retry_status.iter().find(|status| self.no_retry_status.contains(status)) {
            return Err(Failure::Usage(format!(
                "{status} is in --retry-status and in --no-retry-status; leave it out of one of them"
            )));
        }
        let rules = self.retry_status.iter().fold(Rules::new(), |rules, status| rules.retry_status(*status));
        Ok(self.no_retry_status.iter().fold(rules, |rules, status| rules.no_retry_status(*status)))
    }
}

fn is_repeatable(method: &Method, headers: &[(HeaderName, HeaderValue)]) -> bool {
    Rules::new().repeat(method, &headers.iter().cloned().collect()) == Repeat::Always
}

/// Returns why a call gave up, if it did: the reason, with the wait or the gate that caused it.
fn why(report: &Report) -> Option<String> {
    let reason = report.reason?;
    let about = match report.refusal {
        Some(refusal) => Some(refusal.to_string()),
        None => report.hint.map(|hint| Text(hint).to_string()),
    };
    Some(about.map_or_else(|| reason.to_string(), |about| format!("{reason} ({about})")))
}

fn write_report(mut to: Sink, json: &JsonReport) -> Result<(), Failure> {
    write_line(&mut to, json)?;
    to.keep().map_err(|error| Failure::Failed(format!("cannot write the report: {error}")))
}

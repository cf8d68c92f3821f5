//! `insist get`: fetches a URL with retries.

pub(crate) mod body;
mod conclude;
mod download;
mod each;
mod gates;
pub(crate) mod header;
mod line;
mod live;
mod made;
mod options;
mod output;
mod part;
mod place;
mod report;
mod sink;
mod status;
mod unfinished;
mod validator;
mod words;

use std::error::Error;
use std::io::{self, ErrorKind, Write, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread::Builder;
use std::time::Instant;

use http::{HeaderMap, Method, Uri};
use insist_core::{Policy, Repeat, WrittenReport};
use insist_ureq::insisting::Rules;

use crate::exit::Failure;
use crate::fetch::{Common, Fetch};
use crate::gates::Gates;
use crate::say::{say, say_all};
use crate::shown::{foreign, without_secrets};
use conclude::Concluded;
use download::{Download, Trouble, Wanted};
use each::names;
use header::option_url;
use live::{Live, Look};
use made::Made;
pub(crate) use options::Get;
use output::Output;
use part::{Note, Part};
use place::check_apart;
use report::{About, Told, write_line};
use sink::{Readers, Sink};
use words::format::Values;
pub(crate) use words::hints::instead;
pub(crate) use words::retry::RetryTime;

impl Get {
    pub(crate) fn run(&self) -> Result<ExitCode, Failure> {
        if self.each.is_each() {
            return self.run_each();
        }
        let (mut fetch, gates) = self.fetch()?;
        fetch.gate =
            gates::of(&fetch.urls[..1], &gates, &fetch.common.policy).and_then(|gates| gates.into_iter().next());
        let has_replicas = fetch.urls.len() > 1;
        let started = Instant::now();
        let agent = self.connection.agent(usize::from(fetch.common.policy.get_lanes()), self.request.compressed)?;
        let agent = fetch.common.agent(&agent);
        // Opened first, so that a file that cannot be written is reported before anything is sent.
        let path = self.output_path(&fetch.urls[0]);
        self.check_outputs(path.as_deref())?;
        let (output, note) = self.open_output(path.as_deref())?;
        let mut report_to = self.report_sink()?;

        let url = without_secrets(&fetch.urls[0].to_string(), self.hide_queries);
        let target = (fetch.urls.len() == 1).then(|| foreign(&url));
        let live = Live::new(output.is_seen(), self.look(target));
        let download = Arc::new(Download::new(self.wanted(), output, note, live.counter()));
        if self.verbose {
            self.show_request(&fetch);
        }
        let method = fetch.common.method.clone();
        let about = fetch.about(&gates);
        let made = Made::of(fetch, &agent, &download, || live.hook());
        let attempts = made.attempts();
        let Made { result, reports } = made;
        let mut concluded = self.conclude(result, reports.last(), &download);
        drop(live);

        let mut exit = self.write(&mut concluded)?;
        let mut words = Vec::new();
        // Which replica an attempt went to was not known while it was made.
        if (self.log || self.verbose) && has_replicas {
            for report in &reports {
                say_all(Told { report, fetch: &about, hides_queries: self.hide_queries });
            }
        }
        if let (Some(to), Some(json)) =
            (report_to.take(), self.written(&reports, &about, concluded.last_status(), concluded.broken.clone()))
        {
            if let Err(error) = write_report(to, &json) {
                exit = if exit == 0 { status::WRITE } else { exit };
                words.push(format!("cannot write the report: {error}"));
            }
        }
        words.splice(0..0, concluded.words(attempts));
        if let Some(format) = &self.write_out {
            let values = Values {
                status: concluded.last_status(),
                url,
                size: concluded.downloaded.came,
                total: started.elapsed(),
                retries: attempts.saturating_sub(1),
                attempts,
                content_type: concluded.content_type.clone(),
                exit,
                problem: words.first().cloned().unwrap_or_default(),
                file: path.filter(|_| exit == 0).map(|path| path.display().to_string()).unwrap_or_default(),
                method: method.to_string(),
            };
            let written = stdout().write_all(format.filled(&values).as_bytes()).and_then(|()| stdout().flush());
            if written.is_err_and(|error| error.kind() != ErrorKind::BrokenPipe) && exit == 0 {
                exit = status::WRITE;
            }
        }
        if !self.silent || self.show_error {
            words.iter().for_each(|words| say!("insist: {words}"));
        }
        Ok(ExitCode::from(exit))
    }

    /// Gives the output what belongs to it, and returns the exit status.
    fn write(&self, concluded: &mut Concluded) -> Result<u8, Failure> {
        let Some(output) = concluded.downloaded.output.take() else { return Ok(concluded.exit) };
        if !concluded.is_complete {
            drop(output.incomplete());
            return Ok(concluded.exit);
        }
        let written = output.keep().and_then(|kept| match kept {
            Some(mut kept) => io::copy(&mut kept, &mut stdout()).and_then(|_| stdout().flush()),
            None => Ok(()),
        });
        match written {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
            Err(error) => {
                concluded.last = Some(format!("cannot write the body: {error}"));
                concluded.exit = status::WRITE;
            }
            Ok(()) => {}
        }
        Ok(concluded.exit)
    }

    /// Returns the file of -o or -O.
    fn output_path(&self, url: &Uri) -> Option<PathBuf> {
        let named = || names(std::slice::from_ref(url)).into_iter().next().map(PathBuf::from);
        self.output.clone().or_else(|| self.remote_name.then(named).flatten())
    }

    /// Opens the output, and tells what is known of bytes that it has.
    fn open_output(&self, path: Option<&Path>) -> Result<(Output, Note), Failure> {
        if self.continue_at.is_some() {
            let Some(path) = path else {
                return Err(Failure::Usage("-C continues a file; name it with -o or -O".into()));
            };
            let (part, note) = Part::open(path)?;
            return Ok((Output::Part(part), note));
        }
        let sink = Sink::open(path, "-o", Readers::Usual)?;
        let output = if self.whole_body && !sink.is_file() { Output::turn() } else { Output::of(sink) };
        Ok((output, Note::default()))
    }

    /// Checks that no output overwrites another.
    fn check_outputs(&self, path: Option<&Path>) -> Result<(), Failure> {
        let body = if path.is_some() { "-o" } else { "the body" };
        let mut outputs = vec![(body, path.unwrap_or(Path::new("-")))];
        outputs.extend(self.report.as_deref().map(|path| ("--report", path)));
        check_apart(&outputs)
    }

    fn report_sink(&self) -> Result<Option<Sink>, Failure> {
        self.report.as_deref().map(|path| Sink::open(Some(path), "--report", Readers::Owner)).transpose()
    }

    fn wanted(&self) -> Wanted {
        Wanted {
            pages: self.error_pages(),
            head: self.include || self.request.head,
            most: self.max_filesize,
            is_timed: self.whole_body || self.retry.max_time.is_some(),
        }
    }

    fn look(&self, target: Option<String>) -> Look {
        Look {
            has_lines: self.log || self.verbose,
            has_heads: self.verbose,
            is_silent: self.silent,
            hides_queries: self.hide_queries,
            target,
        }
    }

    /// Shows the head of the request, without what may be secret.
    fn show_request(&self, fetch: &Fetch) {
        for url in &fetch.urls {
            say!("> {} {}", fetch.common.method, foreign(&without_secrets(&url.to_string(), self.hide_queries)));
        }
        for name in fetch.common.headers.keys() {
            say!("> {name}: …");
        }
    }

    /// Makes an error fit to be shown.
    fn shown(&self, error: &dyn Error) -> String {
        foreign(&without_secrets(&error.to_string(), self.hide_queries))
    }

    /// Makes the fetch that the command line asks for, and says which gates it asks for.
    pub(crate) fn fetch(&self) -> Result<(Fetch, Gates), Failure> {
        let (policy, gates) = self.policy.policy()?;
        let policy = self.retry.over(policy);
        policy.validate().map_err(|problem| Failure::Usage(problem.to_string()))?;
        let seed = self.policy.seed();
        let said = self.request.said(seed)?;
        let urls = self.each.read_urls(self.urls.iter().chain(&self.named_urls))?;
        let urls = urls.iter().map(|text| said.address(option_url(text)?)).collect::<Result<Vec<_>, Failure>>()?;
        let policy = self.with_threads(policy);
        let common = Common {
            is_repeatable: self.repeatable,
            is_whole_body: self.whole_body,
            rules: self.rules()?,
            policy,
            retry_max_time: self.retry.retry_max_time,
            method: said.method,
            headers: said.headers,
            body: said.body,
        };
        if policy.get_lanes() > 1 && !common.is_repeated() && !self.silent {
            say!(
                "insist: note: --lanes has no effect on a {}, which may not be sent twice; --repeatable lets it",
                common.method
            );
        }
        Ok((Fetch { urls, common: Arc::new(common), seed, gate: None, receive: None }, gates))
    }

    /// Takes one lane where there is no thread to be had for others.
    fn with_threads(&self, policy: Policy) -> Policy {
        if policy.get_lanes() < 2 || Builder::new().spawn(|| ()).is_ok() {
            return policy;
        }
        if !self.silent {
            say!("insist: note: no thread can be started, so --lanes has no effect; one lane is used");
        }
        policy.lanes(1)
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

impl Common {
    /// Returns whether the request may be sent again after any failure.
    fn is_repeated(&self) -> bool {
        self.is_repeatable || is_repeatable(&self.method, &self.headers)
    }
}

impl Fetch {
    /// Returns what a report tells of it.
    fn about(&self, gates: &Gates) -> About {
        let Common { policy, is_repeatable, rules, method, headers, .. } = &*self.common;
        let gates = gates.to_string();
        let gates = gates.trim_start_matches("; ");
        About {
            policy: *policy,
            repeat: if *is_repeatable { Repeat::Always } else { rules.repeat(method, headers) },
            gates: (!gates.is_empty()).then(|| gates.to_owned()),
            is_raced: self.is_raced(),
        }
    }

    /// Returns whether its attempts are made in several lanes, so that the head of an answer decides and its body comes later.
    fn is_raced(&self) -> bool {
        self.common.policy.get_lanes() > 1 && self.common.is_repeated()
    }
}

impl Concluded {
    /// Says what went wrong.
    fn words(&self, attempts: u32) -> Option<String> {
        let attempts = if attempts == 1 { "1 attempt".into() } else { format!("{attempts} attempts") };
        match (&self.gave_up, &self.last, self.status, self.downloaded.trouble) {
            (_, _, _, Trouble::ReaderLeft) => None,
            (Some(_), Some(last), _, _) if self.has_own_words() => Some(last.clone()),
            (Some(why), last, Some(status), _) => {
                let broken = last.as_ref().map(|last| format!("; {last}")).unwrap_or_default();
                Some(format!("gave up after {attempts}: {why}; last status: {status}{broken}"))
            }
            (Some(why), Some(last), None, _) => Some(format!("gave up after {attempts}: {why}; last error: {last}")),
            (Some(why), None, None, _) => Some(format!("gave up after {attempts}: {why}")),
            (None, last, _, _) => last.clone(),
        }
    }
}

fn is_repeatable(method: &Method, headers: &HeaderMap) -> bool {
    Rules::new().repeat(method, headers) == Repeat::Always
}

fn write_report(mut to: Sink, json: &WrittenReport) -> io::Result<()> {
    write_line(&mut to, json)?;
    to.keep()
}

//! `insist later`: enqueues requests.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Method, Uri};
use insist_core::{Instant, Policy, fresh_seed};
use insist_store::http::Request;
use insist_store::{Calls, Enqueued};
use serde::Serialize;

use super::definition::Definition;
use super::open::StoreOption;
use super::time;
use crate::exit::Failure;
use crate::get::body::{URLENCODED, body, pair};
use crate::get::header::{header, method, status, url};
use crate::options::PolicyOptions;
use crate::output::{json_line, output};

/// The policy of a call of which nothing is said.
const PATIENT: Policy = Policy::exponential(Duration::from_secs(1))
    .cap(Duration::from_secs(3600))
    .unlimited_attempts()
    .deadline(Duration::from_secs(3 * 86_400));
/// The timeout of attempts whose policy has none.
const ATTEMPT: Duration = Duration::from_secs(30);

/// Keep requests in a store, from where `insist work` sends them, for days if need be
///
/// Returns once they are on disk, and prints the key of each. Several URLs are several calls. Each attempt carries its call's
/// key as the Idempotency-Key, so that a server can tell when it gets a request twice; for one that cannot, there is --once.
/// A 2xx is delivered; other statuses that are not retried fail the call.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Later {
    /// The URLs to send to, http if they have no scheme
    #[arg(required = true, value_name = "URL", value_parser = url)]
    urls: Vec<Uri>,

    #[command(flatten)]
    store: StoreOption,

    /// The key of the call: enqueuing it again does nothing [default: a random one]
    #[arg(long)]
    key: Option<String>,

    /// The name that the policy is kept under; calls that have it already go by this policy from now on [default: the name of
    /// the --policy file without its ending, or one made of the policy]
    #[arg(long, value_name = "NAME")]
    policy_name: Option<String>,

    /// Send no earlier than this time in UTC, as in 2026-12-24T18:00:00Z [default: now]
    #[arg(long, value_name = "TIME", value_parser = time::instant, conflicts_with = "in")]
    at: Option<Instant>,

    /// Send no earlier than after this time [default: 0]
    #[arg(long, value_name = "DURATION", value_parser = time::duration)]
    r#in: Option<Duration>,

    /// The method of the request [default: GET, or POST with a body]
    #[arg(short = 'X', long, value_name = "METHOD", value_parser = method)]
    request: Option<Method>,

    /// A header, as in `Accept: text/html`; may be given several times. It is kept in the store as it is
    #[arg(short = 'H', long = "header", value_name = "HEADER", value_parser = header)]
    headers: Vec<(HeaderName, HeaderValue)>,

    /// The body of the request; @FILE sends a file without its line ends, @- standard input; several are joined with &
    #[arg(short, long, value_name = "DATA", allow_hyphen_values = true)]
    data: Vec<String>,

    /// The body of the request, as --data, but files are sent unchanged
    #[arg(long, value_name = "DATA", allow_hyphen_values = true)]
    data_binary: Vec<String>,

    /// A field of a form, sent URL-encoded; may be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair, conflicts_with_all = ["data", "data_binary"])]
    form: Vec<(String, String)>,

    /// Never send the request again once the server may have it: it does not know Idempotency-Key
    #[arg(long)]
    once: bool,

    /// Statuses to retry, besides 408, 425, 429, 500, 502, 503, 504 and those of edges, 520 to 527, 529 and 530
    #[arg(long, value_name = "STATUS,…", value_delimiter = ',', value_parser = status)]
    retry_status: Vec<u16>,

    /// Statuses not to retry
    #[arg(long, value_name = "STATUS,…", value_delimiter = ',', value_parser = status)]
    no_retry_status: Vec<u16>,

    /// Print a line of JSON for each call: {"key":…,"enqueued":"new"|"known"}
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    policy: PolicyOptions,
}

const EXAMPLES: &str = "\
Defaults that differ from other commands: without a preset or a file, the waits grow from 1s to 1h, attempts are unlimited, \
and the deadline is 3d. An attempt has 30s if the policy has no attempt timeout.

Examples:
  insist later --store calls.db -d @order.json -H 'Content-Type: application/json' https://shop.example/hooks
  insist later --store calls.db --key order-17 --policy webhooks.toml -d paid=17 https://shop.example/hooks
  insist later --store calls.db --in 1h --deadline 1d https://a.example/ping https://b.example/ping

Exit status: 0 enqueued, or the key was known; 1 the store failed; 2 usage error.";

#[derive(Serialize)]
struct Line<'a> {
    key: &'a str,
    enqueued: &'static str,
}

impl Later {
    pub(crate) fn run(&self) -> Result<ExitCode, Failure> {
        if self.key.is_some() && self.urls.len() > 1 {
            return Err(Failure::Usage("--key names one call; give one URL, or leave it out".into()));
        }
        let (name, definition) = self.definition()?;
        let requests = self.requests()?;
        let calls = self.store.open_or_make()?;
        calls.define_policy(&name, &definition).map_err(|error| self.store.failed(&error))?;
        let keys: Vec<String> = requests.iter().map(|_| self.key.clone().unwrap_or_else(random_key)).collect();
        let due = match (self.at, self.r#in) {
            (Some(at), _) => Some(at),
            (None, Some(after)) => Some(
                Instant::since_epoch()
                    .checked_add(after)
                    .ok_or_else(|| Failure::Usage("--in reaches beyond the year 2262".into()))?,
            ),
            (None, None) => None,
        };
        let acknowledged = self.enqueue(&calls, &name, requests, &keys, due)?;
        let mut out = output();
        for (key, enqueued) in keys.iter().zip(acknowledged) {
            let is_new = enqueued == Enqueued::New;
            if self.json {
                json_line(&mut out, &Line { key, enqueued: if is_new { "new" } else { "known" } })?;
            } else {
                writeln!(out, "{key}")?;
            }
            if !is_new && !self.json {
                eprintln!("insist: note: {key} is known; it stays as it was enqueued");
            }
        }
        out.flush()?;
        Ok(ExitCode::SUCCESS)
    }

    fn enqueue(
        &self,
        calls: &Calls,
        policy: &str,
        requests: Vec<Request>,
        keys: &[String],
        due: Option<Instant>,
    ) -> Result<Vec<Enqueued>, Failure> {
        let new = requests.into_iter().zip(keys).map(|(request, key)| {
            let mut call = request.into_call(key, policy);
            if let Some(due) = due {
                call = call.at(due);
            }
            if let Some(seed) = self.policy.given_seed() {
                call = call.seed(seed);
            }
            call
        });
        let ticket = calls.submit(new).map_err(|error| Failure::Usage(error.to_string()))?;
        ticket.wait().map_err(|error| self.store.failed(&error))
    }

    fn definition(&self) -> Result<(String, String), Failure> {
        let (mut policy, gates) = self.policy.policy_over("insist later", PATIENT)?;
        if gates.are_for(&policy) {
            return Err(Failure::Usage(
                "gates are shared by those who send, and are not kept with a call; leave them out, or say `none` for those of a \
                 file, and bound the attempts to one host with `insist work --per-target`"
                    .into(),
            ));
        }
        if policy.get_lanes() > 1 {
            return Err(Failure::Usage(
                "a call in a store has one lane; use --lanes 1, or a policy without hedges".into(),
            ));
        }
        if policy.get_attempt_timeout().is_none() {
            policy = policy.attempt_timeout(ATTEMPT);
        }
        if let Some(status) = self.retry_status.iter().find(|status| self.no_retry_status.contains(status)) {
            return Err(Failure::Usage(format!(
                "{status} is in --retry-status and in --no-retry-status; leave it out of one of them"
            )));
        }
        let (retry_status, no_retry_status) = (self.retry_status.clone(), self.no_retry_status.clone());
        let json = serde_json::to_string(&Definition { policy, retry_status, no_retry_status })?;
        let stem = self.policy.file().and_then(|path| path.file_stem()).map(|stem| stem.to_string_lossy().into_owned());
        let name = self.policy_name.clone().or(stem).unwrap_or_else(|| Definition::name(&json));
        Ok((name, json))
    }

    fn requests(&self) -> Result<Vec<Request>, Failure> {
        let body = body(&self.data, &self.data_binary, &self.form)?;
        let default = if body.is_some() { Method::POST } else { Method::GET };
        let method = self.request.clone().unwrap_or(default);
        let make = |url: &Uri| {
            let mut request = Request::new(method.clone(), url.to_string())?;
            for (name, value) in &self.headers {
                request = request.header(name, value)?;
            }
            if let Some(body) = &body {
                if !request.headers().contains_key(CONTENT_TYPE) {
                    request = request.header(CONTENT_TYPE, URLENCODED)?;
                }
                request = request.body(body);
            }
            Ok(if self.once { request.once() } else { request })
        };
        let made: Result<Vec<Request>, insist_store::http::RequestError> = self.urls.iter().map(make).collect();
        made.map_err(|error| Failure::Usage(error.to_string()))
    }
}

fn random_key() -> String {
    format!("{:016x}{:016x}", fresh_seed(), fresh_seed())
}

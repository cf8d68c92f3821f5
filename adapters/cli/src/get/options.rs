//! The options of `insist get`, besides those of the policy.

use std::path::PathBuf;

use clap::Args;
use http::Method;

use super::body::pair;
use super::each::EachOptions;
use super::header::{method, status};
use crate::options::PolicyOptions;

/// Fetch a URL, with retries; several URLs are replicas of one resource, or with --each separate resources
///
/// Writes the body of the response to standard output, or to the file given with -o. Accepts every status that is not
/// retried, also 404. Retries GET, HEAD, OPTIONS, TRACE, PUT, DELETE and requests with an Idempotency-Key after any
/// failure; other requests only if nothing was sent, or with --repeatable. Each host has gates of its own, which all calls
/// to it share.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Get {
    /// The URL to fetch, http if it has no scheme; of several, attempt 1 goes to the first, attempt 2 to the second,
    /// and so on in turn
    #[arg(required = true, value_name = "URL")]
    pub(super) urls: Vec<String>,

    /// The method of the request [default: GET, or POST with a body]
    #[arg(short = 'X', long, value_name = "METHOD", value_parser = method)]
    pub(super) request: Option<Method>,

    /// A header, as in `Accept: text/html`; may be given several times
    #[arg(short = 'H', long = "header", value_name = "HEADER")]
    pub(super) headers: Vec<String>,

    /// The body of the request; @FILE sends a file without its line ends, @- standard input; several are joined with &
    #[arg(short, long, value_name = "DATA", allow_hyphen_values = true)]
    pub(super) data: Vec<String>,

    /// The body of the request, as --data, but files are sent unchanged
    #[arg(long, value_name = "DATA", allow_hyphen_values = true)]
    pub(super) data_binary: Vec<String>,

    /// A field of a form, sent URL-encoded; may be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair, conflicts_with_all = ["data", "data_binary"])]
    pub(super) form: Vec<(String, String)>,

    /// Write the response's body to this file, which appears only when it is complete
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,

    /// Allow the server to carry out the request more than once, whatever its method
    #[arg(long)]
    pub(super) repeatable: bool,

    /// Statuses to retry, besides 408, 425, 429, 500, 502, 503 and 504
    #[arg(long, value_name = "STATUS,…", value_delimiter = ',', value_parser = status)]
    pub(super) retry_status: Vec<u16>,

    /// Statuses not to retry: a response with one of them is accepted
    #[arg(long, value_name = "STATUS,…", value_delimiter = ',', value_parser = status)]
    pub(super) no_retry_status: Vec<u16>,

    /// Retry also when the response's body breaks off, which buffers up to 256 MiB of it in memory
    #[arg(long)]
    pub(super) whole_body: bool,

    /// Print one line for each attempt to standard error, once the call is over
    #[arg(long)]
    pub(super) log: bool,

    /// Leave the queries of URLs out of whatever is printed or reported; users and passwords are always left out
    #[arg(long)]
    pub(super) hide_queries: bool,

    /// Write a report of the call to this file, as one line of JSON
    ///
    /// {"outcome":"returned"|"gave_up","reason":…|null,"refusal":…|null,"status":…|null,"attempts":…,"retries":…,
    /// "hedges":…,"winner":{"attempt":…,"lane":…}|null,"started_unix_ns":…,"elapsed_ns":…,"seed":…,
    /// "log":[{"attempt":…,"lane":…,"retry":…,
    /// "kind":"first"|"retry"|"hedge","target":…,"sent_ns":…,"ended_ns":…,
    /// "verdict":"accept"|"retry"|"stop"|"timeout"|"lost"|"deadline"|"cancelled","status":…|null,"error":…|null}]}.
    /// started_unix_ns is in nanoseconds since 1970, the other times since the call began. The reasons are those of `insist replay --json`; "refusal" is the
    /// text of the gate that refused. If the body breaks off after the response's head was accepted, the outcome is
    /// "gave_up" and the reason "stopped". The log has the first 64 attempts.
    #[arg(long, value_name = "FILE")]
    pub(super) report: Option<PathBuf>,

    #[command(flatten)]
    pub(super) each: EachOptions,

    #[command(flatten)]
    pub(super) policy: PolicyOptions,
}

const EXAMPLES: &str = "\
Examples:
  insist get https://example.org/
  insist get --attempts 5 --deadline 30s --whole-body -o page.html https://example.org/
  insist get --lanes 2 --hedge-after 50ms --log http://one.example/x http://two.example/x
  insist get --retry-status 404 --max-retry-after 10s --report report.json https://example.org/new
  insist get --each --output-dir pages --budget 0.1 http://one.example/x http://two.example/y
  insist get -d @order.json -H 'Content-Type: application/json' -H 'Idempotency-Key: 8e03' https://example.org/orders

Exit status: 0 accepted, 1 gave up or the body broke off, 2 usage error.";

//! The options of `insist get`, beside those of the policy.

use std::path::PathBuf;

use clap::Args;
use http::{HeaderName, HeaderValue, Method, Uri};

use super::body::pair;
use super::each::EachOptions;
use super::gates::GateOptions;
use super::header::{header, method, status, url};
use crate::options::PolicyOptions;

/// Fetch a URL through failures; several URLs are replicas, over which attempts rotate, or with --each a call each
///
/// The body of the response goes to standard output, or to the file of -o. A status that is not retried is accepted,
/// whatever it is. GET, HEAD, OPTIONS, TRACE, PUT and DELETE are repeated, and so is a request with an Idempotency-Key
/// and what certainly was not sent; other requests only with --repeatable.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Get {
    /// Where to fetch from: http unless it says https; attempt 2 goes to the second URL, and so on
    #[arg(required = true, value_name = "URL", value_parser = url)]
    pub(super) urls: Vec<Uri>,

    /// The method [default: GET, or POST with a body]
    #[arg(short = 'X', long, value_name = "METHOD", value_parser = method)]
    pub(super) request: Option<Method>,

    /// A header line, as in `Accept: text/html`; may be given several times
    #[arg(short = 'H', long = "header", value_name = "HEADER", value_parser = header)]
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,

    /// The body; @FILE is the file without its line ends, @- standard input; several are joined with &
    #[arg(short, long, value_name = "DATA", allow_hyphen_values = true)]
    pub(super) data: Vec<String>,

    /// The body, whose files are sent as they are
    #[arg(long, value_name = "DATA", allow_hyphen_values = true)]
    pub(super) data_binary: Vec<String>,

    /// A field of a form, which is sent URL-encoded; may be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair, conflicts_with_all = ["data", "data_binary"])]
    pub(super) form: Vec<(String, String)>,

    /// Write the body to this file, which appears only when it is whole
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,

    /// The request may be carried out more than once, whatever its method
    #[arg(long)]
    pub(super) repeatable: bool,

    /// Statuses to retry, beside 408, 425, 429, 500, 502, 503 and 504
    #[arg(long, value_name = "STATUS,…", value_delimiter = ',', value_parser = status)]
    pub(super) retry_status: Vec<u16>,

    /// Statuses to accept instead
    #[arg(long, value_name = "STATUS,…", value_delimiter = ',', value_parser = status)]
    pub(super) no_retry_status: Vec<u16>,

    /// An attempt includes the body, up to 256 MiB of it: one that breaks off is retried
    #[arg(long)]
    pub(super) whole_body: bool,

    /// Say on standard error how each attempt ended, in a line, once the call is over
    #[arg(long)]
    pub(super) log: bool,

    /// Write what happened to this file, as one line of JSON
    ///
    /// {"outcome":"returned"|"gave_up","reason":…|null,"refusal":…|null,"status":…|null,"attempts":…,"retries":…,
    /// "hedges":…,"winner":{"attempt":…,"lane":…}|null,"elapsed_ns":…,"seed":…,"log":[{"attempt":…,"lane":…,"retry":…,
    /// "kind":"first"|"retry"|"hedge","target":…,"sent_ns":…,"ended_ns":…,
    /// "verdict":"accept"|"retry"|"stop"|"timeout"|"lost"|"deadline"|"cancelled","status":…|null,"error":…|null}]}.
    /// Times are nanoseconds since the call began. The reasons are those of `insist replay --json`; the refusal is what
    /// the gate said. A body that breaks off after its head was accepted is told as given up, with the reason "stopped".
    /// The log has the first 64 attempts.
    #[arg(long, value_name = "FILE")]
    pub(super) report: Option<PathBuf>,

    #[command(flatten)]
    pub(super) each: EachOptions,

    #[command(flatten)]
    pub(super) gates: GateOptions,

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

Exit status: 0 accepted, 1 gave up or the body broke off, 2 usage.";

//! The options of `insist get`, besides those of the policy.

use std::path::PathBuf;

use clap::Args;

use super::each::EachOptions;
use super::header::status;
use super::status::HELP;
use super::words::connection::ConnectionOptions;
use super::words::format::{Format, format};
use super::words::request::RequestOptions;
use super::words::retry::RetryWords;
use super::words::span::bytes;
use crate::options::PolicyOptions;

/// Fetch a URL, with retries; several URLs are replicas of one resource, or with --each separate resources
///
/// Writes the body of the response to standard output, or to the file given with -o. Accepts every status that is not
/// retried, also 404; but no file is written or replaced by what came with a status of 400 or more, unless
/// --fail-with-body asks for it. Retries GET, HEAD, OPTIONS, TRACE, PUT, DELETE and requests with an Idempotency-Key after any
/// failure; other requests only if nothing was sent, or with --repeatable. A body that breaks off is continued where it did if
/// the server allows, or else begun anew. Each host has gates of its own, which all calls to it share. The words of curl mean what
/// they mean there.
#[derive(Args)]
#[command(after_help = EXAMPLES, after_long_help = long_help())]
pub(crate) struct Get {
    /// The URL to fetch, http if it has no scheme; of several, attempt 1 goes to the first, attempt 2 to the second,
    /// and so on in turn, with all headers and credentials
    #[arg(required_unless_present_any = ["urls_from", "named_urls"], value_name = "URL")]
    pub(super) urls: Vec<String>,

    /// Another URL
    #[arg(long = "url", id = "named_urls", value_name = "URL")]
    pub(super) named_urls: Vec<String>,

    #[command(flatten)]
    pub(super) request: RequestOptions,

    /// Write the response's body to this file, which appears only when it is complete
    #[arg(short, long, value_name = "FILE", help_heading = OUTPUT)]
    pub(super) output: Option<PathBuf>,

    /// Write the response's body to a file that has the name at the end of the URL's path; with --each, a file for each URL
    #[arg(short = 'O', long, visible_alias = "remote-name-all", conflicts_with_all = ["output", "output_dir"], help_heading = OUTPUT)]
    pub(super) remote_name: bool,

    /// Continue the file of -o or -O that an earlier call with this option could not complete; `-` is the only OFFSET
    ///
    /// What is not complete is kept as FILE.part, and what it is of as FILE.part.json; the rest is asked for with Range and
    /// If-Range. A file that is there without them is continued as curl does it, in the trust that it is a part of the same.
    #[arg(short = 'C', long, value_name = "OFFSET", value_parser = ["-"], allow_hyphen_values = true, help_heading = OUTPUT)]
    pub(super) continue_at: Option<String>,

    /// End the call with exit status 22 if the status is 400 or more, and write no body then
    #[arg(short, long, conflicts_with = "fail_with_body", help_heading = OUTPUT)]
    pub(super) fail: bool,

    /// End the call with exit status 22 if the status is 400 or more, and write the body, also to a file
    #[arg(long, help_heading = OUTPUT)]
    pub(super) fail_with_body: bool,

    /// Write the response's head before its body
    #[arg(short, long, visible_alias = "show-headers", help_heading = OUTPUT)]
    pub(super) include: bool,

    /// Refuse a body of more bytes than this, as in 10M, with exit status 63
    #[arg(long, value_name = "BYTES", value_parser = bytes, help_heading = OUTPUT)]
    pub(super) max_filesize: Option<u64>,

    /// Write this to standard output at the end; %{http_code} and other variables of curl are filled in
    #[arg(short, long, value_name = "FORMAT", value_parser = format, help_heading = OUTPUT)]
    pub(super) write_out: Option<Format>,

    /// Show no progress and say nothing of failures
    #[arg(short, long, help_heading = OUTPUT)]
    pub(super) silent: bool,

    /// Say why a call failed, also with --silent
    #[arg(short = 'S', long, help_heading = OUTPUT)]
    pub(super) show_error: bool,

    /// Print each attempt, each wait and each response's head to standard error, as they happen
    #[arg(short, long, help_heading = OUTPUT)]
    pub(super) verbose: bool,

    /// Print one line for each attempt and each wait to standard error, as they happen
    #[arg(long, help_heading = OUTPUT)]
    pub(super) log: bool,

    /// Change nothing: bytes are always written as they come
    #[arg(short = 'N', long, help_heading = OUTPUT)]
    pub(super) no_buffer: bool,

    /// Allow the server to carry out the request more than once, whatever its method
    #[arg(long)]
    pub(super) repeatable: bool,

    /// Statuses to retry, besides 408, 425, 429, 500, 502, 503, 504 and those of edges, 520 to 527, 529 and 530
    #[arg(long, value_name = "STATUS,…", value_delimiter = ',', value_parser = status)]
    pub(super) retry_status: Vec<u16>,

    /// Statuses not to retry: a response with one of them is accepted
    #[arg(long, value_name = "STATUS,…", value_delimiter = ',', value_parser = status)]
    pub(super) no_retry_status: Vec<u16>,

    /// Write nothing to standard output before the body is complete; in a race, let the first complete one of up to 256 MiB win
    #[arg(long)]
    pub(super) whole_body: bool,

    /// Leave the queries of URLs out of whatever is printed or reported; users and passwords are always left out
    #[arg(long, help_heading = OUTPUT)]
    pub(super) hide_queries: bool,

    /// Write a report of the call to this file, as one line of JSON; - is standard output
    ///
    /// {"version":1,"outcome":"returned"|"gave_up","reason":…|null,"refusal":…|null,"hint_ns":…|null,"fell_back":false,"status":…|null,
    /// "attempts":…,"retries":…,"hedges":…,"winner":{"attempt":…,"lane":…}|null,"started_unix_ns":…,"elapsed_ns":…,"seed":…,
    /// "policy":{…},"repeat":"always"|"if_unsent"|"never","is_on_caller":…,"gates":…|null,"log":[{"attempt":…,"lane":…,"retry":…,
    /// "kind":"first"|"retry"|"hedge","target":…,"sent_ns":…,"ended_ns":…,"timeout_ns":…|null,
    /// "verdict":"accept"|"retry"|"stop"|"timeout"|"lost"|"deadline"|"cancelled","sent":"no"|"maybe"|null,"throttled":…,
    /// "retry_after_ns":…|null,"is_exact":…,"failed_at":"connect"|"head"|"body"|null,"status":…|null,"error":…|null}],"dropped":…}.
    /// started_unix_ns is in nanoseconds since 1970, the other times since the call began. `insist replay` reads it. The reasons are
    /// those of `insist replay --json`; "refusal" is the text of the gate that refused. If the body breaks off and cannot be
    /// continued, the outcome is
    /// "gave_up" and the reason "stopped". The log has the first 64 attempts. Only its owner may read a new report.
    #[arg(long, value_name = "FILE", help_heading = OUTPUT)]
    pub(super) report: Option<PathBuf>,

    #[command(flatten)]
    pub(super) retry: RetryWords,

    #[command(flatten)]
    pub(super) connection: ConnectionOptions,

    #[command(flatten)]
    pub(super) each: EachOptions,

    #[command(flatten)]
    pub(super) policy: PolicyOptions,
}

const OUTPUT: &str = "Output";

const EXAMPLES: &str = "\
Examples:
  insist get https://example.org/
  insist get --attempts 5 --deadline 30s -o page.html https://example.org/
  insist get -fsSL --retry 5 -C - -O https://example.org/big.tar.gz
  insist get --lanes 2 --hedge-after 50ms --log http://one.example/x http://two.example/x
  insist get --retry-status 404 --max-retry-after 10s --report report.json https://example.org/new
  insist get --each --output-dir pages --budget 0.1 http://one.example/x http://two.example/y
  insist get --each --urls-from list.txt --parallel 8 --output-dir pages
  insist get -d @order.json -H 'Content-Type: application/json' -H 'Idempotency-Key: 8e03' https://example.org/orders

Exit status: 0 accepted, 2 usage error, else what failed; --help lists them.";

fn long_help() -> String {
    let examples = EXAMPLES.split("\n\nExit status").next().unwrap_or_default();
    format!("{examples}\n\n{HELP}")
}

//! The forty cases: what the server does, and what both commands are asked.

use std::time::{Duration, SystemTime};

use insist_flaky::{Answer, Script};

pub(crate) const BODY: &str = "0123456789abcdefghijklmnopqrstuvwxyz";
pub(crate) const GOOD: &str = "GOOD";

/// One case.
pub(crate) struct Case {
    /// Holds what the server does, in words.
    pub(crate) server: &'static str,
    /// The words of both commands; a space inside a word is written `_`.
    pub(crate) words: &'static str,
    /// The address, if it is not the server's; `gone` is that of a server that has stopped.
    pub(crate) url: &'static str,
    pub(crate) script: fn() -> Script,
    /// There is a file before, or a part of it with `-C -`.
    pub(crate) has_file: bool,
    /// The least time that the server asks to wait.
    pub(crate) least: Option<Duration>,
    /// It is told to end after half a second.
    pub(crate) is_interrupted: bool,
}

impl Case {
    /// Returns the words as a reader types them.
    pub(crate) fn shown(&self) -> String {
        self.all_words().replace('_', " ")
    }

    pub(crate) fn all_words(&self) -> String {
        let retry = if self.words.contains("--retry") { "" } else { "--retry 2 " };
        format!("{retry}{}", self.words).trim_end().to_owned()
    }
}

const fn case(server: &'static str, words: &'static str, script: fn() -> Script) -> Case {
    Case { server, words, url: "", script, has_file: false, least: None, is_interrupted: false }
}

const fn over_a_file(server: &'static str, words: &'static str, script: fn() -> Script) -> Case {
    Case { has_file: true, ..case(server, words, script) }
}

fn ok() -> Answer {
    Answer::ok(BODY)
}

fn busy(status: u16) -> Answer {
    Answer::status(status).body("busy")
}

fn once(first: Answer) -> Script {
    Script::list([first, ok()])
}

fn always(answer: Answer) -> Script {
    Script::list([answer])
}

/// A server of ranges whose first answer breaks off.
fn ranges(cut: Option<usize>) -> Script {
    Script::each(move |request, number| {
        let from = request
            .header("range")
            .and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok());
        let answer = match from {
            Some(from) if from >= BODY.len() => {
                Answer::status(416).header("Content-Range", format!("bytes */{}", BODY.len()))
            }
            Some(from) => Answer::status(206)
                .body(&BODY[from..])
                .header("Content-Range", format!("bytes {from}-{}/{}", BODY.len() - 1, BODY.len())),
            None => ok(),
        };
        let answer = answer.header("ETag", "\"x\"");
        match cut {
            Some(cut) if number == 1 => answer.cut_at(cut),
            _ => answer,
        }
    })
}

fn redirect() -> Script {
    Script::paths().path("/x", Answer::status(302).header("Location", "/y").body("moved")).path("/y", ok())
}

fn in_two_seconds() -> String {
    // Rounded up to the next whole second, as HTTP's dates are.
    httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(3))
}

/// Lists the cases.
pub(crate) fn cases() -> Vec<Case> {
    let second = Some(Duration::from_secs(1));
    vec![
        case("200", "-o f", || always(ok())),
        over_a_file("404", "-o f", || always(Answer::status(404).body("missing"))),
        over_a_file("404", "-f -o f", || always(Answer::status(404).body("missing"))),
        case("404", "", || always(Answer::status(404).body("missing"))),
        case("404", "--fail-with-body", || always(Answer::status(404).body("missing"))),
        case("503 once", "-o f", || once(busy(503))),
        case("503 once", "", || once(busy(503))),
        over_a_file("503 always", "-o f", || always(busy(503))),
        over_a_file("503 always", "-f -o f", || always(busy(503))),
        case("503 always", "", || always(busy(503))),
        case("500 once", "-f", || once(busy(500))),
        case("502 once", "-f", || once(busy(502))),
        case("504 once", "-f", || once(busy(504))),
        case("408 once", "-f", || once(busy(408))),
        case("429 once", "-f", || once(busy(429))),
        case("425 once", "-f", || once(busy(425))),
        case("501", "-f", || once(busy(501))),
        Case {
            least: second,
            ..case("503 once, `Retry-After: 1`", "-f", || once(busy(503).header("Retry-After", "1")))
        },
        Case {
            least: second,
            ..case("503 once, `Retry-After` as a date", "-f", || {
                once(busy(503).header("Retry-After", in_two_seconds()))
            })
        },
        case("503, `Retry-After: 3600`", "-f", || always(busy(503).header("Retry-After", "3600"))),
        Case { url: "gone", ..case("not there: the connection is refused", "-f", || always(ok())) },
        Case { url: "http://host.invalid/", ..case("a name that does not exist", "-f", || always(ok())) },
        case("resets the first connection", "-f", || once(Answer::reset())),
        case("closes the first connection", "-f", || once(Answer::close())),
        case("what is not HTTP, once", "-f", || once(Answer::garbage())),
        case("breaks the body off once", "-f -o f", || once(ok().cut_at(15))),
        case("breaks the body off once", "-f", || once(ok().cut_at(15))),
        case("breaks a chunked body off once", "-f -o f", || once(ok().chunked().cut_at(15))),
        case("resets in the body once", "-f -o f", || once(ok().reset_at(15))),
        over_a_file("breaks the body off always", "-f -o f", || always(ok().cut_at(15))),
        case("breaks the body off once, has ranges", "-f -o f", || ranges(Some(15))),
        case("breaks the body off once, has ranges", "-f", || ranges(Some(15))),
        over_a_file("has ranges; a part is there", "-f -C - -o f", || ranges(None)),
        over_a_file("has ranges, and breaks off once; a part is there", "-f -C - -o f", || ranges(Some(15))),
        case("never answers", "-f --max-time 1", || always(Answer::never())),
        case("is silent in the body once", "-f --max-time 1 -o f", || once(ok().stall_at(15))),
        case("503 once", "-f -d order=1", || once(busy(503))),
        case("503 once", "-f -d order=1 -H Idempotency-Key:_7", || once(busy(503))),
        case("503 once", "-f -X PUT -d order=1", || once(busy(503))),
        case("resets the first connection", "-f -X PUT -d order=1", || once(Answer::reset())),
        case("302 to the body", "-f -L", redirect),
        case("302 to the body", "-f", redirect),
        case("302 to itself", "-f -L", || always(Answer::status(302).header("Location", "/x"))),
        over_a_file("a chunked body of 36 bytes", "-f --max-filesize 20 -o f", || always(ok().chunked())),
        Case {
            is_interrupted: true,
            ..over_a_file("stalls in the body, and the command is told to end", "-f -o f", || always(ok().stall_at(15)))
        },
        case("200", "-f -o missing/f", || always(ok())),
    ]
}

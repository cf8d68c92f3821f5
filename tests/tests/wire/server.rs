//! The server behind the proxy: it is well, and answers now and then that it is busy, or that there is no such thing.

use insist_flaky::{Answer, Script, Server};

use crate::ask::{Ask, Method, numbers, random};

/// What an attempt is answered, if its answer comes through.
pub(crate) struct Expected {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

pub(crate) fn expected(seed: u64, method: &str, call: u32, attempt: u32, sent: &[u8]) -> Expected {
    let mut random = random(seed, 3, call, attempt);
    let status = match random.u8(..40) {
        0 => 404,
        1..=4 => 503,
        _ => 200,
    };
    // An answer that went to another attempt, or a request that did not arrive as it was sent, shows.
    let sum = sent.iter().fold(sent.len() as u64, |sum, byte| sum.rotate_left(5) ^ u64::from(*byte));
    let mut body = format!("{method} {call} {attempt} {sum}\n").into_bytes();
    let length = if random.u8(..20) == 0 { 20_000 } else { random.usize(..300) };
    body.extend(std::iter::repeat_with(|| random.alphanumeric() as u8).take(length));
    Expected { status, body }
}

impl Expected {
    pub(crate) fn of(ask: &Ask, attempt: u32) -> Self {
        let mut expected = expected(ask.seed, ask.method.as_str(), ask.call, attempt, &ask.body);
        if ask.method == Method::Head {
            expected.body.clear();
        }
        expected
    }
}

pub(crate) fn start(seed: u64) -> Server {
    let script = Script::each(move |request, _| {
        let (call, attempt) = numbers(&request.path);
        let Expected { status, body } = expected(seed, &request.method, call, attempt, &request.body);
        let answer = Answer::status(status).body(body).header("X-Call", call.to_string());
        // 9 s is longer than any deadline. Who has none is told to come back at once.
        let has_deadline = Ask::draw(seed, call).policy.get_deadline().is_some();
        let wait = if has_deadline && attempt != 2 { "9" } else { "0" };
        let answer = if status == 503 { answer.header("Retry-After", wait) } else { answer };
        if attempt % 2 == 0 { answer.chunked() } else { answer }
    });
    Server::start(script).unwrap()
}

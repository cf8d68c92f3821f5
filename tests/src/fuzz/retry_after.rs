//! What any header lines ask to wait: never a panic, and what RFC 9110 says, read a second time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use insist_http::http::header::{DATE, RETRY_AFTER};
use insist_http::http::{HeaderMap, HeaderValue};

use super::date;
use super::word::Words;

const SECOND: i128 = 1_000_000_000;

/// Reads header lines and the time, and compares what they ask for with a second reading.
///
/// # Panics
///
/// If the two differ.
pub fn retry_after(bytes: &[u8]) {
    let mut words = Words::new(bytes);
    let Some(now) = words.instant() else { return };
    let (mut asked, mut dates) = (Vec::new(), Vec::new());
    while !words.is_empty() {
        let is_date = words.is_rare(64);
        let line = words.line(now);
        if HeaderValue::from_bytes(&line).is_ok() {
            if is_date { dates.push(line) } else { asked.push(line) }
        }
    }
    let hint = insist_http::retry_after(&headers(&asked, &dates), of_nanos(now));
    assert_eq!(hint.map(|hint| hint.subsec_nanos()).unwrap_or(0), 0, "it is not rounded up");

    let server = dates.iter().find_map(|line| date::read(text(line)?, seconds(now)));
    let base = server.map_or(now, |seconds| i128::from(seconds) * SECOND);
    // Before 1920 and after 2106 it is not said which century two digits are of.
    let is_told = |nanos| (-date::FIFTY_YEARS..1 << 32).contains(&seconds(nanos));
    if !is_told(base) || !is_told(now) {
        return;
    }
    let expected = asked.iter().find_map(|line| wait(text(line)?, base));
    let lines = || asked.iter().chain(&dates).map(|line| String::from_utf8_lossy(line).into_owned());
    assert_eq!(hint.map(|hint| hint.as_secs()), expected, "{:?} at {now} ns", lines().collect::<Vec<_>>());

    // What another line says does not matter to the first that is valid.
    let first = asked.iter().find(|line| text(line).and_then(|line| wait(line, base)).is_some());
    let alone = headers(&first.cloned().into_iter().collect::<Vec<_>>(), &dates);
    assert_eq!(insist_http::retry_after(&alone, of_nanos(now)), hint);
}

fn headers(asked: &[Vec<u8>], dates: &[Vec<u8>]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, lines) in [(RETRY_AFTER, asked), (DATE, dates)] {
        for line in lines {
            headers.append(&name, HeaderValue::from_bytes(line).expect("it was tried"));
        }
    }
    headers
}

/// A line without the whitespace around it, if it is text.
fn text(line: &[u8]) -> Option<&str> {
    Some(std::str::from_utf8(line).ok()?.trim_matches([' ', '\t']))
}

/// How many seconds a line asks for.
fn wait(line: &str, base: i128) -> Option<u64> {
    if !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit()) {
        let digit = |sum: u64, byte: u8| sum.saturating_mul(10).saturating_add(u64::from(byte - b'0'));
        return Some(line.bytes().fold(0, digit));
    }
    let wait = i128::from(date::read(line, seconds(base))?) * SECOND - base;
    Some(((wait.max(0) + SECOND - 1) / SECOND) as u64)
}

/// The second that an instant lies in.
const fn seconds(nanos: i128) -> i64 {
    nanos.div_euclid(SECOND) as i64
}

fn of_nanos(nanos: i128) -> SystemTime {
    let (span, second) = (nanos.unsigned_abs(), SECOND.unsigned_abs());
    let span = Duration::new((span / second) as u64, (span % second) as u32);
    if nanos < 0 { UNIX_EPOCH - span } else { UNIX_EPOCH + span }
}

impl Words<'_> {
    /// Nanoseconds since 1970, if a clock can show them.
    fn instant(&mut self) -> Option<i128> {
        let (seconds, nanos) = match self.below(4) {
            0 => (1_700_000_000 + i64::from(self.number::<u16>()), 0),
            1 => (i64::from(self.number::<u32>()), self.number::<u32>() % 1_000_000_000),
            2 => (self.number::<i64>() >> self.below(48), self.number::<u32>() % 1_000_000_000),
            _ => (self.pick(&[0, -1, *date::RANGE.end(), *date::RANGE.start(), 1_577_880_000]), 0),
        };
        let is_shown = UNIX_EPOCH.checked_add(Duration::from_secs(seconds.unsigned_abs())).is_some();
        // Far enough from the ends that adding a little does no harm.
        let is_far = seconds.unsigned_abs() < 1 << 62;
        (is_shown && is_far).then_some(i128::from(seconds) * SECOND + i128::from(nanos))
    }

    fn line(&mut self, now: i128) -> Vec<u8> {
        match self.below(8) {
            0..=1 => self.bytes(64).to_vec(),
            2 => self.bytes(32).iter().map(|byte| b'0' + byte % 10).collect(),
            3 => [b" \t ", self.bytes(32), b"\t "].concat(),
            more => {
                let at = match self.below(4) {
                    0 => seconds(now).saturating_add(i64::from(self.number::<i16>())),
                    1 => seconds(now).saturating_add(i64::from(self.number::<i32>())),
                    2 => i64::from(self.number::<u32>()),
                    _ => self.number::<i64>() >> 24,
                };
                let at = at.clamp(*date::RANGE.start(), *date::RANGE.end());
                let mut line = date::write(at, self.below(3)).into_bytes();
                if more == 7 {
                    let place = usize::from(self.byte()) % line.len();
                    line[place] = self.byte();
                }
                line
            }
        }
    }
}

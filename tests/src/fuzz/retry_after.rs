//! What any header lines ask to wait: never a panic, and what RFC 9110 says, read a second time.
//!
//! HTTP dates are here a second time, from RFC 9110, section 5.6.7: to seconds since 1970, and back.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use insist_http::http::header::{DATE, RETRY_AFTER};
use insist_http::http::{HeaderMap, HeaderValue};

use super::plan::Words;

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

    let server = dates.iter().find_map(|line| read(text(line)?, seconds(now)));
    let base = server.map_or(now, |seconds| i128::from(seconds) * SECOND);
    // Before 1920 and after 2106 it is not said which century two digits are of.
    let is_told = |nanos| (-FIFTY_YEARS..1 << 32).contains(&seconds(nanos));
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

/// Returns how many seconds a line asks for.
fn wait(line: &str, base: i128) -> Option<u64> {
    if !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit()) {
        let digit = |sum: u64, byte: u8| sum.saturating_mul(10).saturating_add(u64::from(byte - b'0'));
        return Some(line.bytes().fold(0, digit));
    }
    if let Some((whole, rest)) = line.split_once('.') {
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let begun = u64::from(!rest.trim_end_matches('0').is_empty());
        return (is_number(whole) && is_number(rest)).then(|| wait(whole, base))?.map(|all| all.saturating_add(begun));
    }
    let wait = i128::from(read(line, seconds(base))?) * SECOND - base;
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
            _ => (self.pick(&[0, -1, *RANGE.end(), *RANGE.start(), 1_577_880_000]), 0),
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
                let at = at.clamp(*RANGE.start(), *RANGE.end());
                let mut line = write(at, self.below(3)).into_bytes();
                if more == 7 {
                    let place = usize::from(self.byte()) % line.len();
                    line[place] = self.byte();
                }
                line
            }
        }
    }
}

const DAYS: [&str; 7] = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const DAY: i64 = 86_400;

/// 50 years of 365.25 days.
const FIFTY_YEARS: i64 = 1_577_880_000;

/// The first second of the year 0, and the last of 9999.
const RANGE: std::ops::RangeInclusive<i64> = -62_167_219_200..=253_402_300_799;

/// The instant that a text names; `now` tells the century of two digits.
fn read(text: &str, now: i64) -> Option<i64> {
    let words: Vec<&str> = text.split(' ').collect();
    match words[..] {
        [weekday, day, month, year, time, "GMT"] if weekday.ends_with(',') => {
            let weekday = DAYS.iter().position(|name| weekday == format!("{},", &name[..3]))?;
            instant(weekday, digits(year, 4)?, month, digits(day, 2)?, time)
        }
        [weekday, date, time, "GMT"] => {
            let weekday = DAYS.iter().position(|name| weekday == format!("{name},"))?;
            let [day, month, year] = date.split('-').collect::<Vec<_>>()[..] else { return None };
            let (day, year) = (digits(day, 2)?, digits(year, 2)?);
            let in_year = |year| (0..7).find_map(|weekday| instant(weekday, year, month, day, time));
            let is_near = |year: &i64| in_year(*year).is_some_and(|at| at <= now + FIFTY_YEARS);
            let year = (0..100).rev().map(|century| century * 100 + year).find(is_near)?;
            instant(weekday, year, month, day, time)
        }
        [weekday, month, "", day, time, year] => {
            instant(short(weekday)?, digits(year, 4)?, month, digits(day, 1)?, time)
        }
        [weekday, month, day, time, year] => instant(short(weekday)?, digits(year, 4)?, month, digits(day, 2)?, time),
        _ => None,
    }
}

/// The text of an instant: the form of today, the obsolete one with two digits, or that of C.
fn write(seconds: i64, form: u8) -> String {
    let (days, second) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
    // No year is longer than 366 days, so this is none too late.
    let mut year = (days - days_before(0)) / 366;
    while days_before(year + 1) <= days {
        year += 1;
    }
    let (mut month, mut day) = (0, days - days_before(year));
    while day >= days_of(month, year) {
        day -= days_of(month, year);
        month += 1;
    }
    let (weekday, month, day) = (DAYS[days.rem_euclid(7) as usize], MONTHS[month], day + 1);
    let time = format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
    match form {
        0 => format!("{}, {day:02} {month} {year:04} {time} GMT", &weekday[..3]),
        1 => format!("{weekday}, {day:02}-{month}-{:02} {time} GMT", year % 100),
        _ => format!("{} {month} {day:>2} {time} {year:04}", &weekday[..3]),
    }
}

/// If there is such a day, and it is that day of the week.
fn instant(weekday: usize, year: i64, month: &str, day: i64, time: &str) -> Option<i64> {
    let month = MONTHS.iter().position(|name| *name == month)?;
    let days = days_before(year) + (0..month).map(|month| days_of(month, year)).sum::<i64>() + day - 1;
    let is_real = (1..=days_of(month, year)).contains(&day) && days.rem_euclid(7) as usize == weekday;
    Some(days * DAY + second_of(time)?).filter(|_| is_real)
}

/// A leap second is the first of the next day.
fn second_of(time: &str) -> Option<i64> {
    if time == "23:59:60" {
        return Some(DAY);
    }
    let [hour, minute, second] = time.split(':').collect::<Vec<_>>()[..] else { return None };
    let (hour, minute, second) = (digits(hour, 2)?, digits(minute, 2)?, digits(second, 2)?);
    (hour < 24 && minute < 60 && second < 60).then_some(hour * 3600 + minute * 60 + second)
}

fn digits(text: &str, count: usize) -> Option<i64> {
    let is_number = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { text.parse().ok() } else { None }
}

fn short(weekday: &str) -> Option<usize> {
    DAYS.iter().position(|name| &name[..3] == weekday)
}

fn days_of(month: usize, year: i64) -> i64 {
    match month {
        1 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        1 => 28,
        3 | 5 | 8 | 10 => 30,
        _ => 31,
    }
}

/// Days from 1970 to the first of a year.
fn days_before(year: i64) -> i64 {
    // So many of the years from 0 up to this one can be divided by that.
    let divided = |by: i64| (year + by - 1) / by;
    year * 365 + divided(4) - divided(100) + divided(400) - 719_528
}

//! Reads HTTP dates (RFC 9110, section 5.6.7). `httpdate` reads the three forms; this adds two-digit years relative to
//! the current date, the leap second, and years before 1970.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The length of the longest date, `Wednesday, 06-Nov-94 08:49:37 GMT`.
const LONGEST: usize = 33;

const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

const DAY: Duration = Duration::from_secs(86_400);

/// The days in 400 years, after which the calendar repeats, days of the week included.
const CYCLE_DAYS: u32 = 146_097;

/// 50 years of 365.25 days.
const FIFTY_YEARS: Duration = Duration::from_secs(1_577_880_000);

/// The last second that `httpdate` can write, 9999-12-31 23:59:59, after the epoch.
const LAST: Duration = Duration::from_secs(253_402_300_799);

/// Reads a date in any of the three forms. `now` tells the century of a two-digit year.
///
/// `None` if there is no such date, or its day of the week is wrong.
pub(crate) fn read(date: &str, now: SystemTime) -> Option<SystemTime> {
    if date.len() > LONGEST || !date.is_ascii() {
        return None;
    }
    match date.split_once(", ") {
        None => read_exact(date, 20),
        Some((day, rest)) if rest.as_bytes().get(2) == Some(&b'-') => read_rfc850(day, rest, now),
        Some(_) => read_exact(date, 12),
    }
}

/// Reads an IMF-fixdate or asctime date, whose four-digit year is at `year_at`.
fn read_exact(date: &str, year_at: usize) -> Option<SystemTime> {
    let is_leap_second = date.contains("23:59:60");
    let mut date = date.replace("23:59:60", "23:59:59");

    let year = number(date.get(year_at..year_at + 4)?)?;
    let cycles = if year < 1970 { 5 } else { 0 };
    date.replace_range(year_at..year_at + 4, &format!("{:04}", year + 400 * cycles));

    let read = httpdate::parse_http_date(&date).ok()?;
    let read = read.checked_sub(DAY * (CYCLE_DAYS * u32::from(cycles)))?;
    read.checked_add(Duration::from_secs(is_leap_second.into()))
}

/// Reads `Sunday` and `06-Nov-94 08:49:37 GMT`. The year is the latest with these two digits that does not put the date
/// more than 50 years into the future.
fn read_rfc850(day: &str, rest: &str, now: SystemTime) -> Option<SystemTime> {
    let (date, time) = rest.split_at_checked(9)?;
    let (date, year) = date.rsplit_once('-').filter(|(_, year)| year.len() == 2)?;
    let year = number(year)?;
    if !DAYS.contains(&day) {
        return None;
    }
    let date = date.replace('-', " ");
    let read = |day: &str, year: u16| read_exact(&format!("{}, {date} {year:04}{time}", &day[..3]), 12);

    let horizon = now.checked_add(FIFTY_YEARS)?;
    let last_year = year_of(horizon);
    let latest = last_year - (100 + last_year % 100 - year) % 100;
    // The day of the week says whether the date is right, and not which century it is of.
    let is_near = DAYS.iter().find_map(|day| read(day, latest)).is_some_and(|read| read <= horizon);
    read(day, if is_near { latest } else { latest - 100 })
}

/// Reads a number of digits only.
fn number(digits: &str) -> Option<u16> {
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
}

/// Returns the year of an instant, 1970 to 9999.
fn year_of(instant: SystemTime) -> u16 {
    let written = httpdate::fmt_http_date(instant.clamp(UNIX_EPOCH, UNIX_EPOCH + LAST));
    number(&written[12..16]).unwrap_or(1970)
}

#[cfg(test)]
mod tests;

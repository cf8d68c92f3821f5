//! HTTP dates a second time, from RFC 9110, section 5.6.7: to seconds since 1970, and back.

const DAYS: [&str; 7] = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAY: i64 = 86_400;

/// 50 years of 365.25 days.
pub(super) const FIFTY_YEARS: i64 = 1_577_880_000;

/// The first second of the year 0, and the last of 9999.
pub(super) const RANGE: std::ops::RangeInclusive<i64> = -62_167_219_200..=253_402_300_799;

/// The instant that a text names; `now` tells the century of two digits.
pub(super) fn read(text: &str, now: i64) -> Option<i64> {
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
pub(super) fn write(seconds: i64, form: u8) -> String {
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

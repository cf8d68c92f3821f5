//! Access logs in the common or combined format, with the seconds that a request took at the end of each line, as nginx's
//! `$request_time` writes them.

use super::{Attempt, End, Records};

pub(super) fn read(records: &mut Records, text: &str) -> Result<(&'static str, bool), String> {
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = |what: &str| format!(", line {}: {what}", index + 1);
        let (ended, rest) = line
            .split_once('[')
            .and_then(|(_, rest)| rest.split_once(']'))
            .ok_or_else(|| wrong("there is no [time]; the common or combined format is needed"))?;
        let ended =
            time(ended).ok_or_else(|| wrong(&format!("{ended:?} is no time; 27/Nov/2026:12:00:00 +0000 is one")))?;
        let after = rest.trim_start().strip_prefix('"').and_then(|rest| rest.split_once("\" "));
        let (_, numbers) = after.ok_or_else(|| wrong("there is no \"request\" after the time"))?;
        let status: Option<u16> = numbers.split(' ').next().and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| wrong("there is no status after the request"))?;
        let last = line.split(' ').next_back().unwrap_or_default().trim_matches('"');
        // With a point, so that the bytes of a log without times are not taken for them.
        let took: Option<f64> = Some(last)
            .filter(|last| last.contains('.'))
            .and_then(|last| last.parse().ok())
            .filter(|took: &f64| took.is_finite() && *took >= 0.0);
        let took =
            took.ok_or_else(|| wrong(&format!("{last:?} is no number of seconds; end each line with $request_time")))?;
        let took = (took * 1e9) as u64;
        let target = records.target("server");
        let sent = ended.saturating_sub(took);
        records.attempts.push(Attempt { target, sent, took, is_first: true, end: End::of_status(status) });
    }
    Ok(("access log", false))
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Reads `27/Nov/2026:12:00:00 +0000` as nanoseconds since 1970.
fn time(text: &str) -> Option<u64> {
    let (date, zone) = text.split_once(' ')?;
    let mut parts = date.split(['/', ':']);
    let day: u64 = parts.next()?.parse().ok()?;
    let name = parts.next()?;
    let month = MONTHS.iter().position(|month| *month == name)? as u64 + 1;
    let mut number = || parts.next()?.parse::<u64>().ok();
    let (year, hour, minute, second) = (number()?, number()?, number()?, number()?);
    if !(1..=31).contains(&day) || !(1970..=9999).contains(&year) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    // Days since 1970, with years that begin in March, so that the leap day is the last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second;
    let offset: u64 = zone.get(1..3)?.parse::<u64>().ok()? * 3600 + zone.get(3..5)?.parse::<u64>().ok()? * 60;
    let seconds = if zone.starts_with('-') { seconds + offset } else { seconds.checked_sub(offset)? };
    Some(seconds * 1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_since_1970() {
        let seconds = |text| time(text).map(|nanos| nanos / 1_000_000_000);
        assert_eq!(seconds("01/Jan/1970:00:00:00 +0000"), Some(0));
        assert_eq!(seconds("29/Feb/2024:12:00:00 +0000"), Some(1_709_208_000));
        assert_eq!(seconds("27/Nov/2026:12:00:00 +0100"), Some(1_795_777_200));
        assert_eq!(seconds("27/Nov/2026:10:00:00 -0100"), Some(1_795_777_200));
        assert_eq!([seconds("27/Nov/2026"), seconds("32/Nov/2026:10:00:00 +0000")], [None, None]);
    }

    #[test]
    fn a_line_is_an_attempt_and_what_is_wrong_is_named() {
        let line = "10.0.0.1 - - [27/Nov/2026:12:00:01 +0000] \"GET /x HTTP/1.1\" 503 12 \"-\" \"curl\" 0.250";
        let mut records = Records::default();
        assert_eq!(read(&mut records, line), Ok(("access log", false)));
        let Attempt { took, end, .. } = records.attempts[0];
        assert_eq!((took, end), (250_000_000, End::Failed(503)));
        let message = read(&mut records, "10.0.0.1 - - [27/Nov/2026:12:00:01 +0000] \"GET /\" 200 12").unwrap_err();
        assert_eq!(message, ", line 1: \"12\" is no number of seconds; end each line with $request_time");
        assert_eq!(
            read(&mut records, "what\n").unwrap_err(),
            ", line 1: there is no [time]; the common or combined format is needed"
        );
    }
}

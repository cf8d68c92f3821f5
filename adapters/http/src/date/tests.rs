//! The three forms, and where they differ from what `httpdate` alone makes of them.

use proptest::prelude::*;

use super::*;

fn at(unix: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(unix)
}

/// 2026-11-21 12:00:00.
fn today() -> SystemTime {
    at(1_795_262_400)
}

fn exact(date: &str) -> SystemTime {
    read(date, today()).unwrap_or_else(|| panic!("{date} was not read"))
}

#[test]
fn the_three_forms_name_the_same_second() {
    // RFC 9110, section 5.6.7.
    for date in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
        assert_eq!(read(date, today()), Some(at(784_111_777)), "{date}");
    }
}

#[test]
fn two_digits_are_the_latest_year_that_is_not_more_than_50_years_ahead() {
    for (date, same) in [
        ("Sunday, 01-Nov-26 08:49:37 GMT", "Sun, 01 Nov 2026 08:49:37 GMT"),
        ("Thursday, 01-Nov-68 08:49:37 GMT", "Thu, 01 Nov 2068 08:49:37 GMT"),
        // 1970 to 1975 for whoever cuts at 70.
        ("Saturday, 01-Nov-70 08:49:37 GMT", "Sat, 01 Nov 2070 08:49:37 GMT"),
        ("Friday, 01-Nov-75 08:49:37 GMT", "Fri, 01 Nov 2075 08:49:37 GMT"),
        ("Friday, 20-Nov-76 08:49:37 GMT", "Fri, 20 Nov 2076 08:49:37 GMT"),
        ("Thursday, 23-Dec-76 08:49:37 GMT", "Thu, 23 Dec 1976 08:49:37 GMT"),
        ("Tuesday, 01-Nov-77 08:49:37 GMT", "Tue, 01 Nov 1977 08:49:37 GMT"),
        ("Monday, 01-Nov-99 08:49:37 GMT", "Mon, 01 Nov 1999 08:49:37 GMT"),
    ] {
        assert_eq!(exact(date), exact(same), "{date}");
    }
}

#[test]
fn the_century_follows_the_clock() {
    let date = "Sunday, 06-Nov-94 08:49:37 GMT";
    // 1994 seen from 1970; 2094 (a Saturday) seen from 2050.
    assert_eq!(read(date, UNIX_EPOCH), Some(at(784_111_777)));
    assert_eq!(read(date, at(2_524_608_000)), None);
    assert_eq!(
        read("Saturday, 06-Nov-94 08:49:37 GMT", at(2_524_608_000)),
        Some(exact("Sat, 06 Nov 2094 08:49:37 GMT"))
    );
}

#[test]
fn a_leap_second_is_the_second_after_59() {
    // The last one so far.
    let next_year = at(1_483_228_800);
    for date in ["Sat, 31 Dec 2016 23:59:60 GMT", "Saturday, 31-Dec-16 23:59:60 GMT", "Sat Dec 31 23:59:60 2016"] {
        assert_eq!(read(date, today()), Some(next_year), "{date}");
    }
    for date in ["Sat, 31 Dec 2016 23:58:60 GMT", "Sat, 31 Dec 2016 23:59:61 GMT", "Sat, 31 Dec 2016 00:00:60 GMT"] {
        assert_eq!(read(date, today()), None, "{date}");
    }
}

#[test]
fn the_day_of_the_week_does_not_choose_the_century() {
    // 49 and a half years before that day of 2073, which is a Friday; that of 1973 was a Saturday.
    let now = at(1_700_000_000);
    assert_eq!(read("Friday, 26-May-73 05:36:36 GMT", now), Some(at(3_263_002_596)));
    assert_eq!(read("Saturday, 26-May-73 05:36:36 GMT", now), None);
    // Half a year before that, 2073 is too far away.
    assert_eq!(read("Friday, 26-May-73 05:36:36 GMT", at(1_680_000_000)), None);
    assert_eq!(read("Saturday, 26-May-73 05:36:36 GMT", at(1_680_000_000)), Some(at(107_242_596)));
}

#[test]
fn years_before_1970_lie_before_the_epoch() {
    for (date, before) in [
        ("Wed, 31 Dec 1969 23:59:59 GMT", 1),
        ("Wed Dec 31 23:59:59 1969", 1),
        ("Mon, 01 Jan 1900 00:00:00 GMT", 2_208_988_800),
        ("Fri, 01 Jan 1700 00:00:00 GMT", 8_520_336_000),
    ] {
        assert_eq!(read(date, today()), Some(UNIX_EPOCH - Duration::from_secs(before)), "{date}");
    }
}

#[test]
fn the_last_year_can_be_read() {
    let last = UNIX_EPOCH + LAST;
    assert_eq!(read("Fri, 31 Dec 9999 23:59:59 GMT", today()), Some(last));
    assert_eq!(read("Fri, 31 Dec 9999 23:59:60 GMT", today()), Some(last + Duration::from_secs(1)));
}

#[test]
fn a_date_that_cannot_be_is_none() {
    for date in [
        "",
        "badbadbad",
        "Fri, 32 Dec 1999 23:59:59 GMT",
        "Wed, 31 Nov 1999 23:59:59 GMT",
        "Mon, 29 Feb 1999 00:00:00 GMT",
        "Fri, 00 Dec 1999 23:59:59 GMT",
        "Fri, 31 Dec 1999 24:00:00 GMT",
        "Fri, 31 Dec 1999 23:60:00 GMT",
        // The 31st was a Friday.
        "Mon, 31 Dec 1999 23:59:59 GMT",
        "Sun Nov  7 08:49:37 1994",
        // Not one of the three forms.
        "Fri, 31 Dec 1999 23:59:59",
        "Fri, 31 Dec 1999 23:59:59 UTC",
        "Fri, 31 Dec 1999 23:59:59 +0000",
        "fri, 31 dec 1999 23:59:59 gmt",
        "Fri, 31 Dec +199 23:59:59 GMT",
        "Fri, 31-Dec-99 23:59:59 GMT",
        "Friendly, 31-Dec-99 23:59:59 GMT",
        "Friday, 31-Dec-1999 23:59:59 GMT",
        "Friday, 31-Dec-+9 23:59:59 GMT",
        "Friday, 31-001999 23:59:59 GMT",
        "1999-12-31T23:59:59Z",
        "Fri, 31 Dec 1999 23:59:59 GMT, Fri, 31 Dec 1999 23:59:59 GMT",
        "Fr\u{ed}, 31 Dec 1999 23:59:59 GMT",
    ] {
        assert_eq!(read(date, today()), None, "{date}");
    }
}

/// An instant from 1970 to 9999, in the three forms.
fn forms(instant: SystemTime) -> [String; 3] {
    let fixdate = httpdate::fmt_http_date(instant);
    let (day, date, month) = (&fixdate[..3], &fixdate[5..7], &fixdate[8..11]);
    let (year, time) = (&fixdate[12..16], &fixdate[17..25]);
    let name = DAYS.iter().find(|name| name.starts_with(day)).unwrap();
    let padded = date.strip_prefix('0').map_or(date.into(), |digit| format!(" {digit}"));
    [
        format!("{name}, {date}-{month}-{} {time} GMT", &year[2..]),
        format!("{day} {month} {padded} {time} {year}"),
        fixdate.clone(),
    ]
}

proptest! {
    #[test]
    fn every_second_reads_back_in_every_form(
        unix in 0..=LAST.as_secs(),
        since in 0..2 * FIFTY_YEARS.as_secs() - 2 * DAY.as_secs(),
    ) {
        // Wherever the clock is, from 50 years before the instant to almost 50 years after it.
        let instant = at(unix);
        let now = instant.checked_sub(FIFTY_YEARS).unwrap() + Duration::from_secs(since);
        let [rfc850, asctime, fixdate] = forms(instant);
        prop_assert_eq!(read(&asctime, now), Some(instant), "{}", asctime);
        prop_assert_eq!(read(&fixdate, now), Some(instant), "{}", fixdate);
        // The horizon, too, must be a year of four digits.
        if now >= UNIX_EPOCH && now + FIFTY_YEARS <= at(LAST.as_secs()) {
            prop_assert_eq!(read(&rfc850, now), Some(instant), "{}", rfc850);
        }
    }

    #[test]
    fn no_text_panics(text in any::<String>(), seconds in any::<u64>(), is_past in any::<bool>()) {
        let span = Duration::from_secs(seconds);
        let now = if is_past { UNIX_EPOCH.checked_sub(span) } else { UNIX_EPOCH.checked_add(span) };
        let _ = read(&text, now.unwrap_or(UNIX_EPOCH));
    }

    #[test]
    fn no_almost_date_panics(
        text in "(Sun|Sunday|Fri)[, ]{1,2}[0-9]{1,2}[ -](Nov|Feb|Dec)[ -]([0-9]{2}|[0-9]{4}) [0-9:]{8}( GMT)?",
        seconds in 0..u64::MAX / 2,
    ) {
        let now = UNIX_EPOCH.checked_add(Duration::from_secs(seconds)).unwrap_or(UNIX_EPOCH);
        let _ = read(&text, now);
    }
}

//! The vectors of hashicorp/go-retryablehttp, and what servers really send.

use std::time::UNIX_EPOCH;

use http::HeaderValue;
use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// 1999-12-31 23:59:57.
fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(946_684_797)
}

fn headers(retry_after: &[&str], date: &[&str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in retry_after {
        headers.append(RETRY_AFTER, HeaderValue::from_str(line).unwrap());
    }
    for line in date {
        headers.append(DATE, HeaderValue::from_str(line).unwrap());
    }
    headers
}

fn asked(line: &str) -> Option<Duration> {
    retry_after(&headers(&[line], &[]), now())
}

fn asked_at(line: &str, date: &str) -> Option<Duration> {
    retry_after(&headers(&[line], &[date]), now())
}

#[test]
fn seconds_are_read() {
    for (line, seconds) in [("0", 0), ("2", 2), ("120", 120), ("007", 7), ("86400", 86_400)] {
        assert_eq!(asked(line), Some(Duration::from_secs(seconds)), "{line}");
    }
}

#[test]
fn decimals_are_rounded_up() {
    for (line, seconds) in [("0.503", 1), ("2.0", 2), ("2.5", 3), ("2.000000000000000000001", 3), ("0.0", 0)] {
        assert_eq!(asked(line), Some(Duration::from_secs(seconds)), "{line}");
    }
}

#[test]
fn milliseconds_count_before_seconds() {
    let asked = |millis: &'static str| {
        let mut headers = headers(&["7"], &[]);
        headers.insert(RETRY_AFTER_MS, HeaderValue::from_static(millis));
        retry_after(&headers, now())
    };
    assert_eq!(asked("1500"), Some(Duration::from_millis(1500)));
    assert_eq!(asked("0.2"), Some(Duration::from_millis(1)));
    assert_eq!(asked("soon"), Some(7 * SECOND));
}

#[test]
fn the_age_of_an_answer_has_passed_already() {
    let aged = |age: &'static str, date: &[&str]| {
        let mut headers = headers(&["Sat, 01 Jan 2000 00:00:59 GMT"], date);
        headers.insert(AGE, HeaderValue::from_static(age));
        retry_after(&headers, now()).map(|wait| wait.as_secs())
    };
    let date = ["Fri, 31 Dec 1999 23:59:57 GMT"];
    assert_eq!(aged("60", &date), Some(2));
    assert_eq!(aged("100", &date), Some(0));
    assert_eq!(aged("1.5", &date), Some(62), "an age is digits");
    assert_eq!(aged("60", &[]), Some(62), "without a Date, the wait counts from now");
}

#[test]
fn h8_a_date_two_seconds_ahead_is_two_seconds() {
    assert_eq!(asked("Fri, 31 Dec 1999 23:59:59 GMT"), Some(2 * SECOND));
    assert_eq!(asked("Friday, 31-Dec-99 23:59:59 GMT"), Some(2 * SECOND));
    assert_eq!(asked("Fri Dec 31 23:59:59 1999"), Some(2 * SECOND));
}

#[test]
fn h10_no_header_is_no_hint() {
    assert_eq!(retry_after(&headers(&[], &["Fri, 31 Dec 1999 23:59:57 GMT"]), now()), None);
}

#[test]
fn h12_to_h15_what_is_malformed_is_no_hint() {
    for line in ["", "-2", "Fri, 32 Dec 1999 23:59:59 GMT", "badbadbad"] {
        assert_eq!(asked(line), None, "{line:?}");
    }
    for line in
        ["+2", "2.", ".5", "2.x", "1.2.3", "2,5", "2, 3", "2s", "1e3", "0x10", " ", "\t", "2 3", "PT2S", "\"2\""]
    {
        assert_eq!(asked(line), None, "{line:?}");
    }
    // A digit to Unicode, none to HTTP; and bytes that are no text at all.
    for line in ["\u{662}".as_bytes(), b"\xff\xfe", b"2\xff"] {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_bytes(line).unwrap())]);
        assert_eq!(retry_after(&headers, now()), None, "{line:?}");
    }
}

#[test]
fn the_first_valid_line_counts() {
    for (lines, seconds) in [
        (&["2", "3"][..], 2),
        (&["3", "2"], 3),
        (&["", "-2", "badbadbad", "4", "5"], 4),
        (&["soon", "Fri, 31 Dec 1999 23:59:59 GMT", "5"], 2),
    ] {
        assert_eq!(retry_after(&headers(lines, &[]), now()), Some(seconds * SECOND), "{lines:?}");
    }
    assert_eq!(retry_after(&headers(&["soon", "later"], &[]), now()), None);
}

#[test]
fn whitespace_around_it_is_fine() {
    assert_eq!(asked(" 2\t "), Some(2 * SECOND));
    assert_eq!(asked_at("\tFri, 31 Dec 1999 23:59:59 GMT ", " Fri, 31 Dec 1999 23:59:58 GMT\t"), Some(SECOND));
}

#[test]
fn a_number_that_no_integer_holds_is_huge_and_not_small() {
    // 2^64 - 1, 2^64, 2^64 + 2, and a number of 1000 digits.
    for line in ["18446744073709551615", "18446744073709551616", "18446744073709551618", &"9".repeat(1000)] {
        assert_eq!(asked(line), Some(Duration::from_secs(u64::MAX)), "{line}");
    }
    assert_eq!(asked(&format!("{}2", "0".repeat(1000))), Some(2 * SECOND));
}

#[test]
fn the_time_in_place_of_a_span_is_half_a_century_and_is_not_shortened() {
    // Docker's registry, as go-retryablehttp logged it: retrying in 484289h20m8s.
    let hours = |hours: u64, minutes, seconds| Duration::from_secs((hours * 60 + minutes) * 60 + seconds);
    assert_eq!(asked("1743441608"), Some(hours(484_289, 20, 8)));
}

#[test]
fn a_past_date_is_a_hint_of_zero() {
    assert_eq!(asked("Fri, 31 Dec 1999 23:59:57 GMT"), Some(Duration::ZERO));
    assert_eq!(asked("Fri, 31 Dec 1999 23:59:56 GMT"), Some(Duration::ZERO));
    assert_eq!(asked("Fri, 01 Jan 1700 00:00:00 GMT"), Some(Duration::ZERO));
}

#[test]
fn a_date_is_measured_against_the_servers_own_clock() {
    // The server's clock is a century behind, a day behind, a day ahead.
    assert_eq!(asked_at("Sun, 31 Dec 1899 00:00:05 GMT", "Sun, 31 Dec 1899 00:00:00 GMT"), Some(5 * SECOND));
    assert_eq!(asked_at("Thu, 30 Dec 1999 00:00:05 GMT", "Thu, 30 Dec 1999 00:00:00 GMT"), Some(5 * SECOND));
    assert_eq!(asked_at("Sat, 01 Jan 2000 23:59:59 GMT", "Sat, 01 Jan 2000 23:59:54 GMT"), Some(5 * SECOND));
    // Seconds need no clock.
    assert_eq!(asked_at("5", "Sun, 31 Dec 1899 00:00:00 GMT"), Some(5 * SECOND));
}

#[test]
fn a_two_digit_year_is_of_the_servers_century() {
    // This machine believes that it is 1970.
    let headers = headers(&["Saturday, 21-Nov-26 12:00:05 GMT"], &["Sat, 21 Nov 2026 12:00:00 GMT"]);
    assert_eq!(retry_after(&headers, UNIX_EPOCH), Some(5 * SECOND));
}

#[test]
fn an_invalid_date_of_the_answer_gives_way_to_the_next_and_then_to_now() {
    let line = "Fri, 31 Dec 1999 23:59:59 GMT";
    assert_eq!(asked_at(line, "Fri, 32 Dec 1999 23:59:50 GMT"), Some(2 * SECOND));
    assert_eq!(asked_at(line, ""), Some(2 * SECOND));
    let dates = ["never", "Fri, 31 Dec 1999 23:59:50 GMT", "Fri, 31 Dec 1999 23:59:58 GMT"];
    assert_eq!(retry_after(&headers(&[line], &dates), now()), Some(9 * SECOND));
}

#[test]
fn a_begun_second_is_waited_for_in_full() {
    let headers = headers(&["Fri, 31 Dec 1999 23:59:59 GMT"], &[]);
    for (nanos, seconds) in
        [(0, 2), (1, 2), (999_999_999, 2), (1_000_000_000, 1), (1_999_999_999, 1), (2_000_000_000, 0)]
    {
        let now = now() + Duration::from_nanos(nanos);
        assert_eq!(retry_after(&headers, now), Some(seconds * SECOND), "{nanos} ns later");
    }
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    let date = "(Sun|Sunday|Fri)[, ]{1,2}[0-9]{1,2}[ -](Nov|Feb|Dec)[ -]([0-9]{2}|[0-9]{4}) [0-9:]{8}( GMT)?";
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..64),
        "[ \t]*[0-9]{0,30}[ \t]*".prop_map(String::into_bytes),
        date.prop_map(String::into_bytes)
    ]
}

/// Small, of any length, and around the largest that 64 bits hold.
fn number() -> impl Strategy<Value = u128> {
    let largest = u128::from(u64::MAX);
    prop_oneof![0..1000_u128, any::<u128>(), largest - 9..=largest + 9]
}

proptest! {
    #[test]
    fn no_bytes_panic(
        lines in prop::collection::vec((any::<bool>(), value()), 0..6),
        after in any::<u64>(),
        before in any::<u64>(),
    ) {
        let mut headers = HeaderMap::new();
        for (is_date, bytes) in lines {
            if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                headers.append(if is_date { DATE } else { RETRY_AFTER }, value);
            }
        }
        let _ = retry_after(&headers, UNIX_EPOCH);
        let _ = retry_after(&headers, UNIX_EPOCH.checked_add(Duration::from_secs(after)).unwrap_or(UNIX_EPOCH));
        let _ = retry_after(&headers, UNIX_EPOCH.checked_sub(Duration::from_secs(before)).unwrap_or(UNIX_EPOCH));
    }

    #[test]
    fn digits_are_exact_or_saturate(number in number(), zeros in 0..40_usize) {
        let line = format!("{}{number}", "0".repeat(zeros));
        let seconds = u64::try_from(number).unwrap_or(u64::MAX);
        prop_assert_eq!(asked(&line), Some(Duration::from_secs(seconds)));
    }

    #[test]
    fn anything_else_than_a_number_or_a_date_is_no_hint(line in "[0-9]{0,5}[^0-9.\\p{Cc} ][0-9]{0,5}") {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_bytes(line.as_bytes()).unwrap())]);
        prop_assert_eq!(retry_after(&headers, now()), None);
    }

    #[test]
    fn a_hint_is_never_shorter_than_asked_and_less_than_a_second_longer(
        target in 1_000_000_000..4_000_000_000_u64,
        ahead in 0..10_000_000_000_000_u64,
    ) {
        let target = UNIX_EPOCH + Duration::from_secs(target);
        let ahead = Duration::from_nanos(ahead);
        let hint = retry_after(&headers(&[&httpdate::fmt_http_date(target)], &[]), target - ahead).unwrap();
        prop_assert!(hint >= ahead && hint < ahead + SECOND, "{hint:?} for {ahead:?}");
    }
}

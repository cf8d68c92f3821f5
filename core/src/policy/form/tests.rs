//! Policies through JSON and back.

use alloc::string::{String, ToString};
use core::time::Duration;

use crate::{AtEnd, Jitter, List, Policy};

fn read(text: &str) -> Result<Policy, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

#[test]
fn what_is_written_is_read_back() {
    let ms = Duration::from_millis;
    for policy in [
        Policy::default(),
        Policy::zero().attempts(1),
        Policy::stop().unlimited_attempts(),
        Policy::constant(ms(5)).cap(ms(7)).floor(ms(1)),
        Policy::linear(ms(5)).no_cap().jitter(Jitter::None),
        Policy::exponential(ms(5)).factor(1.1).jitter(Jitter::fraction(0.33)),
        Policy::exponential(ms(5)).cap_that_stops(ms(80)).unlimited_attempts(),
        Policy::fibonacci(ms(5)).jitter(Jitter::Equal).lane_attempts(2),
        Policy::decorrelated(ms(5)).lanes(3).hedge_after(ms(50)).hedge_on_failure(true),
        Policy::list(List::new(&[ms(1), Duration::from_nanos(7)]), AtEnd::Repeat).deadline(ms(9)),
        Policy::default().attempt_timeout(ms(3)).hint_limit(Duration::MAX).ignore_hints(),
    ] {
        let text = serde_json::to_string(&policy).unwrap();
        assert_eq!(read(&text), Ok(policy), "{text}");
    }
}

#[test]
fn what_is_left_out_has_its_default() {
    assert_eq!(read("{}"), Ok(Policy::default()));
    let listed = read(r#"{"backoff":"list","delays":["1s","2s"],"attempts":"unlimited"}"#);
    let delays = List::new(&[1, 2].map(Duration::from_secs));
    assert_eq!(listed, Ok(Policy::list(delays, AtEnd::Stop).unlimited_attempts()));
}

#[test]
fn what_makes_no_sense_is_refused_by_name() {
    for (text, says) in [
        (r#"{"attempts":0}"#, "attempts is 0"),
        (r#"{"attempts":1.5}"#, "a number of attempts"),
        (r#"{"attempts":"many"}"#, "\"unlimited\""),
        (r#"{"jitter":1.5}"#, "a fraction from 0 to 1"),
        (r#"{"base":"5"}"#, "a duration such as"),
        (r#"{"base":5}"#, "a duration such as"),
        (r#"{"tries":5}"#, "unknown field `tries`"),
        (r#"{"attempts":5,"attempts":6}"#, "duplicate field `attempts`"),
        (r#"{"backoff":"linear","factor":2}"#, "factor is set"),
        (r#"{"backoff":"zero","base":"1s"}"#, "base is set"),
        (r#"{"backoff":"list"}"#, "delays is missing"),
        (r#"{"backoff":"list","delays":[]}"#, "the list of delays is empty"),
        (r#"{"delays":["1s"]}"#, "belong to a list"),
        (r#"{"floor":"20s"}"#, "floor is 20s, above the cap of 10s"),
        (r#"{"cap_stops":true}"#, "without a cap"),
        (r#"{"factor":-1}"#, "factor is not a number above 0"),
        (r#"{"attempts":"unlimited"}"#, "nothing else ends the call"),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.contains(says), "{text}: {error}");
    }
}

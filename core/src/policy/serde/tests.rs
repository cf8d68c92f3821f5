//! Policies through JSON and back.

use alloc::format;
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

/// serde_json needs its feature `float_roundtrip` for this.
#[test]
fn a_fraction_is_read_back_to_the_last_bit() {
    for fraction in [0.000_014_777_528_125_508_113, 0.1, 1.0 / 3.0, f64::EPSILON] {
        let policy =
            Policy::exponential(Duration::from_secs(1)).factor(1.0 + fraction).jitter(Jitter::fraction(fraction));
        let text = serde_json::to_string(&policy).unwrap();
        assert_eq!(read(&text), Ok(policy), "{text}");
    }
}

#[test]
fn what_is_left_out_has_its_default() {
    assert_eq!(read("{}"), Ok(Policy::default()));
    assert_eq!(read(r#"{"floor":0,"hedge_after":0.0,"attempts":3.0}"#), Ok(Policy::default()));
    let listed = read(r#"{"backoff":"list","delays":["1s","2s"],"attempts":"unlimited"}"#);
    let delays = List::new(&[1, 2].map(Duration::from_secs));
    assert_eq!(listed, Ok(Policy::list(delays, AtEnd::Stop).unlimited_attempts()));
}

#[test]
fn a_preset_is_the_base_of_the_other_fields() {
    let ms = Duration::from_millis;
    for (name, preset) in Policy::PRESETS {
        assert_eq!(read(&format!(r#"{{"preset":"{name}"}}"#)), Ok(*preset));
        let text = serde_json::to_string(&preset).unwrap();
        assert_eq!(read(&text), Ok(*preset), "{text}");
    }
    for (text, policy) in [
        (r#"{"preset":"aws","attempts":9,"deadline":"1m"}"#, Policy::aws().attempts(9).deadline(ms(60_000))),
        (
            r#"{"preset":"aws","base":"1s","throttled_base":"2s"}"#,
            Policy::exponential(ms(1000)).cap(ms(20_000)).throttled_base(ms(2000)),
        ),
        (r#"{"preset":"cenkalti","base":"1s"}"#, cenkalti_from(ms(1000), 1.5)),
        (r#"{"preset":"cenkalti","factor":3}"#, cenkalti_from(ms(500), 3.0)),
        (
            r#"{"preset":"cenkalti","deadline":"none","attempts":3}"#,
            cenkalti_from(ms(500), 1.5).deadline(Duration::MAX).attempts(3),
        ),
        (r#"{"preset":"aws","backoff":"linear"}"#, Policy::linear(ms(50)).cap(ms(20_000)).throttled_base(ms(1000))),
        (r#"{"preset":"pester","backoff":"linear"}"#, Policy::pester().shape(crate::Shape::Linear { base: ms(1000) })),
        (r#"{"preset":"elastic","cap":"4s"}"#, Policy::elastic().cap_that_stops(ms(4000))),
        (r#"{"preset":"elastic","cap_stops":false,"attempts":3}"#, Policy::elastic().cap(ms(8000)).attempts(3)),
        (r#"{"preset":"elastic","cap":"none","attempts":3}"#, Policy::elastic().no_cap().attempts(3)),
        (
            r#"{"preset":"elastic","cap":"none","cap_stops":true,"attempts":3}"#,
            Policy::elastic().cap_that_stops(Duration::MAX).attempts(3),
        ),
        (r#"{"preset":"grpc","cap_stops":true}"#, Policy::grpc().cap_that_stops(ms(1000))),
        (r#"{"preset":"grpc-hedging","hedge_on_failure":false}"#, Policy::grpc_hedging().hedge_on_failure(false)),
    ] {
        assert_eq!(read(text), Ok(policy), "{text}");
    }
}

fn cenkalti_from(base: Duration, factor: f64) -> Policy {
    Policy::cenkalti().shape(crate::Shape::Exponential { base, factor: crate::Factor::new(factor) })
}

#[test]
fn an_unknown_preset_is_told_all_their_names() {
    for text in [r#"{"preset":"amazon"}"#, r#"{"preset":7}"#, r#"{"preset":true}"#] {
        let error = read(text).unwrap_err();
        for (name, _) in Policy::PRESETS {
            assert!(error.contains(&format!("\"{name}\"")), "{error}");
        }
    }
}

#[test]
fn what_makes_no_sense_is_refused_by_name() {
    for (text, says) in [
        (r#"{"attempts":0}"#, "attempts is 0"),
        (r#"{"attempts":1.5}"#, "a number of attempts"),
        (r#"{"attempts":-1}"#, "a number of attempts"),
        (r#"{"attempts":4294967295}"#, "a number of attempts"),
        (r#"{"attempts":"many"}"#, "\"unlimited\""),
        (r#"{"lanes":0}"#, "lanes is 0"),
        (r#"{"lanes":256}"#, "a number of lanes from 1 to 255"),
        (r#"{"lanes":-1}"#, "a number of lanes from 1 to 255"),
        (r#"{"lanes":1.5}"#, "a number of lanes from 1 to 255"),
        (r#"{"lanes":"two"}"#, "a number of lanes from 1 to 255"),
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
        (r#"{"preset":"pester","factor":2}"#, "factor is set"),
        (r#"{"preset":"pester","cap_stops":true}"#, "without a cap"),
        (r#"{"preset":"aws","backoff":"list"}"#, "delays is missing"),
        (r#"{"preset":"elastic","cap_stops":false}"#, "nothing else ends the call"),
        (r#"{"preset":"elastic","cap":"none"}"#, "nothing else ends the call"),
        (r#"{"preset":"aws","preset":"grpc"}"#, "duplicate field `preset`"),
        (r#"{"attempts":"unlimited"}"#, "nothing else ends the call"),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.contains(says), "{text}: {error}");
    }
}

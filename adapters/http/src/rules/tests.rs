//! Statuses, hints and overrides, through `Rules` alone.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use insist_core::{Action, Call, Instant, Policy, Reason, Repeat, Sent, Verdict};

use super::{Rules, RulesError};
use crate::IDEMPOTENCY_KEY;

const NOW: SystemTime = UNIX_EPOCH;

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap()
}

fn asking(value: &'static str) -> HeaderMap {
    HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(value))])
}

/// The verdict on a retried status without a hint.
fn retry(code: u16) -> Verdict {
    if code == 429 { Verdict::retry().throttled() } else { Verdict::retry() }
}

#[test]
fn seven_statuses_and_those_of_edges_are_retried_and_all_others_accepted() {
    let rules = Rules::default();
    let edge = [520, 521, 522, 523, 524, 525, 526, 527, 529, 530];
    assert!(rules.retried().eq([408, 425, 429, 500, 502, 503, 504].into_iter().chain(edge)));
    for code in 100..=999 {
        let expected = match code {
            408 | 425 | 429 | 500 | 502 | 503 | 504 | 520..=527 | 529 | 530 => retry(code),
            _ => Verdict::Accept,
        };
        assert_eq!(rules.judge(status(code), &HeaderMap::new(), NOW), expected, "{code}");
    }
}

#[test]
fn a_404_is_retried_in_one_line_and_nothing_else_changes() {
    const RULES: Rules = Rules::new().retry_status(404);
    assert_eq!(RULES.retried().next(), Some(404));
    assert!(RULES.retried().skip(1).eq(Rules::new().retried()));
}

#[test]
fn any_status_can_be_listed_and_unlisted() {
    for code in 100..=999 {
        let listed = Rules::new().retry_status(code);
        assert_eq!(listed.judge(status(code), &asking("7"), NOW), retry(code).after(Duration::from_secs(7)), "{code}");
        let unlisted = listed.no_retry_status(code);
        assert_eq!(unlisted.judge(status(code), &asking("7"), NOW), Verdict::Accept, "{code}");
        assert_eq!(unlisted.validate(), Ok(()), "{code}");
    }
}

#[test]
fn retry_after_counts_on_every_retried_status() {
    let rules = Rules::new().retry_status(404).retry_status(302);
    for code in rules.retried() {
        let verdict = rules.judge(status(code), &asking("3"), NOW);
        assert_eq!(verdict, retry(code).after(Duration::from_secs(3)), "{code}");
    }
}

#[test]
fn retry_after_on_an_accepted_answer_changes_nothing() {
    for code in [200, 301, 404, 413, 501, 505] {
        assert_eq!(Rules::new().judge(status(code), &asking("3"), NOW), Verdict::Accept, "{code}");
    }
}

#[test]
fn a_malformed_retry_after_is_retried_without_a_hint() {
    assert_eq!(Rules::new().judge(status(503), &asking("soon"), NOW), Verdict::retry());
}

#[test]
fn hints_can_be_ignored() {
    let rules = Rules::new().ignore_hints();
    assert_eq!(rules.judge(status(503), &asking("3"), NOW), Verdict::retry());
}

#[test]
fn an_answer_counts_as_sent_whatever_its_status() {
    let rules = Rules::new().retry_status(421);
    for code in [408, 421, 425] {
        let verdict = rules.judge(status(code), &HeaderMap::new(), NOW);
        let Verdict::Retry(failure) = verdict else { panic!("{code}: {verdict:?}") };
        assert_eq!((failure.sent, failure.throttled), (Sent::Maybe, false), "{code}");
    }
}

#[test]
fn a_date_is_measured_against_the_time_that_is_passed_in() {
    let verdict = Rules::new().judge(status(503), &asking("Thu, 01 Jan 1970 00:01:00 GMT"), NOW);
    assert_eq!(verdict, Verdict::retry().after(Duration::from_secs(60)));
}

#[test]
fn the_system_clock_can_be_asked_by_name() {
    let rules = Rules::new();
    let past = asking("Thu, 01 Jan 1970 00:01:00 GMT");
    assert_eq!(rules.judge_by_system_clock(status(503), &past), Verdict::retry().after(Duration::ZERO));
    assert_eq!(rules.judge_by_system_clock(status(200), &past), Verdict::Accept);
}

#[test]
fn an_answer_that_needs_no_clock_reads_none() {
    let no_clock = || -> SystemTime { panic!("the clock was read") };
    let (accepted, ignoring) = (Rules::new(), Rules::new().ignore_hints());
    assert_eq!(accepted.judge_with(status(200), &asking("3"), no_clock), Verdict::Accept);
    assert_eq!(ignoring.judge_with(status(503), &asking("3"), no_clock), Verdict::retry());
}

#[test]
fn whether_a_request_may_be_repeated_can_be_overridden_both_ways() {
    let key = HeaderMap::from_iter([(IDEMPOTENCY_KEY, HeaderValue::from_static("8e03978e"))]);
    let none = HeaderMap::new();
    let rules = Rules::new();
    assert_eq!(rules.repeat(&Method::GET, &none), Repeat::Always);
    assert_eq!(rules.repeat(&Method::POST, &none), Repeat::IfUnsent);
    assert_eq!(rules.repeat(&Method::POST, &key), Repeat::Always);
    assert_eq!(rules.clone().repeatable(true).repeat(&Method::POST, &none), Repeat::Always);
    assert_eq!(rules.clone().repeatable(false).repeat(&Method::GET, &none), Repeat::IfUnsent);
    assert_eq!(rules.repeatable(false).repeat(&Method::POST, &key), Repeat::IfUnsent);
}

#[test]
fn a_status_that_cannot_be_is_named() {
    const WRONG: Rules = Rules::new().retry_status(99).no_retry_status(1000);
    assert_eq!(WRONG.validate(), Err(RulesError::RetryStatus(99)));
    let error = Rules::new().no_retry_status(1000).validate().unwrap_err();
    assert_eq!(error.to_string(), "no_retry_status is 1000; a status is a number from 100 to 999");
    assert!(WRONG.retried().eq(Rules::new().retried()));
}

#[test]
fn a_hint_of_half_a_century_or_more_ends_the_call_instead_of_being_cut() {
    // A time in place of a span, and a number beyond every integer.
    for (line, longest) in [("1743441608", 1_743_441_608), ("99999999999999999999", u64::MAX)] {
        let policy = Policy::default();
        let mut call = Call::new(&policy, &(), Instant::ZERO, 1);
        assert!(matches!(call.poll(Instant::ZERO), Action::Send(attempt) if attempt.id == 1));
        call.handle(Instant::ZERO, 1, Rules::new().judge(status(429), &asking(line), NOW));
        let Action::GiveUp(give_up) = call.poll(Instant::ZERO) else { panic!("{line} was waited for") };
        assert_eq!(give_up.reason(), Reason::RetryAfter, "{line}");
        // The core counts 64 bits of nanoseconds: 584 years.
        let handed_back = Duration::from_secs(longest).min(Duration::from_nanos(u64::MAX));
        assert_eq!(give_up.hint(), Some(handed_back), "{line}");
    }
}

#[test]
fn a_status_that_is_retried_with_a_hint_is_the_result_without_one() {
    let rules = Rules::new().retry_status_with_hint(403);
    assert_eq!(rules.judge(status(403), &HeaderMap::new(), NOW), Verdict::Accept);
    assert_eq!(rules.judge(status(403), &asking("7"), NOW), Verdict::retry().after(Duration::from_secs(7)));
    assert_eq!(rules.judge(status(404), &asking("7"), NOW), Verdict::Accept);
    let patient = rules.ignore_hints();
    assert_eq!(
        patient.judge(status(403), &asking("7"), NOW),
        Verdict::retry(),
        "the wait is ignored, and the sign counts"
    );
}

#[test]
fn an_answer_says_itself_whether_it_should_be_retried_if_it_is_obeyed() {
    let said = |value| HeaderMap::from_iter([("x-should-retry".parse().unwrap(), HeaderValue::from_static(value))]);
    let rules = Rules::new().obey_should_retry();
    assert_eq!(rules.judge(status(503), &said("false"), NOW), Verdict::Accept);
    assert_eq!(rules.judge(status(400), &said("true"), NOW), Verdict::retry());
    assert_eq!(rules.judge(status(400), &said("perhaps"), NOW), Verdict::Accept);
    assert_eq!(Rules::new().judge(status(503), &said("false"), NOW), Verdict::retry());
}

#[test]
fn the_reset_of_a_limit_is_read_on_a_429_without_retry_after_if_asked_for() {
    let reset = |name: &str| HeaderMap::from_iter([(name.parse().unwrap(), HeaderValue::from_static("9"))]);
    let rules = Rules::new().read_rate_limit_reset();
    assert_eq!(rules.judge(status(429), &reset("ratelimit-reset"), NOW), retry(429).after(Duration::from_secs(9)));
    assert_eq!(rules.judge(status(503), &reset("ratelimit-reset"), NOW), retry(503));
    assert_eq!(Rules::new().judge(status(429), &reset("ratelimit-reset"), NOW), retry(429));
    let mut both = reset("x-ratelimit-reset");
    both.insert(RETRY_AFTER, HeaderValue::from_static("2"));
    assert_eq!(rules.judge(status(429), &both, NOW), retry(429).after(Duration::from_secs(2)));
}

#[test]
fn a_rule_of_ones_own_sees_the_head_and_goes_first() {
    fn teapot(status: StatusCode, headers: &HeaderMap) -> Option<Verdict> {
        (status.as_u16() == 418 && headers.contains_key("x-brewing")).then(Verdict::retry)
    }
    let rules = Rules::new().rule(teapot);
    let brewing = HeaderMap::from_iter([("x-brewing".parse().unwrap(), HeaderValue::from_static("1"))]);
    assert_eq!(rules.judge(status(418), &brewing, NOW), Verdict::retry());
    assert_eq!(rules.judge(status(418), &HeaderMap::new(), NOW), Verdict::Accept);
    assert_eq!(rules.judge(status(503), &HeaderMap::new(), NOW), Verdict::retry());
    assert!(!rules.is_always_accepted(status(200)));
    assert_eq!(rules, rules.clone());
    assert_ne!(rules, Rules::new());
}

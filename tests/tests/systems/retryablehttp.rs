//! Go-retryablehttp (github.com/hashicorp/go-retryablehttp).
//!
//! H8, H10 and H12 - H15, what is read from Retry-After, are in `adapters/http/src/retry_after/tests.rs`; here is what
//! a call makes of it. H23 - H26 go over the wire, through `insist-ureq`. Left out: hooks that change a request between
//! attempts, and log levels.

use std::io::ErrorKind;
use std::time::{Duration, SystemTime};

use insist_blocking::retry;
use insist_core::{Action, AtEnd, Instant, Jitter, List, Policy, Reason, Repeat, Verdict, play, play_with};
use insist_flaky::{Answer, Server};
use insist_http::Rules;
use insist_http::http::header::RETRY_AFTER;
use insist_http::http::{HeaderMap, Method, StatusCode};
use insist_tests::words::{ACCEPT, SECOND, always, at, end, gave_up, ms, script, secs, sends, waits};
use insist_ureq::insisting::{Report, ReportSlot};
use insist_ureq::{Agent, Error, Insist};

use crate::draws::{draws, mean};
use crate::hand::answered;

/// Its default: from 1 s, doubling, up to 5 min.
const POLICY: Policy = Policy::exponential(secs(1)).cap(secs(300)).jitter(Jitter::None).attempts(200);

/// H1 - H4, TestBackoff.
#[test]
fn seconds_double() {
    assert_eq!(waits(&POLICY, 4), [1, 2, 4, 8].map(secs));
}

/// H5 and H6, TestBackoff.
#[test]
fn what_has_doubled_too_often_to_count_is_the_cap() {
    assert_eq!([63, 128].map(|number| POLICY.delays(0).nth(number)), [Some(secs(300)); 2]);
}

/// Returns what is concluded from such an answer at 23:59:57 on the last day of 1999.
fn asked(status: u16, line: &'static str) -> Verdict {
    let headers = HeaderMap::from_iter([(RETRY_AFTER, line.parse().unwrap())]);
    let now = SystemTime::UNIX_EPOCH + secs(946_684_797);
    Rules::new().judge(StatusCode::from_u16(status).unwrap(), &headers, now)
}

/// When the second attempt is sent, in milliseconds, after such a verdict and with a constant backoff.
#[track_caller]
fn second_after(backoff: Duration, verdict: Verdict) -> u64 {
    let policy = Policy::constant(backoff).jitter(Jitter::None);
    sends(&play(&policy, 7, &script(&[(0, verdict), (0, ACCEPT)])))[1].as_nanos() / 1_000_000
}

/// TestBackoff_RateLimitLinearJitterBackoff. There the hint stands in for the backoff, even if it is shorter; here the
/// backoff starts after it, so that clients that were told the same do not come back together (law 9).
#[test]
fn the_backoff_starts_after_the_hint() {
    for status in [429, 503] {
        assert_eq!(second_after(secs(1), answered(&Rules::new(), status)), 1_000, "{status} without a hint");
        assert_eq!(second_after(secs(1), asked(status, "2")), 3_000, "{status}");
        assert_eq!(second_after(secs(5), asked(status, "2")), 7_000, "{status}, a hint below the backoff");
    }
    assert_eq!(second_after(secs(5), Verdict::retry().exactly_after(secs(2))), 2_000, "who wants it as there");
}

/// The same, "502 ignore retry header". Here every retried status may carry a hint.
#[test]
fn a_hint_counts_on_a_502_as_well() {
    assert_eq!(second_after(secs(1), asked(502, "2")), 3_000);
    let ignoring = Rules::new().ignore_hints();
    assert_eq!(second_after(secs(1), answered(&ignoring, 502)), 1_000);
}

/// H8, H10 and H12 - H15 as waits: TestParseRetryAfterHeader, "date" and "past-date", and what is no hint.
#[test]
fn a_date_is_waited_for_and_what_is_past_or_malformed_is_not() {
    assert_eq!(second_after(ms(100), asked(503, "Fri, 31 Dec 1999 23:59:59 GMT")), 2_100);
    for line in ["Fri, 31 Dec 1999 23:59:00 GMT", "", "-2", "Fri, 32 Dec 1999 23:59:59 GMT", "badbadbad"] {
        assert_eq!(second_after(ms(100), asked(503, line)), 100, "{line:?}");
    }
}

/// H21, TestClient_Do_fails, with a request that is safe to repeat: two retries are three attempts.
#[test]
fn a_get_that_fails_with_500_is_given_up_after_three_attempts() {
    let rules = Rules::new();
    let failed = always(answered(&rules, 500));
    let repeat = rules.repeat(&Method::GET, &HeaderMap::new());
    let timeline = play_with(&POLICY.attempts(3), &(), repeat, Instant::ZERO, 7, &failed);
    assert_eq!(sends(&timeline), [0, 1_000, 3_000].map(at));
    assert_eq!(gave_up(&timeline).reason, Reason::Attempts);
    assert_eq!(gave_up(&timeline).last, Some(3));

    let result = retry(&Policy::zero().attempts(3), |_| Err::<(), _>("unexpected HTTP status 500")).try_call();
    // The text does not repeat its source; the alternate form has both.
    let gave_up = result.unwrap_err();
    assert_eq!(gave_up.to_string(), "gave up after 3 attempts: no attempts were left");
    assert!(format!("{gave_up:#}").ends_with("unexpected HTTP status 500"), "{gave_up:#}");
}

/// H21 as it is there, with a POST. Here it is sent once, because the server may have acted on it (law 16), unless the
/// user says that it may be repeated.
#[test]
fn a_post_that_fails_with_500_is_repeated_only_if_that_is_allowed() {
    let none = HeaderMap::new();
    for (rules, sent, reason) in
        [(Rules::new(), 1, Reason::NotRepeatable), (Rules::new().repeatable(true), 3, Reason::Attempts)]
    {
        let repeat = rules.repeat(&Method::POST, &none);
        let timeline = play_with(&POLICY.attempts(3), &(), repeat, Instant::ZERO, 7, &always(answered(&rules, 500)));
        assert_eq!(sends(&timeline).len(), sent);
        assert_eq!(gave_up(&timeline).reason, reason);
        assert_eq!(gave_up(&timeline).last, Some(sent as u32));
    }
}

/// TestClient_CheckRetry and TestClient_CheckRetryStop: a judge ends the call when it likes.
#[test]
fn a_judge_that_stops_has_the_last_word() {
    for stops_at in [1, 2] {
        let mut judged = 0;
        let result = retry(&Policy::zero().attempts(9), |attempt| Err::<(), _>(attempt.id))
            .judge(|_: &Result<(), u32>| {
                judged += 1;
                if judged == stops_at { Verdict::Stop } else { Verdict::retry() }
            })
            .try_call();
        assert_eq!(result.unwrap_err().last, Some(Err(stops_at)));
        assert_eq!(judged, stops_at);
    }
}

/// A server's 501 is no failure that passes, as its TestClient_Do has it.
#[test]
fn a_501_is_the_result() {
    let timeline = play_with(&POLICY, &(), Repeat::Always, Instant::ZERO, 7, &always(answered(&Rules::new(), 501)));
    assert_eq!(end(&timeline).1, Action::Return(1));
}

fn failed(server: &Server, url: &str, header: &str) -> (Error, Option<Report>, usize) {
    let slot = ReportSlot::new();
    let agent = Agent::new_with_defaults().policy(Policy::zero().attempts(5)).report_to(&slot);
    let error = agent.get(url).header(header, "value").call().unwrap_err();
    (error, slot.take(), server.request_count())
}

/// H23, TestClient_DefaultRetryPolicy_TLS: here what answers does not speak TLS.
#[test]
fn a_handshake_that_will_never_work_is_tried_once() {
    let server = Server::start(Answer::ok("hello")).unwrap();
    let url = server.url().replace("http:", "https:");
    let (error, report, requests) = failed(&server, &url, "name");
    // The kind that a certificate has too that is not trusted.
    assert!(matches!(&error, Error::Io(error) if error.kind() == ErrorKind::InvalidData), "{error:?}");
    assert_eq!(report.unwrap().attempts, 1);
    assert_eq!(requests, 0);
    assert_eq!(server.connections(), 1);
}

/// H24, TestClient_DefaultRetryPolicy_redirects.
#[test]
fn redirects_in_a_circle_are_followed_by_one_attempt() {
    let server = Server::start(Answer::status(302).header("Location", "/")).unwrap();
    let (error, report, requests) = failed(&server, &server.url(), "name");
    assert!(matches!(error, Error::TooManyRedirects), "{error:?}");
    assert_eq!(report.unwrap().attempts, 1);
    assert_eq!(requests, 11);
}

/// H25, TestClient_DefaultRetryPolicy_invalidscheme.
#[test]
fn a_scheme_that_nobody_speaks_is_tried_once() {
    let server = Server::start(Answer::ok("hello")).unwrap();
    let (error, report, requests) = failed(&server, &server.url().replace("http:", "ftp:"), "name");
    assert_eq!(report.map(|report| report.attempts), Some(1), "{error:?}");
    assert_eq!(requests, 0, "{error:?}");
}

/// H26, TestClient_DefaultRetryPolicy_invalidheadername.
#[test]
fn a_header_that_cannot_be_is_not_sent_at_all() {
    let server = Server::start(Answer::ok("hello")).unwrap();
    let (error, report, requests) = failed(&server, &server.url(), "Header-Name-\u{1b}");
    assert!(matches!(error, Error::Http(_)), "{error:?}");
    assert!(report.is_none());
    assert_eq!(requests, 0);
}

/// Fault O4: go-retryablehttp has no jitter by default. yoshuawuyts/exponential-backoff #36: it had some and did not
/// use it.
#[test]
fn jitter_is_full_unless_it_is_said_otherwise() {
    assert_eq!(Policy::default().get_jitter(), Jitter::Full);
    for policy in [
        Policy::linear(SECOND),
        Policy::exponential(SECOND),
        Policy::fibonacci(SECOND),
        Policy::new(|_: insist_core::RetryContext| Some(SECOND))
            .attempts(3)
            .backoff(insist_core::Shape::Constant { base: SECOND }),
    ] {
        let drawn = draws(policy, 2000);
        assert!(drawn.iter().all(|delay| *delay <= SECOND) && (ms(470)..ms(530)).contains(&mean(&drawn)));
    }
    // A delay that was written down is what was written, unless jitter is asked for.
    let reshaped = Policy::default().shape(insist_core::Shape::Constant { base: SECOND });
    for exact in [Policy::constant(SECOND), Policy::list(List::new(&[SECOND]), AtEnd::Repeat), reshaped] {
        assert_eq!(exact.get_jitter(), Jitter::None);
        assert!(draws(exact, 20).iter().all(|delay| *delay == SECOND));
    }
}

//! One attempt within another, and after another.

use std::time::Instant;

use ureq::Timeout;
use ureq::unversioned::transport::{NextTimeout, time};

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

fn timed(timeout: Duration) -> Terms {
    Terms { limit: Limit::new(Instant::now(), (timeout, Timeout::PerRead), None), ..Terms::NONE }
}

const ENDLESS: NextTimeout =
    NextTimeout { after: time::Duration::NotHappening, reason: Timeout::RecvBody, per_read: None, per_write: None };

/// Returns the attempt's limit on an endless timeout.
fn limited() -> (Option<Duration>, Timeout) {
    let limited = limit(ENDLESS).unwrap();
    let after = match limited.after {
        time::Duration::Exact(after) => Some(after),
        time::Duration::NotHappening => None,
    };
    (after, limited.reason)
}

#[test]
fn an_attempt_within_another_has_its_own_time_and_leaves_the_outer_its_own() {
    let outer = Scope::enter(timed(HOUR));
    for inner in [Terms::NONE, timed(HOUR / 60)] {
        let inner = Scope::enter(inner);
        assert!(limited().0.is_none_or(|after| after <= HOUR / 60));
        inner.shorten(Duration::from_secs(1));
        assert!(limited().0.is_some_and(|after| after <= Duration::from_secs(1)));
        sending(false);
        assert!(inner.is_sent());
    }
    assert!(limited().0.is_some_and(|after| after > HOUR / 60));
    assert_eq!(limited().1, Timeout::PerRead);
    assert!(!outer.is_sent());
}

#[test]
fn what_an_attempt_was_shortened_to_does_not_hold_for_the_next() {
    let attempt = Scope::enter(Terms::NONE);
    assert_eq!(limited(), (None, Timeout::RecvBody));
    attempt.shorten(HOUR);
    assert_eq!(limited().1, Timeout::PerCall);
    drop(attempt);
    for next in [Terms::NONE, Terms { is_agents_config: false, ..Terms::NONE }] {
        let is_agents = next.is_agents_config;
        let _next = Scope::enter(next);
        assert_eq!(limited(), (None, Timeout::RecvBody));
        assert_eq!(is_agents_config(), is_agents);
    }
    assert!(!is_bound());
}

#[test]
fn the_body_of_a_call_keeps_its_deadline_within_the_attempt_of_another() {
    let reason = |deadline| limit_both(ENDLESS, Some(deadline)).map(|limited| limited.reason).unwrap();
    let now = Instant::now();
    assert_eq!(reason(now + HOUR), Timeout::Global);
    let _other = Scope::enter(timed(HOUR));
    assert_eq!(reason(now + HOUR / 2), Timeout::Global);
    assert_eq!(reason(now + HOUR * 2), Timeout::PerRead);
    assert!(matches!(limit_both(ENDLESS, Some(now)), Err(ureq::Error::Timeout(Timeout::Global))));
}

#[test]
fn an_attempt_tells_its_connections_the_deadline_of_its_call() {
    let now = Instant::now();
    let limit = Limit::new(now, (HOUR, Timeout::PerCall), Some(now + HOUR * 2));
    let attempt = Scope::enter(Terms { limit, ..Terms::NONE });
    assert_eq!(deadline(), Some(now + HOUR * 2));
    attempt.shorten(HOUR / 2);
    assert_eq!(deadline(), Some(now + HOUR * 2), "a shorter attempt has the same call");
    drop(attempt);
    assert_eq!(deadline(), None);
}

#[test]
fn what_a_connector_writes_is_not_sent() {
    let scope = Scope::enter(Terms::NONE);
    {
        let _connecting = Connecting::begin();
        sending(false);
        assert!(is_connecting());
    }
    assert!(!scope.is_sent() && !is_connecting());
    sending(true);
    assert!(scope.is_sent() && scope.is_reused());
    drop(Connecting::begin());
    assert!(scope.is_sent(), "it stays sent after a redirect to a new connection");
    assert!(!scope.is_reused());
}

//! One attempt within another, and after another.

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

fn timed(timeout: Duration) -> Terms {
    Terms { timeout: Some((timeout, Timeout::Global)), ..Terms::NONE }
}

/// Returns the attempt's limit on an endless timeout.
fn limited() -> (Option<Duration>, Timeout) {
    let (after, reason) = (time::Duration::NotHappening, Timeout::RecvBody);
    let endless = NextTimeout { after, reason, per_read: None, per_write: None };
    let limited = limit(endless).unwrap();
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
    assert_eq!(limited().1, Timeout::Global);
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

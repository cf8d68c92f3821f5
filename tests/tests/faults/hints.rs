//! Waits that a server asks for: kept, and kept within the limits.

use std::time::Duration;

use insist_blocking::{VirtualClock, retry};
use insist_core::{Action, AtEnd, Jitter, List, Policy, Reason, Script, Verdict, play};

use crate::{EVERY_JITTER, SECOND, end, ms, secs, sent_at};

/// R1: tokio-retry2 0.9 showed a hint to its hook and then waited as the backoff said.
#[test]
fn a_hint_is_waited_for_and_not_only_shown() {
    let policy = Policy::constant(ms(10)).jitter(Jitter::None).attempts(4);
    for (verdict, wait) in
        [(Verdict::retry().after(secs(60)), ms(60_010)), (Verdict::retry().exactly_after(secs(60)), secs(60))]
    {
        let (clock, mut ran_at) = (VirtualClock::new(), Vec::new());
        let operation = |_: &insist_blocking::LiveAttempt<'_>| {
            ran_at.push(clock.elapsed());
            Err::<(), _>("busy")
        };
        retry(&policy, operation).judge(|_: &_| verdict).clock(&clock).call().unwrap_err();
        assert_eq!(ran_at, [Duration::ZERO, wait, wait * 2, wait * 3]);
    }
}

/// R5: the recipe for Retry-After in backon's documentation let a call go on when no retry was left.
#[test]
fn a_hint_brings_back_no_attempt_that_is_not_left() {
    let list = Policy::list(List::new(&[ms(1), ms(1)]), AtEnd::Stop).attempts(100);
    for policy in [Policy::zero().attempts(3), Policy::zero().lane_attempts(3).attempts(100), list] {
        for verdict in [Verdict::retry().after(SECOND), Verdict::retry().exactly_after(SECOND)] {
            let script = (1..=100).fold(Script::new(), |script, id| script.outcome(id, ms(1), verdict));
            assert_eq!(sent_at(&play(&policy, 1, &script)).len(), 3, "{policy:?}");
        }
    }
}

/// R15: in backoff 0.4 a hint went past the limit of time, again and again.
#[test]
fn hints_do_not_outlive_the_deadline() {
    let policy = Policy::zero().unlimited_attempts().deadline(ms(5));
    for verdict in [Verdict::retry().after(ms(2)), Verdict::retry().exactly_after(ms(2))] {
        let script = (1..=100).fold(Script::new(), |script, id| script.outcome(id, Duration::ZERO, verdict));
        let timeline = play(&policy, 1, &script);
        assert_eq!(sent_at(&timeline), [0, 2, 4].map(ms));
        let (at, Action::GiveUp(stop)) = end(&timeline) else { panic!("{timeline}") };
        assert_eq!((at, stop.reason(), stop.hint()), (ms(4), Reason::RetryAfter, Some(ms(2))));
    }
}

/// O5: failsafe-go cuts a wait to what is left of its time, and so sends before the hint is over.
#[test]
fn a_deadline_ends_a_call_rather_than_shorten_a_hint() {
    let policy = Policy::zero().attempts(5).deadline(secs(8));
    let script = Script::new().outcome(1, SECOND, Verdict::retry().after(secs(10)));
    let timeline = play(&policy, 1, &script);
    let (at, Action::GiveUp(stop)) = end(&timeline) else { panic!("{timeline}") };
    assert_eq!((at, stop.reason(), stop.hint()), (SECOND, Reason::RetryAfter, Some(secs(10))));
    assert_eq!(sent_at(&timeline).len(), 1);
}

/// O5: failsafe-go applies its jitter to the hint, downwards too.
#[test]
fn no_jitter_sends_before_a_hint_is_over() {
    let script = Script::new().outcome(1, Duration::ZERO, Verdict::retry().after(secs(2)));
    for jitter in EVERY_JITTER {
        let policy = Policy::exponential(SECOND).jitter(jitter).attempts(2);
        for seed in 0..200 {
            let sent = sent_at(&play(&policy, seed, &script));
            assert!((secs(2)..=secs(4)).contains(&sent[1]), "{jitter:?} {sent:?}");
        }
    }
}

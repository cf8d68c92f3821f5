//! The time that a call has: when it begins, what counts towards it, what ends with it.

use insist_blocking::{VirtualClock, retry};
use insist_core::{Action, Call, CancelReason, Instant, Jitter, Policy, Reason, Script, Verdict, play};

use insist_tests::by_hand::cancel;

use crate::{SECOND, end, failing, ms, secs, sent_at};

const fn at(seconds: u64) -> Instant {
    Instant::from_nanos(seconds * 1_000_000_000)
}

/// R4, ihrwein/backoff #39: the time began when the strategy was made; a call later had none left.
#[test]
fn a_deadline_begins_with_its_call_and_not_with_its_policy() {
    let policy = Policy::constant(secs(2)).jitter(Jitter::None).unlimited_attempts().deadline(secs(5));
    let clock = VirtualClock::new();
    for _ in 0..3 {
        clock.advance(secs(100));
        let started = clock.elapsed();
        let gave_up = retry(&policy, |_| Err::<(), _>("down")).clock(&clock).try_call().unwrap_err();
        assert_eq!((gave_up.reason, gave_up.attempts), (Reason::Deadline, 3));
        assert_eq!(clock.elapsed() - started, secs(4));
    }
}

/// R17: under a clock that was stopped, the async part of backoff 0.4 went by the real one. So did R4.
#[test]
fn a_call_in_virtual_time_is_timed_by_it_alone() {
    let policy = Policy::constant(secs(3600)).jitter(Jitter::None).unlimited_attempts().deadline(secs(36_000));
    let (clock, started) = (VirtualClock::new(), std::time::Instant::now());
    let (result, report) = retry(&policy, |_| Err::<(), _>("down")).clock(&clock).report();
    assert_eq!((result.unwrap_err().attempts, report.elapsed), (10, secs(9 * 3600)));
    assert!(started.elapsed() < secs(3600));
}

/// R10: the "total delay" of backon 1.6 counts its waits, not the attempts between them.
#[test]
fn thirty_seconds_are_thirty_seconds_however_long_attempts_take() {
    let policy = Policy::constant(SECOND).jitter(Jitter::None).unlimited_attempts().deadline(secs(30));
    let timeline = play(&policy, 1, &failing(100, secs(15)));
    assert_eq!(sent_at(&timeline), [secs(0), secs(16)]);
    let (ended_at, Action::GiveUp(stop)) = end(&timeline) else { panic!("{timeline}") };
    assert_eq!((ended_at, stop.reason()), (secs(30), Reason::Deadline));
    assert!(timeline.steps.iter().any(|step| step.action == cancel(2, CancelReason::Deadline)), "{timeline}");
}

/// R22: retry-policies 0.5 looked at the time before its wait only: of 30 s, it sent in second 629. O6: tenacity too.
#[test]
fn no_wait_leads_past_the_deadline() {
    let policy = Policy::exponential(SECOND).no_cap().jitter(Jitter::None).unlimited_attempts().deadline(secs(30));
    let timeline = play(&policy, 1, &failing(100, ms(100)));
    let last = *sent_at(&timeline).last().unwrap();
    let (ended_at, Action::GiveUp(stop)) = end(&timeline) else { panic!("{timeline}") };
    assert_eq!((last, ended_at, stop.reason()), (ms(15_400), ms(15_500), Reason::Deadline));
}

/// R23: retry-policies 0.5 goes by the time of day: set back, its limit never came.
#[test]
fn a_clock_that_is_set_back_lengthens_no_deadline() {
    let policy = Policy::constant(SECOND).jitter(Jitter::None).unlimited_attempts().deadline(secs(30));
    let mut call = Call::new(&policy, &(), at(1000), 1);
    // Each attempt begins when its wait is over, and is found to have failed by a clock that stands at 0 again.
    let (mut now, mut sent) = (at(1000), Vec::new());
    let stop = loop {
        match call.poll(now) {
            Action::Send(attempt) => {
                sent.push(now);
                call.handle(at(0), attempt.id, Verdict::retry());
            }
            Action::Wait { until, .. } => now = until.unwrap(),
            Action::GiveUp(stop) => break stop,
            other => panic!("{other}"),
        }
        assert!(sent.len() <= 30, "{sent:?}");
    };
    assert_eq!(stop.reason(), Reason::Deadline);
    assert_eq!(sent, (1000..1030).map(at).collect::<Vec<_>>());
}

/// R42: google-cloud-gax 1.15 gave an attempt the time that was left before the wait that led to it.
#[test]
fn an_attempt_after_a_wait_has_what_is_left_after_it() {
    let policy = Policy::constant(secs(4)).jitter(Jitter::None).attempts(5).deadline(secs(10));
    let script = Script::new().outcome(1, secs(3), Verdict::retry());
    let timeline = play(&policy, 1, &script);
    let timeouts: Vec<_> = timeline
        .steps
        .iter()
        .filter_map(|step| if let Action::Send(attempt) = step.action { attempt.timeout() } else { None })
        .collect();
    assert_eq!(timeouts, [secs(10), secs(3)]);
    assert_eq!(end(&timeline).0, secs(10));
}

//! `retry`: what it runs, how often, and what comes back.

use std::io;
use std::time::Duration;

use insist_blocking::{Policy, Reason, Repeat, Sent, Verdict, VirtualClock, retry};

const POLICY: Policy = Policy::constant(Duration::from_secs(1)).attempts(5);

/// An operation that fails this often and then gives the number of its runs.
fn fails(failures: u32, runs: &mut u32) -> Result<u32, String> {
    *runs += 1;
    if *runs <= failures { Err(format!("failure {runs}")) } else { Ok(*runs) }
}

#[test]
fn a_first_success_runs_the_operation_once() {
    let mut runs = 0;
    assert_eq!(retry(&POLICY, |_| fails(0, &mut runs)).call(), Ok(1));
    assert_eq!(runs, 1);
}

#[test]
fn it_goes_on_until_the_first_success() {
    let (clock, mut runs) = (VirtualClock::new(), 0);
    assert_eq!(retry(&POLICY, |_| fails(3, &mut runs)).clock(&clock).call(), Ok(4));
    assert_eq!(runs, 4);
    assert_eq!(clock.elapsed(), Duration::from_secs(3));
}

#[test]
fn attempts_counts_sends_with_the_first_included() {
    for attempts in 1..=5 {
        let (clock, mut runs, policy) = (VirtualClock::new(), 0, POLICY.attempts(attempts));
        let result = retry(&policy, |_| fails(9, &mut runs)).clock(&clock).call();
        assert_eq!(result, Err(format!("failure {attempts}")));
        assert_eq!(runs, attempts);
        assert_eq!(clock.elapsed(), Duration::from_secs(u64::from(attempts) - 1), "no wait after the last");
    }
}

#[test]
fn the_operation_sees_its_attempt() {
    let mut seen = Vec::new();
    let clock = VirtualClock::new();
    let result = retry(&POLICY, |attempt| {
        seen.push((attempt.id, attempt.retry, attempt.lane, attempt.kind.as_str(), attempt.is_cancelled()));
        if attempt.retry < 2 { Err("down") } else { Ok(()) }
    })
    .clock(&clock)
    .call();
    assert_eq!(result, Ok(()));
    assert_eq!(seen, [(1, 0, 0, "first", false), (2, 1, 0, "retry", false), (3, 2, 0, "retry", false)]);
}

#[test]
fn an_operation_without_a_canceller_drops_what_it_wants_run_at_a_cancel() {
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    let result: Result<(), &str> = retry(&POLICY, |attempt| {
        let sender = sender.clone();
        attempt.on_cancel(move || sender.send(()).unwrap());
        Ok(())
    })
    .call();
    assert_eq!(result, Ok(()));
    drop(sender);
    assert!(receiver.recv().is_err());
}

#[test]
fn an_error_that_when_refuses_stops_at_once() {
    let mut runs = 0;
    let result = retry(&POLICY, |_| fails(9, &mut runs)).when(|error| !error.contains('1')).call();
    assert_eq!(result, Err("failure 1".to_owned()));
    assert_eq!(runs, 1);
}

#[test]
fn when_may_borrow_and_change_what_is_around_it() {
    let (clock, mut runs, mut seen) = (VirtualClock::new(), 0, Vec::new());
    let result = retry(&POLICY, |_| fails(9, &mut runs))
        .clock(&clock)
        .when(|error| {
            seen.push(error.clone());
            seen.len() < 3
        })
        .call();
    assert_eq!(result, Err("failure 3".to_owned()));
    assert_eq!(seen, ["failure 1", "failure 2", "failure 3"]);
}

#[test]
fn a_judge_can_retry_a_response_and_the_last_one_comes_back() {
    let (clock, mut statuses) = (VirtualClock::new(), [503, 502, 500].into_iter());
    let result = retry(&POLICY.attempts(3), |_| Ok::<u16, &str>(statuses.next().unwrap()))
        .clock(&clock)
        .judge(|outcome| if matches!(outcome, Ok(500..)) { Verdict::retry() } else { Verdict::Accept })
        .call();
    assert_eq!(result, Ok(500));
}

#[test]
fn an_exact_wait_replaces_the_delay_and_an_at_least_wait_comes_before_it() {
    for (verdict, wait) in [
        (Verdict::retry(), 1),
        (Verdict::retry().exactly_after(Duration::from_secs(7)), 7),
        (Verdict::retry().after(Duration::from_secs(7)), 8),
    ] {
        let (clock, mut runs) = (VirtualClock::new(), 0);
        let result = retry(&POLICY, |_| fails(1, &mut runs))
            .clock(&clock)
            .judge(|outcome| if outcome.is_ok() { Verdict::Accept } else { verdict })
            .call();
        assert_eq!(result, Ok(2));
        assert_eq!(clock.elapsed(), Duration::from_secs(wait), "{verdict:?}");
    }
}

#[test]
fn an_abort_carries_the_users_own_error() {
    let result: Result<(), io::Error> =
        retry(&POLICY, |_| Err(io::Error::other("quota used up"))).judge(|_| Verdict::Stop).call();
    assert_eq!(result.unwrap_err().to_string(), "quota used up");
}

#[test]
fn an_error_that_a_judge_accepts_ends_the_call_with_it() {
    let judge = |_: &Result<(), &str>| Verdict::Accept;
    assert_eq!(retry(&POLICY, |_| Err("fine")).judge(judge).call(), Err("fine"));
    let gave_up = retry(&POLICY, |_| Err("fine")).judge(judge).try_call().unwrap_err();
    assert_eq!(gave_up.reason, Reason::Stopped);
    assert_eq!(gave_up.last, Some(Err("fine")));
}

#[test]
fn a_wait_that_does_not_fit_before_the_deadline_is_not_begun() {
    let (clock, mut runs, policy) = (VirtualClock::new(), 0, POLICY.deadline(Duration::from_millis(2500)));
    let gave_up = retry(&policy, |_| fails(9, &mut runs)).clock(&clock).try_call().unwrap_err();
    assert_eq!(gave_up.reason, Reason::Deadline);
    assert_eq!(gave_up.attempts, 3);
    assert_eq!(gave_up.last, Some(Err("failure 3".to_owned())));
    assert_eq!(clock.elapsed(), Duration::from_secs(2));
}

#[test]
fn the_time_that_attempts_take_counts_towards_the_deadline() {
    let (clock, policy) = (VirtualClock::new(), POLICY.deadline(Duration::from_secs(10)));
    let mut left = Vec::new();
    let result = retry(&policy, |attempt| {
        left.push(attempt.timeout().unwrap().as_secs());
        clock.advance(Duration::from_secs(4));
        Err::<(), _>("slow")
    })
    .clock(&clock)
    .call();
    assert_eq!(result, Err("slow"));
    assert_eq!(left, [10, 5]);
    assert_eq!(clock.elapsed(), Duration::from_secs(9), "a wait until 10 s does not fit");
}

#[test]
fn a_success_counts_however_late_it_is() {
    let (clock, policy) = (VirtualClock::new(), POLICY.deadline(Duration::from_secs(1)));
    let result = retry(&policy, |_| {
        clock.advance(Duration::from_secs(60));
        Ok::<_, &str>("late")
    });
    assert_eq!(result.clock(&clock).call(), Ok("late"));
}

#[test]
fn a_hint_beyond_the_limit_ends_the_call_and_is_handed_back() {
    let (clock, policy) = (VirtualClock::new(), POLICY.hint_limit(Duration::from_secs(60)));
    let hours = Duration::from_secs(7200);
    let gave_up = retry(&policy, |_| Err::<(), _>("busy"))
        .clock(&clock)
        .judge(|_| Verdict::retry().after(hours))
        .try_call()
        .unwrap_err();
    assert_eq!(gave_up.reason, Reason::RetryAfter);
    assert_eq!(gave_up.hint, Some(hours));
    assert_eq!(
        gave_up.to_string(),
        "gave up after 1 attempt: the server asked for a longer wait than is allowed (7200s)",
    );
    assert_eq!(clock.elapsed(), Duration::ZERO);
}

#[test]
fn what_may_not_be_repeated_is_sent_once_unless_it_was_not_sent() {
    for (repeat, sent, expected) in [
        (Repeat::Always, Sent::Maybe, 5),
        (Repeat::IfUnsent, Sent::Maybe, 1),
        (Repeat::IfUnsent, Sent::No, 5),
        (Repeat::Never, Sent::No, 1),
    ] {
        let (clock, mut runs) = (VirtualClock::new(), 0);
        let result = retry(&POLICY, |_| fails(9, &mut runs))
            .clock(&clock)
            .repeat(repeat)
            .judge(|_| Verdict::retry().sent(sent))
            .try_call();
        assert!(result.is_err());
        assert_eq!(runs, expected, "{repeat:?} {sent:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_waits() {
    let policy = Policy::exponential(Duration::from_secs(1)).attempts(6);
    let elapsed = |seed: Option<u64>| {
        let clock = VirtualClock::new();
        let call = retry(&policy, |_| Err::<(), _>("down")).clock(&clock);
        let result = match seed {
            Some(seed) => call.seed(seed).call(),
            None => call.call(),
        };
        assert!(result.is_err());
        clock.elapsed()
    };
    assert_eq!(elapsed(Some(3)), elapsed(Some(3)));
    assert_ne!(elapsed(Some(3)), elapsed(Some(4)));
    assert_ne!(elapsed(None), elapsed(None), "a seed is drawn for each call");
}

#[test]
fn the_seed_in_a_report_repeats_its_waits() {
    let policy = Policy::exponential(Duration::from_secs(1)).attempts(6);
    let clock = VirtualClock::new();
    let (_, report) = retry(&policy, |_| Err::<(), _>("down")).clock(&clock).report();
    let waits: Duration = policy.delays(report.seed).take(5).sum();
    assert_eq!(waits, clock.elapsed());
}

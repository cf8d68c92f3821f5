//! What is recorded of a call that a driver of one's own carries out: no more than the core and this hook.

#[path = "include/by_hand.rs"]
mod by_hand;
#[path = "../../../tests/include/recorded.rs"]
mod recorded;

use by_hand::{End, SEND, Told, at, drive, ms, run};
use insist_core::{Breaker, Budget, Bulkhead, Call, Decision, Gate, Hook, Instant, Policy, RateLimit, Repeat, Verdict};
use insist_metrics::Metrics;
use recorded::{of, recorded};

const SECOND: Policy = Policy::constant(ms(1000));

/// Returns what a call of one lane records, whose attempts end as a function says.
fn one_lane(policy: Policy, gate: impl Gate, end: impl Fn(u32) -> End) -> Vec<String> {
    recorded(|| run(Call::new(policy, gate, at(0), 7), Metrics::new(), |attempt| end(attempt.id), None))
}

#[test]
fn attempts_waits_and_the_end_are_recorded_with_their_times() {
    let lines = one_lane(SECOND.attempts(5), (), |id| match id {
        3 => End::After(ms(30), Verdict::Accept),
        _ => End::After(ms(10), Verdict::retry().after(ms(5))),
    });
    assert_eq!(
        lines,
        [
            "attempt_duration_seconds end=\"accept\" 0.03s",
            "attempt_duration_seconds end=\"retry\" 0.01s 0.01s",
            "attempts_total kind=\"first\" end=\"retry\" 1",
            "attempts_total kind=\"retry\" end=\"accept\" 1",
            "attempts_total kind=\"retry\" end=\"retry\" 1",
            "call_duration_seconds result=\"returned\" 2.06s",
            "calls_total result=\"returned\" 1",
            "wait_duration_seconds reason=\"backoff\" 1.005s 1.005s",
        ]
    );
}

#[test]
fn a_name_is_a_label_of_everything() {
    let lines = recorded(|| {
        drive(SECOND.attempts(2), Bulkhead::new(0), Metrics::named("price"), |_| Verdict::Accept);
        drive(SECOND.attempts(2), (), Metrics::named("price"), |_| Verdict::retry());
    });
    assert_eq!(lines.len(), 9, "{lines:#?}");
    assert!(lines.iter().all(|line| line.contains(" call=\"price\" ")), "{lines:#?}");
}

#[test]
fn a_timeout_is_an_end_after_the_time_that_it_had() {
    let lines = one_lane(Policy::zero().attempts(2).attempt_timeout(ms(250)), (), |_| End::Never);
    assert_eq!(of(&lines, "attempts_total"), ["kind=\"first\" end=\"timeout\" 1", "kind=\"retry\" end=\"timeout\" 1"]);
    assert_eq!(of(&lines, "attempt_duration_seconds end=\"timeout\""), ["0.25s 0.25s"]);
    assert_eq!(of(&lines, "calls_total"), ["result=\"attempts\" 1"]);
}

#[test]
fn a_deadline_cancels_what_is_in_flight() {
    let lines = one_lane(Policy::zero().deadline(ms(400)), (), |_| End::Never);
    assert_eq!(of(&lines, "attempts_total"), ["kind=\"first\" end=\"deadline\" 1"]);
    assert_eq!(of(&lines, "call_duration_seconds"), ["result=\"deadline\" 0.4s"]);
}

#[test]
fn an_attempt_that_was_withdrawn_is_counted_and_not_timed() {
    let lines = one_lane(SECOND.attempts(2), (), |id| match id {
        1 => End::Withdrawn(ms(50)),
        _ => End::After(ms(10), Verdict::Accept),
    });
    assert_eq!(of(&lines, "attempts_total"), ["kind=\"first\" end=\"accept\" 1", "kind=\"first\" end=\"withdrawn\" 1"]);
    assert_eq!(of(&lines, "attempt_duration_seconds"), ["end=\"accept\" 0.01s"]);
}

/// Returns what two lanes record, the second of which opens after 20 ms.
fn hedged(policy: Policy, gate: impl Gate, end: impl Fn(u32) -> End) -> Vec<String> {
    let policy = policy.lanes(2).hedge_after(ms(20));
    let call = Call::with_lanes::<2>(policy, gate, at(0), 7);
    recorded(|| run(call, Metrics::new(), |attempt| end(attempt.id), None))
}

#[test]
fn a_hedge_that_wins_is_accepted_and_the_other_lost() {
    let lines = hedged(Policy::zero(), (), |id| if id == 1 { End::Never } else { End::After(ms(5), Verdict::Accept) });
    assert_eq!(of(&lines, "attempts_total"), ["kind=\"first\" end=\"lost\" 1", "kind=\"hedge\" end=\"accept\" 1"]);
    assert_eq!(of(&lines, "attempt_duration_seconds"), ["end=\"accept\" 0.005s", "end=\"lost\" 0.025s"]);
    assert_eq!(of(&lines, "wait_duration_seconds"), [""; 0], "a wait for an attempt in flight is no wait of the call");
}

#[test]
fn a_hedge_that_is_refused_is_no_refusal_of_the_call() {
    let lines = hedged(Policy::zero(), Bulkhead::new(1), |_| End::After(ms(50), Verdict::Accept));
    assert_eq!(of(&lines, "attempts_total"), ["kind=\"first\" end=\"accept\" 1"]);
    assert_eq!(of(&lines, "refusals_total"), [""; 0]);
}

#[test]
fn a_verdict_of_stop_ends_its_attempt_and_the_other_is_lost() {
    let lines = hedged(Policy::zero(), (), |id| if id == 1 { End::Never } else { End::After(ms(5), Verdict::Stop) });
    assert_eq!(of(&lines, "attempts_total"), ["kind=\"first\" end=\"lost\" 1", "kind=\"hedge\" end=\"stop\" 1"]);
    assert_eq!(of(&lines, "calls_total"), ["result=\"stopped\" 1"]);
}

#[test]
fn a_wait_that_goes_on_after_another_lane_failed_is_one_wait() {
    // Lane 0 fails at 30 ms and waits for a second; lane 1 fails at 50 ms, and waits as long.
    let lines = hedged(SECOND.attempts(4), (), |id| match id {
        1 | 2 => End::After(ms(30), Verdict::retry()),
        _ => End::After(ms(0), Verdict::Accept),
    });
    assert_eq!(of(&lines, "attempts_total kind=\"retry\""), ["end=\"accept\" 1"]);
    assert_eq!(of(&lines, "wait_duration_seconds"), ["reason=\"backoff\" 1s"]);
}

#[test]
fn what_gates_hold_back_is_a_wait_of_its_own() {
    let gate = RateLimit::new(1, ms(3000)).waiting(ms(10_000));
    let lines = one_lane(SECOND.attempts(2), gate, |id| match id {
        1 => End::After(ms(0), Verdict::retry()),
        _ => End::After(ms(0), Verdict::Accept),
    });
    assert_eq!(of(&lines, "wait_duration_seconds"), ["reason=\"backoff\" 1s", "reason=\"gate\" 2s"]);
}

#[test]
fn a_gate_that_is_asked_many_times_is_one_wait() {
    let bulkhead = Bulkhead::new(1).waiting(ms(10));
    let lines = hedged(Policy::zero().deadline(ms(95)), &bulkhead, |_| End::Never);
    assert_eq!(of(&lines, "attempt_duration_seconds"), ["end=\"deadline\" 0.095s"]);
    let full = Bulkhead::new(1).waiting(ms(10));
    _ = full.admit(at(0), &insist_core::Cause::FIRST);
    let lines = one_lane(Policy::zero().deadline(ms(95)), &full, |_| End::Never);
    assert_eq!(of(&lines, "wait_duration_seconds"), ["reason=\"gate\" 0.09s"]);
}

#[test]
fn each_refusal_is_told_by_what_the_gate_said() {
    let failing = |_| End::After(ms(0), Verdict::retry());
    let lines = recorded(|| {
        let breaker = Breaker::new(0.5).min_throughput(1);
        let budget = Budget::new(0.1).with_reserve(0);
        for _ in 0..2 {
            run(Call::new(SECOND, &breaker, at(0), 7), Metrics::new(), |attempt| failing(attempt.id), None);
        }
        run(Call::new(SECOND, &budget, at(0), 7), Metrics::new(), |attempt| failing(attempt.id), None);
        drive(SECOND, Bulkhead::new(0), Metrics::new(), |_| Verdict::Accept);
    });
    assert_eq!(
        of(&lines, "refusals_total"),
        ["refusal=\"breaker is open\" 2", "refusal=\"budget is used up\" 1", "refusal=\"bulkhead is full\" 1"]
    );
    assert_eq!(of(&lines, "calls_total"), ["result=\"refused\" 4"]);
}

/// The results that are counted of a call.
fn result(call: Call<Policy, ()>, verdict: Verdict, cancelled: Option<Instant>) -> Vec<String> {
    let lines = recorded(|| run(call, Metrics::new(), |_| End::After(ms(5), verdict), cancelled));
    of(&lines, "calls_total").into_iter().map(str::to_owned).collect()
}

#[test]
fn each_reason_to_give_up_is_a_result() {
    let call = |policy| Call::new(policy, (), at(0), 7);
    let retry = Verdict::retry();
    for (call, verdict, cancelled, word) in [
        (call(SECOND), Verdict::Accept, None, "returned"),
        (call(SECOND.attempts(2)), retry, None, "attempts"),
        (call(SECOND.deadline(ms(500))), retry, None, "deadline"),
        (call(SECOND), Verdict::Stop, None, "stopped"),
        (call(Policy::stop()), retry, None, "backoff"),
        (call(SECOND).repeat(Repeat::Never), retry, None, "not_repeatable"),
        (call(SECOND), retry.after(ms(900_000)), None, "retry_after"),
        (call(SECOND), retry, Some(at(500)), "cancelled"),
        (call(SECOND.attempts(0)), retry, None, "invalid"),
    ] {
        assert_eq!(result(call, verdict, cancelled), [format!("result=\"{word}\" 1")]);
    }
}

#[test]
fn a_wait_that_is_cut_short_is_as_long_as_it_was() {
    let call = Call::new(SECOND, (), at(0), 7);
    let lines = recorded(|| run(call, Metrics::new(), |_| End::After(ms(0), Verdict::retry()), Some(at(400))));
    assert_eq!(of(&lines, "wait_duration_seconds"), ["reason=\"backoff\" 0.4s"]);
}

#[test]
fn a_call_that_is_cancelled_tells_it_of_its_attempt_too() {
    let lines = recorded(|| run(Call::new(SECOND, (), at(0), 7), Metrics::new(), |_| End::Never, Some(at(400))));
    assert_eq!(of(&lines, "attempts_total"), ["kind=\"first\" end=\"cancelled\" 1"]);
    assert_eq!(of(&lines, "attempt_duration_seconds"), ["end=\"cancelled\" 0.4s"]);
    assert_eq!(of(&lines, "call_duration_seconds"), ["result=\"cancelled\" 0.4s"]);
}

#[test]
fn a_call_that_is_dropped_is_cancelled_after_nobody_knows_how_long() {
    let lines = recorded(|| {
        let mut hook = Metrics::new();
        hook.on_event(&Told::new(at(0), at(0), Decision::Action(SEND)));
        drop(hook);
        drop(Metrics::named("never made"));
    });
    assert_eq!(lines, ["attempts_total kind=\"first\" end=\"cancelled\" 1", "calls_total result=\"cancelled\" 1"]);
}

#[test]
fn an_outcome_that_comes_too_late_counts_for_nothing() {
    let lines = recorded(|| {
        let mut hook = Metrics::new();
        let policy = Policy::zero();
        let mut call = Call::new(&policy, (), at(0), 7);
        let mut tell = |decision| hook.on_event(&Told::new(at(0), at(0), decision));
        tell(Decision::Action(call.poll(at(0))));
        for _ in 0..2 {
            let handled = call.handle(at(0), 1, Verdict::Accept);
            tell(Decision::Judged(insist_core::Judged::new(1, None, Verdict::Accept, handled)));
        }
        tell(Decision::Action(call.poll(at(0))));
        tell(Decision::Action(call.poll(at(0))));
    });
    assert_eq!(of(&lines, "attempts_total"), ["kind=\"first\" end=\"accept\" 1"]);
    assert_eq!(of(&lines, "calls_total"), ["result=\"returned\" 1"]);
}

#[test]
fn a_recorder_that_comes_while_a_call_runs_sees_the_next_one() {
    let mut hook = Metrics::new();
    hook.on_event(&Told::new(at(0), at(0), Decision::Action(SEND)));
    assert_eq!(recorded(|| drop(hook)), [""; 0]);
    assert_eq!(recorded(|| drive(Policy::zero(), (), Metrics::new(), |_| Verdict::Accept)).len(), 4);
}

#[test]
fn a_hook_listens_where_a_recorder_is() {
    let mut listens = [false; 2];
    let is_listening = || Hook::<u8, &str>::is_listening(&Metrics::new());
    recorded(|| listens[0] = is_listening());
    listens[1] = is_listening();
    assert_eq!(listens, [true, false]);
}

/// Shows every second event to the hook on another thread, where there is another recorder: none.
struct Wandering {
    hook: Metrics,
    events: u32,
}

impl<T: Sync, E: Sync> Hook<T, E> for Wandering {
    fn on_event(&mut self, event: &insist_core::Event<'_, T, E>) {
        self.events += 1;
        let Self { hook, events } = self;
        if *events % 2 == 0 {
            std::thread::scope(|scope| _ = scope.spawn(|| hook.on_event(event)));
        } else {
            hook.on_event(event);
        }
    }
}

#[test]
fn what_happens_on_other_threads_is_recorded_by_the_recorder_of_the_thread_that_began() {
    let end = |id| match id {
        3 => End::After(ms(30), Verdict::Accept),
        _ => End::After(ms(10), Verdict::retry().after(ms(5))),
    };
    for attempts in [5, 2, 1] {
        let policy = SECOND.attempts(attempts);
        let wanders = recorded(|| {
            let hook = Wandering { hook: Metrics::new(), events: 0 };
            run(Call::new(policy, (), at(0), 7), hook, |attempt| end(attempt.id), None);
        });
        assert_eq!(wanders, one_lane(policy, (), end), "{attempts} attempts");
    }
}

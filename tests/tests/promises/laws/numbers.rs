//! Law 15, nothing breaks: no number and no event makes the machine panic, overflow, allocate or loop without bound.

use core::time::Duration;

use insist_core::{
    Action, Admission, Call, Cause, Gate, Instant, Jitter, Policy, Refusal, Repeat, RetryContext, Verdict,
};
use insist_tests::gate::{Answer, Answers};
use insist_tests::plan::{Move, Plan, Shift};
use insist_tests::property::every_law_holds;
use insist_tests::random;
use insist_tests::words::ms;
use proptest::collection::vec;
use proptest::prelude::*;

fn extreme() -> impl Strategy<Value = u64> {
    prop::sample::select(vec![0, 1, 2, u64::MAX / 3, u64::MAX / 2, u64::MAX - 1, u64::MAX])
}

fn extreme_policy() -> impl Strategy<Value = Policy> {
    let spans = [extreme(), extreme(), extreme(), extreme(), extreme(), extreme(), extreme()];
    (random::policy(), spans, any::<[bool; 4]>()).prop_map(|(policy, spans, flags)| {
        let [base, timeout, deadline, hedge, limit, floor, cap] = spans.map(Duration::from_nanos);
        let shape = match *policy.get_backoff() {
            insist_core::Shape::Linear { .. } => Policy::linear(base),
            insist_core::Shape::Fibonacci { .. } => Policy::fibonacci(base),
            insist_core::Shape::Exponential { .. } => Policy::exponential(base),
            insist_core::Shape::Decorrelated { .. } => Policy::decorrelated(base),
            _ => Policy::constant(base),
        };
        let mut extreme = shape.jitter(policy.get_jitter()).hedge_after(hedge).hint_limit(limit);
        extreme = extreme.attempts(policy.get_attempts().unwrap_or(u32::MAX)).lanes(policy.get_lanes());
        extreme = if flags[0] { extreme.attempt_timeout(timeout) } else { extreme };
        extreme = if flags[1] { extreme.deadline(deadline) } else { extreme };
        extreme = if flags[2] { extreme.cap(cap.max(floor)).floor(floor) } else { extreme };
        if flags[3] { extreme.no_cap() } else { extreme }
    })
}

#[test]
fn law_15_nothing_breaks_whatever_the_numbers() {
    let shift = prop_oneof![
        extreme().prop_map(Shift::By),
        extreme().prop_map(Shift::Back),
        Just(Shift::Due),
        Just(Shift::JustBefore),
        Just(Shift::ToTheEnd)
    ];
    let verdict = extreme().prop_map(|nanos| Verdict::retry().after(Duration::from_nanos(nanos)));
    let verdict = prop_oneof![verdict, random::verdict()];
    let any_move =
        (0..6, any::<u8>(), any::<u32>(), shift, verdict).prop_map(|(what, pick, id, shift, verdict)| match what {
            0 => Move::Stray(id, verdict),
            1 => Move::Suspend(shift),
            2 => Move::Poll(shift),
            3 => Move::Drive(shift),
            _ => Move::End(pick, shift, verdict),
        });
    let answer = prop_oneof![Just(Answer::Yes), extreme().prop_map(Answer::In), extreme().prop_map(Answer::At)];
    let answers = vec(answer, 0..4).prop_map(|admit| Answers { reserve: vec![], admit });
    let plans = (random::plan(), extreme_policy(), extreme(), extreme(), answers, vec(any_move, 0..20));
    let plans = plans.prop_map(|(plan, policy, seed, start, answers, moves)| Plan {
        policy,
        seed,
        start,
        answers: [answers, Answers::default(), Answers::default()],
        moves,
        ..plan
    });
    every_law_holds(15, 800, plans);
}

#[test]
fn law_15_a_call_has_room_for_no_lane_and_for_255() {
    let policy = Policy::zero().lanes(255).unlimited_attempts().lane_attempts(2);
    let start = Instant::ZERO;
    let mut call = Call::with_lanes::<255>(&policy, &(), start, 1);
    for id in 1..=255 {
        assert!(
            matches!(call.poll(start), Action::Send(attempt) if attempt.id == id && u32::from(attempt.lane) == id - 1)
        );
    }
    for id in 1..=255 {
        call.handle(start, id, Verdict::retry());
    }
    for id in 256..=510 {
        assert!(matches!(call.poll(start), Action::Send(attempt) if attempt.id == id));
    }
    assert_eq!(call.state().retries(), 255);
    assert_eq!(call.state().hedges(), 254);
    assert!(matches!(Call::with_lanes::<0>(&policy, &(), start, 1).poll(start), Action::GiveUp(_)));
    assert!(matches!(Call::with_lanes::<254>(&policy, &(), start, 1).poll(start), Action::GiveUp(_)));
}

#[test]
fn law_15_a_backoff_may_ask_for_whatever_it_likes() {
    for (delay, jitter) in
        [(Duration::MAX, Jitter::Full), (Duration::MAX, Jitter::fraction(1.0)), (Duration::ZERO, Jitter::Equal)]
    {
        let policy = Policy::new(|_: RetryContext| Some(delay)).jitter(jitter).deadline(ms(10)).unlimited_attempts();
        let mut call = Call::new(&policy, &(), Instant::from_nanos(u64::MAX - 5), 1);
        for id in 1..20 {
            let _ = call.poll(Instant::from_nanos(u64::MAX - 4));
            call.handle(Instant::from_nanos(u64::MAX - 4), id, Verdict::retry());
        }
    }
}

#[test]
fn law_15_a_thousand_retries_cost_no_more_than_one_each() {
    for policy in [
        Policy::zero(),
        Policy::linear(ms(1)),
        Policy::fibonacci(ms(1)),
        Policy::exponential(ms(1)).factor(1.000_001).no_cap(),
        Policy::decorrelated(ms(1)),
    ] {
        let policy = policy.unlimited_attempts().deadline(Duration::MAX);
        assert_eq!(policy.delays(1).take(1000).count(), 1000);
    }
}

/// Holds, refuses and lets pass in turns, and counts without a lock and without an allocation.
struct Turns(core::cell::Cell<u32>);

impl Turns {
    fn next(&self) -> u32 {
        self.0.set(self.0.get().wrapping_add(1));
        self.0.get()
    }
}

impl Gate for Turns {
    fn reserve(&self, _: Instant, _: &Cause) -> Result<(), Refusal> {
        if self.next() % 7 == 0 { Err(Refusal::new(&"turn")) } else { Ok(()) }
    }

    fn admit(&self, now: Instant, _: &Cause) -> Admission {
        match self.next() % 5 {
            0 => Admission::NotBefore(Instant::from_nanos(now.as_nanos() + 1_000_000)),
            _ => Admission::Yes,
        }
    }
}

/// A call that goes through everything: races, hedges, timeouts, hints, holds, a suspension.
fn busy_call(policy: &Policy, seed: u64) -> u32 {
    let gates = (Turns(core::cell::Cell::new(seed as u32)), (), &Turns(core::cell::Cell::new(3)));
    let mut now = Instant::ZERO;
    let mut call = Call::with_lanes::<4>(policy, &gates, now, seed).repeat(Repeat::Always);
    for turn in 0..200_u64 {
        match call.poll(now) {
            Action::Send(attempt) if (attempt.id + turn as u32) % 3 != 0 => {
                let hint = Duration::from_micros(turn * 300);
                call.handle(now, attempt.id, Verdict::retry().after(hint));
            }
            Action::Send(_) | Action::Cancel { .. } => {}
            Action::Wait { until, .. } => now = until.unwrap_or(now),
            Action::Return(_) | Action::GiveUp(_) => break,
        }
        if turn % 50 == 49 {
            call = Call::try_resume(policy, &gates, now, call.suspend()).expect("it fits");
        }
    }
    call.cancel(now);
    call.state().attempts()
}

#[test]
fn law_15_the_machine_does_not_allocate() {
    let base = Policy::exponential(ms(5)).attempts(40).lanes(4).attempt_timeout(ms(60)).deadline(ms(2000));
    let policies = [base, base.hedge_after(ms(10)), base.hedge_after(ms(20)).hedge_on_failure(true)];
    let mut sends = 0;
    let allocations = allocation_counter::measure(|| {
        for policy in &policies {
            for seed in 0..20 {
                sends += busy_call(policy, seed);
            }
        }
    });
    assert!(sends > 300, "{sends} sends are few");
    assert_eq!(allocations.count_total, 0);
    let counted = allocation_counter::measure(|| drop(std::hint::black_box(Box::new(sends))));
    assert_eq!(counted.count_total, 1, "the counter counts");
}

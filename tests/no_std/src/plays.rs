//! Three calls in virtual time. Each play gives `None` at the first action that is not the expected one.

use core::hint::black_box;
use core::time::Duration;

use insist_core::{
    Action, Attempt, Call, CancelReason, Handled, Instant, Jitter, Kind, Played, Policy, Reason, State, Verdict,
    WaitReason,
};

const HEDGED: Policy = Policy::constant(Duration::from_millis(100)).lanes(2).hedge_after(Duration::from_millis(50));
const RETRIED: Policy = Policy::exponential(Duration::from_millis(100)).jitter(Jitter::Full).attempts(3);

/// An instant that the optimiser does not know, or it would play the call while it compiles.
fn at(millis: u64) -> Instant {
    Instant::from_nanos(black_box(millis) * 1_000_000)
}

fn check(holds: bool) -> Option<()> {
    holds.then_some(())
}

/// Actions are matched and not compared: comparing what gates say takes a function of the C library.
fn waits(action: Action, expected: Option<Instant>, why: WaitReason) -> bool {
    matches!(action, Action::Wait { until, reason } if until == expected && reason == why)
}

/// The first attempt is slow, a hedge is sent beside it and wins, the first is cancelled.
pub(crate) fn hedged() -> Option<()> {
    let policy = black_box(&HEDGED);
    let mut call = Call::with_lanes::<2>(policy, &(), at(0), 7);

    let Action::Send(first) = call.poll(at(0)) else { return None };
    check((first.id, first.lane, first.retry, first.kind) == (1, 0, 0, Kind::First))?;
    check(waits(call.poll(at(0)), Some(at(50)), WaitReason::Hedge))?;

    let Action::Send(second) = call.poll(at(50)) else { return None };
    check((second.id, second.lane, second.retry, second.kind) == (2, 1, 0, Kind::Hedge))?;
    check(waits(call.poll(at(50)), None, WaitReason::Outcome))?;

    check(call.handle(at(68), 2, Verdict::Accept) == Handled::Over)?;
    check(matches!(call.poll(at(68)), Action::Cancel { attempt: 1, reason: CancelReason::Lost }))?;
    check(matches!(call.poll(at(68)), Action::Return(2)))?;
    check(call.handle(at(90), 1, Verdict::Accept) == Handled::Late)?;
    check(matches!(call.poll(at(90)), Action::Return(2)))?;
    let state = call.state();
    check((state.attempts(), state.retries(), state.hedges()) == (2, 0, 1))
}

/// Two failures, each followed by a wait with full jitter, then success.
pub(crate) fn retried() -> Option<()> {
    let policy = black_box(&RETRIED);
    let mut now = at(0);
    let mut call = Call::new(policy, &(), now, 42);
    for (id, limit) in [(1, 100), (2, 200)] {
        now = fails(&mut call, now, id, limit)?;
    }
    let Action::Send(third) = call.poll(now) else { return None };
    check((third.id, third.lane, third.retry, third.kind) == (3, 0, 2, Kind::Retry))?;
    check(call.handle(now, 3, Verdict::Accept) == Handled::Over)?;
    check(matches!(call.poll(now), Action::Return(3)))?;
    let drawn = policy.delays(42).fold(Duration::ZERO, |sum, delay| sum + delay);
    check(Some(now) == at(0).checked_add(drawn))
}

/// Every attempt fails.
pub(crate) fn gives_up() -> Option<()> {
    let policy = black_box(&RETRIED);
    let mut now = at(0);
    let mut call = Call::new(policy, &(), now, 42);
    for (id, limit) in [(1, 100), (2, 200)] {
        now = fails(&mut call, now, id, limit)?;
    }
    let Action::Send(third) = call.poll(now) else { return None };
    check(call.handle(now, third.id, Verdict::retry()) == Handled::Over)?;
    let Action::GiveUp(stop) = call.poll(now) else { return None };
    check((stop.reason(), stop.last(), stop.hint()) == (Reason::Attempts, Some(3), None))
}

/// A whole call from a function, in virtual time.
pub(crate) fn played() -> Option<()> {
    let mut call = Call::new(black_box(&RETRIED), &(), at(0), 42);
    let mut sends = 0;
    let outcome = |attempt: Attempt, _| {
        let verdict = if attempt.id < 3 { Verdict::retry() } else { Verdict::Accept };
        Some((Duration::from_millis(20), verdict))
    };
    let played = call.play(outcome, |_, action| sends += u32::from(matches!(action, Action::Send(_))));
    check(sends == 3)?;
    check(matches!(played, Played::Ended(Action::Return(3))))
}

/// A state is written as bytes, and goes on when it is read.
pub(crate) fn kept() -> Option<()> {
    let policy = black_box(&RETRIED);
    let mut call = Call::new(policy, &(), at(0), 42);
    let due = fails(&mut call, at(0), 1, 100)?;
    let mut buffer = [0; State::<1>::BYTES];
    let stored = call.suspend();
    let state = State::decode(stored.encode(&mut buffer).ok()?).ok()?;
    let mut call: Call<_, _, 1> = Call::try_resume(policy, &(), at(0), state).ok()?;
    let Action::Send(second) = call.poll(due) else { return None };
    check(second.id == 2)
}

/// This attempt is sent and fails, and the wait after it is in the future and at most `limit` milliseconds long.
fn fails(call: &mut Call<&insist_core::Policy, &()>, now: Instant, id: u32, limit: u64) -> Option<Instant> {
    let Action::Send(attempt) = call.poll(now) else { return None };
    check((attempt.id, attempt.retry) == (id, id - 1))?;
    let Handled::Retry { due } = call.handle(now, id, Verdict::retry()) else { return None };
    let Action::Wait { until: Some(until), reason: WaitReason::Backoff } = call.poll(now) else { return None };
    check(until == due)?;
    check(now < until && until.saturating_since(now) <= Duration::from_millis(limit))?;
    Some(until)
}

//! The breaker around whole calls, under threads, and drawn as text.
//!
//! `INSIST_BLESS=1 cargo test -p insist-tests --test gates` writes the text anew: read every line that changes.

use std::cell::Cell;
use std::fmt::Write;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use insist_core::{
    Action, Admission, AttemptEnd, Breaker, BreakerState, Budget, Cause, Gate, Instant, Jitter, Kind, Policy, Reason,
    Repeat, Script, Settled, Verdict, play_with,
};
use insist_tests::expected::first_word;
use insist_tests::random;
use insist_tests::words::{
    FAILURE, SUCCESS, assert_as_written, at, attempt, ends, failing, is_admitted, is_closed, is_open, ms, opened,
    sends, touchy,
};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

const POLICY: Policy = Policy::constant(ms(100)).jitter(Jitter::None).attempts(5);

#[test]
fn a_call_stops_when_the_breaker_opens() {
    let breaker = Breaker::new(1.0).min_throughput(2).open_for(ms(1000));
    let timeline = play_with(&POLICY, &breaker, Repeat::Always, Instant::ZERO, 1, &failing(5, ms(10)));
    assert_eq!(
        timeline.to_string(),
        "0ns: send attempt 1 (first in lane 0)\n\
         0ns: wait for an outcome\n\
         10ms: wait until 110ms (backoff)\n\
         110ms: send attempt 2 (retry in lane 0)\n\
         110ms: wait for an outcome\n\
         120ms: wait until 220ms (backoff)\n\
         220ms: give up: a gate refused another attempt (breaker is open)\n",
    );
    assert_eq!(breaker.state(at(220)).to_string(), "open until 1.12s");
}

#[test]
fn a_call_waits_for_a_breaker_that_is_waiting() {
    let breaker = Breaker::new(1.0).min_throughput(2).open_for(ms(1000)).waiting();
    let script = failing(5, ms(10)).outcome(3, ms(10), Verdict::Accept);
    let timeline = play_with(&POLICY, &breaker, Repeat::Always, Instant::ZERO, 1, &script);
    assert!(timeline.to_string().ends_with(
        "220ms: wait until 1.12s (gate)\n\
         1.12s: send attempt 3 (retry in lane 0)\n\
         1.12s: wait for an outcome\n\
         1.13s: return attempt 3\n"
    ));
    assert_eq!(breaker.state(at(1130)).to_string(), "closed: 0 of 0 failed, ratio 0.000");
}

/// With both gates, a retry that the breaker refuses costs the budget nothing.
#[test]
fn what_the_breaker_refuses_is_refunded_by_the_budget() {
    let budget = Budget::new(1.0);
    let breaker = Breaker::new(1.0).min_throughput(2);
    let _ = play_with(&POLICY, &(&budget, &breaker), Repeat::Always, Instant::ZERO, 1, &failing(5, ms(10)));
    assert_eq!(budget.state(at(220)).charged, 1, "attempt 2 was sent, attempt 3 was not");
}

/// Law 12 with real gates: whatever a call does, what it sent is charged and counted once, and nothing is left open.
#[test]
fn random_calls_leave_nothing_open() {
    let outcome = (0..400_u64, random::verdict());
    let plans = (random::policy(), 1..8_u32, any::<u64>(), proptest::collection::vec(outcome, 0..10), 1..4_u32);
    let mut runner = TestRunner::new(random::config(310, 3000));
    let refused = Cell::new(0);
    let result = runner.run(&plans, |(policy, attempts, seed, outcomes, throughput)| {
        let budget = Budget::new(1.0).with_reserve(2).window(Duration::MAX);
        let breaker = Breaker::new(0.6).min_throughput(throughput).open_for(ms(150)).probes(2, 1);
        let script = (1..)
            .zip(outcomes)
            .fold(Script::new(), |script, (id, (millis, verdict))| script.outcome(id, ms(millis), verdict));
        let timeline =
            play_with(&policy.attempts(attempts), &(&budget, &breaker), Repeat::Always, Instant::ZERO, seed, &script);
        let (mut firsts, mut charged) = (0, 0);
        for step in &timeline.steps {
            match step.action {
                Action::Send(attempt) if attempt.kind == Kind::First => firsts += 1,
                Action::Send(_) => charged += 1,
                Action::GiveUp(stop) if stop.reason() == Reason::Refused => refused.set(refused.get() + 1),
                _ => {}
            }
        }
        let last = timeline.steps.last().map_or(at(0), |step| step.at);
        let state = budget.state(last);
        prop_assert_eq!((state.firsts, state.charged), (firsts, charged), "{}", timeline);
        if let BreakerState::HalfOpen { probes, .. } = breaker.state(last) {
            prop_assert_eq!(probes, 0, "{}", timeline);
        }
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    assert!(refused.get() > 100, "only {refused:?} calls met a refusal");
}

/// Returns what a server does from second to second.
fn is_well(second: u64) -> bool {
    !(10..22).contains(&second) && !(40..45).contains(&second)
}

const fn letter(state: BreakerState) -> char {
    match state {
        BreakerState::Closed { .. } => '_',
        BreakerState::Open { .. } => '#',
        _ => '?',
    }
}

/// One call a quarter of a second, each of at most two attempts.
#[test]
fn a_server_that_fails_recovers_and_fails() {
    let policy = Policy::constant(ms(20)).jitter(Jitter::None).attempts(2);
    let breaker = Breaker::new(0.5).window(Duration::from_secs(5)).open_for(Duration::from_secs(4)).probes(2, 2);
    let mut text = String::from(
        "Four calls a second, each of at most two attempts. The breaker opens at a ratio of 0.5 of at least 20\n\
         attempts in 5 s, for 4 s; then two probes have to succeed. Closed _, open #, half-open ?.\n\n\
         second  server  breaker  sent  what the breaker says at the end of the second\n",
    );
    for second in 0..60 {
        let (mut line, mut sent) = (String::new(), 0);
        for quarter in 0..4 {
            let start = second * 1000 + quarter * 250;
            let verdict = if is_well(second) { Verdict::Accept } else { Verdict::retry() };
            let script = Script::new().outcome(1, ms(30), verdict).outcome(2, ms(30), verdict);
            let timeline = play_with(&policy, &breaker, Repeat::Always, at(start), 1, &script);
            sent += sends(&timeline).len();
            line.push(letter(breaker.state(at(start + 249))));
        }
        let server = if is_well(second) { "well" } else { "fails" };
        let state = breaker.state(at(second * 1000 + 999));
        writeln!(text, "{second:>6}  {server:<6}  {line:<7}  {sent:>4}  {state}").expect("a string takes anything");
    }
    assert_as_written(&text, "gates/breaker.txt");
}

const THREADS: u64 = 4;

fn together(work: impl Fn(u64) + Sync) {
    let barrier = Barrier::new(THREADS as usize);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (work, barrier) = (&work, &barrier);
            scope.spawn(move || {
                barrier.wait();
                work(thread);
            });
        }
    });
}

#[test]
fn reports_are_counted_once_each() {
    let breaker = Breaker::new(1.0).min_throughput(u32::MAX).window(Duration::from_secs(10));
    together(|thread| {
        for step in 0..2000 {
            attempt(&breaker, at(step), if thread == 0 { FAILURE } else { SUCCESS });
        }
    });
    assert_eq!(breaker.state(at(2000)).to_string(), "closed: 2000 of 8000 failed, ratio 0.250");
}

#[test]
fn failures_of_many_threads_open_it() {
    let breaker = Breaker::new(1.0).min_throughput(400);
    together(|_| {
        for _ in 0..100 {
            attempt(&breaker, at(0), FAILURE);
        }
    });
    assert!(is_open(&breaker, at(0)));
}

#[test]
fn no_turn_has_more_probes_than_there_may_be() {
    const TURNS: usize = 60;
    for (probes, successes) in [(1, 1), (3, 2), (5, 5)] {
        let breaker = opened(touchy().probes(probes, successes));
        // Someone begins it, so that the turns are those of the clock.
        assert!(is_admitted(&breaker, at(1000)));
        let admitted: Vec<_> = (0..=TURNS).map(|_| AtomicU64::new(0)).collect();
        admitted[1].store(1, Ordering::SeqCst);
        together(|_| {
            for step in 0..TURNS * 50 {
                let now = 1000 + step as u64 * 20;
                if is_admitted(&breaker, at(now)) {
                    admitted[now as usize / 1000].fetch_add(1, Ordering::SeqCst);
                    // It is not to be decided, so it is cancelled or never reports.
                    if step % 3 == 0 {
                        admitted[now as usize / 1000].fetch_sub(1, Ordering::SeqCst);
                        ends(&breaker, at(now), at(now), AttemptEnd::Cancelled);
                    }
                }
            }
        });
        // A thread that lags behind is let through in the newest turn, so only their sum can be told.
        let all: u64 = admitted.iter().map(|admitted| admitted.load(Ordering::SeqCst)).sum();
        assert!(all <= TURNS as u64 * u64::from(probes), "{all} probes in all");
    }
}

/// Everything at once, and then one success closes it.
#[test]
fn it_always_comes_back() {
    let breaker = touchy().probes(2, 1).open_for(Duration::from_millis(5)).window(Duration::from_millis(50));
    together(|thread| {
        for step in 0..5000_u64 {
            let now = at(step);
            if is_admitted(&breaker, now) {
                match (step + thread) % 7 {
                    0..=2 => ends(&breaker, now, now, SUCCESS),
                    3 | 4 => ends(&breaker, now, now, FAILURE),
                    5 => ends(&breaker, now, now, AttemptEnd::Cancelled),
                    _ => {}
                }
            }
        }
    });
    let later = at(10_000);
    attempt(&breaker, later, SUCCESS);
    assert!(is_closed(&breaker, later), "{}", breaker.state(later));
}

/// Of 200 minutes with 100 attempts a second that fail with this probability, those in which the breaker opened.
fn minutes_that_open(failures: f64, min_throughput: u32) -> usize {
    let opens = |run: u32| {
        let breaker = Breaker::new(0.5).min_throughput(min_throughput);
        (0..6000).any(|number| {
            let now = at(u64::from(number) * 10);
            let draw = first_word(u64::from(run), 0, number) as f64 / 2_f64.powi(64);
            let end = if draw < failures { Verdict::retry().into() } else { AttemptEnd::Accept };
            if breaker.admit(now, &Cause::FIRST) != Admission::Yes {
                return true;
            }
            breaker.settle(now, &Cause::FIRST, &Settled::Ended(end, now));
            false
        })
    };
    (0..200).filter(|run| opens(*run)).count()
}

/// A ratio that few attempts make is often chance: the first second of a window holds 100 of them, and 20 suffice.
#[test]
fn a_small_minimum_opens_the_breaker_by_chance_and_a_larger_one_does_not() {
    for (failures, min_throughput, minutes) in
        [(0.3, 20, 9), (0.3, 100, 0), (0.4, 20, 70), (0.4, 100, 9), (0.4, 200, 2)]
    {
        assert_eq!(minutes_that_open(failures, min_throughput), minutes, "{failures} with {min_throughput}");
    }
}

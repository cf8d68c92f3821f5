//! Random plans for property tests: every backoff and limit, sensible and extreme, and drivers of every kind.

use core::time::Duration;

use insist_core::{AtEnd, HedgeAfter, Jitter, List, Policy, Repeat, Verdict};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, RngSeed};

use crate::gate::{Answer, Answers, Made};
use crate::plan::{Change, Move, Plan, Shift, TO_THE_DEADLINE};
use crate::world;

/// The same cases in every run, picked by a number. The environment variable `INSIST_CASES` multiplies how many there
/// are, and `INSIST_SEED` (a number too) picks others.
#[must_use]
pub fn config(number: u64, cases: u32) -> Config {
    Config {
        cases: many(cases),
        rng_algorithm: RngAlgorithm::ChaCha,
        rng_seed: RngSeed::Fixed((u64::from(set("INSIST_SEED").unwrap_or(0)) << 32) + number),
        failure_persistence: None,
        ..Config::default()
    }
}

/// As many as usual, or `INSIST_CASES` as many.
#[must_use]
pub fn many(usual: u32) -> u32 {
    usual.saturating_mul(set("INSIST_CASES").unwrap_or(1))
}

fn set(name: &str) -> Option<u32> {
    std::env::var(name).ok()?.parse().ok()
}

const MS: u64 = 1_000_000;

const MINUTE: u64 = 60_000 * MS;

/// As far apart as instants of one origin lie at most.
const YEARS_30: u64 = 30 * 365 * 24 * 60 * MINUTE;

/// Spans that matter: none, the least, a few that tests meet again and again, the most.
fn span() -> impl Strategy<Value = u64> {
    prop_oneof![
        16 => (0_u64..=40).prop_map(|tens| tens * 10 * MS),
        8 => 0..400 * MS,
        1 => 0_u64..=3,
        1 => Just(u64::MAX),
        1 => u64::MAX - 20..=u64::MAX,
    ]
}

fn duration() -> impl Strategy<Value = Duration> {
    span().prop_map(Duration::from_nanos)
}

fn positive() -> impl Strategy<Value = Duration> {
    span().prop_map(|nanos| Duration::from_nanos(nanos.max(1)))
}

fn shape() -> BoxedStrategy<Policy> {
    // Powers of these are exact in fixed point for as many retries as a plan can make.
    let factor = prop::sample::select(vec![0.5, 1.0, 1.5, 2.0, 3.0, 10.0, 1e18]);
    let at_end = prop_oneof![Just(AtEnd::Stop), Just(AtEnd::Repeat)];
    prop_oneof![
        2 => Just(Policy::zero()),
        1 => Just(Policy::stop()),
        3 => duration().prop_map(Policy::constant),
        2 => duration().prop_map(Policy::linear),
        4 => (duration(), factor).prop_map(|(base, factor)| Policy::exponential(base).factor(factor)),
        2 => duration().prop_map(Policy::fibonacci),
        3 => duration().prop_map(Policy::decorrelated),
        3 => (vec(duration(), 1..5), at_end).prop_map(|(delays, at_end)| Policy::list(List::new(&delays), at_end)),
    ]
    .boxed()
}

fn jitter() -> impl Strategy<Value = Jitter> {
    prop_oneof![
        2 => Just(Jitter::None),
        2 => Just(Jitter::Full),
        1 => Just(Jitter::Equal),
        2 => (0_u32..=1000).prop_map(|part| Jitter::fraction(f64::from(part) / 1000.0)),
        1 => prop::sample::select(vec![0.0, 1.0, 0.33, 0.5]).prop_map(Jitter::fraction),
    ]
}

/// Any policy, now and then an invalid one.
pub fn policy() -> BoxedStrategy<Policy> {
    let limits = (
        prop_oneof![20 => 1_u32..=8, 10 => 9_u32..=30, 1 => Just(0), 3 => Just(u32::MAX)],
        prop::option::weighted(0.3, prop_oneof![20 => 1_u32..=6, 1 => Just(0)]),
        prop_oneof![6 => Just(1_u8), 14 => 2_u8..=4, 4 => 5_u8..=8, 1 => prop::sample::select(vec![0, 9, 255])],
        prop_oneof![3 => Just(Duration::ZERO), 4 => Just(Duration::from_millis(50)), 2 => duration()],
        prop::bool::weighted(0.25),
    );
    let times = (
        prop::option::weighted(0.4, positive()),
        prop::option::weighted(0.4, prop_oneof![4 => (1_u64..9000).prop_map(Duration::from_millis), 1 => positive()]),
        prop::option::weighted(0.3, prop_oneof![4 => (0_u64..100).prop_map(Duration::from_millis), 1 => duration()]),
        prop_oneof![
            4 => Just(None),
            3 => (positive(), Just(false)).prop_map(Some),
            2 => (positive(), Just(true)).prop_map(Some),
        ],
        prop::option::weighted(0.4, duration()),
        prop::bool::weighted(0.15),
        prop::option::weighted(0.2, duration()),
    );
    let hints = (
        prop_oneof![3 => Just(0), 1 => 1_u8..5],
        prop_oneof![3 => Just(0.0), 1 => prop::sample::select(vec![0.125, 0.5, 1.0])],
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.3),
    );
    let policies = (shape(), jitter(), limits, times, hints).prop_map(|(policy, jitter, limits, times, hints)| {
        let (unsent_attempts, hint_spread, restarts, separate) = hints;
        let (attempts, lane_attempts, lanes, hedge_after, on_failure) = limits;
        let (attempt_timeout, deadline, floor, cap, hint_limit, ignores_hints, throttled_base) = times;
        let mut policy = policy.jitter(jitter).attempts(attempts).lanes(lanes);
        policy = policy.unsent_attempts(unsent_attempts).hint_spread(hint_spread);
        policy = policy.restart_after_hint(restarts).separate_targets(separate);
        policy = policy.hedge_after(hedge_after).hedge_on_failure(on_failure);
        if let Some(lane_attempts) = lane_attempts {
            policy = policy.lane_attempts(lane_attempts);
        }
        if let Some(base) = throttled_base {
            policy = policy.throttled_base(base);
        }
        if let Some(timeout) = attempt_timeout {
            policy = policy.attempt_timeout(timeout);
        }
        if let Some(deadline) = deadline {
            policy = policy.deadline(deadline);
        }
        match cap {
            Some((cap, true)) => policy = policy.cap_that_stops(cap),
            Some((cap, false)) => policy = policy.cap(cap),
            None => {}
        }
        if let Some(floor) = floor {
            // Mostly below the cap, so that few policies are invalid.
            let cap = policy.get_cap().unwrap_or(floor);
            policy = policy.floor(if attempts == 3 { floor } else { floor.min(cap) });
        }
        if let Some(limit) = hint_limit {
            policy = policy.hint_limit(limit);
        }
        if ignores_hints { policy.ignore_hints() } else { policy }
    });
    policies.boxed()
}

/// Any verdict, most of them failures.
pub fn verdict() -> impl Strategy<Value = Verdict> {
    let failure = prop_oneof![
        3 => Just(Verdict::retry()),
        2 => Just(Verdict::retry().unsent()),
        1 => Just(Verdict::retry().throttled()),
        1 => Just(Verdict::retry().unsent().throttled()),
    ];
    let failure = (failure, prop::option::weighted(0.2, duration()), 0_u8..8).prop_map(|(failure, hint, how)| {
        match (hint, how) {
            (None, _) => failure,
            (Some(_), 0) => failure.after(TO_THE_DEADLINE),
            (Some(hint), 1..=2) => failure.exactly_after(hint),
            (Some(hint), _) => failure.after(hint),
        }
    });
    prop_oneof![28 => failure, 2 => Just(Verdict::Accept), 1 => Just(Verdict::Stop)]
}

fn shift() -> impl Strategy<Value = Shift> {
    prop_oneof![
        4 => Just(Shift::Stay),
        8 => Just(Shift::Due),
        4 => (0_u64..=12).prop_map(|tens| Shift::By(tens * 10 * MS)),
        2 => (0..200 * MS).prop_map(Shift::By),
        1 => span().prop_map(Shift::Back),
        1 => Just(Shift::JustBefore),
        1 => Just(Shift::JustAfter),
    ]
}

/// Returns how long a call is put away: now and then for so long that its sends are overdue, or that no clock goes so
/// far.
fn absence() -> impl Strategy<Value = Shift> {
    prop_oneof![
        6 => shift(),
        3 => (0_u64..=120).prop_map(|tens| Shift::By(MINUTE + tens * 10 * MS)),
        2 => (0..180 * MINUTE).prop_map(Shift::By),
        1 => (YEARS_30 - 2..=YEARS_30 + 2).prop_map(Shift::By),
        1 => Just(Shift::ToTheEnd),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        3 => Just(Change::Hasten),
        6 => Just(Change::Revive),
        4 => span().prop_map(Change::DeadlineIn),
        1 => (0..180 * MINUTE).prop_map(Change::DeadlineIn),
        1 => Just(Change::NoDeadline),
    ]
}

/// Anything that a driver may do.
pub fn any_move() -> impl Strategy<Value = Move> {
    let id = prop_oneof![6 => 0_u32..=6, 1 => Just(u32::MAX)];
    prop_oneof![
        60 => shift().prop_map(Move::Drive),
        12 => shift().prop_map(Move::Poll),
        60 => (any::<u8>(), shift(), verdict()).prop_map(|(pick, shift, verdict)| Move::End(pick, shift, verdict)),
        14 => (any::<u8>(), shift()).prop_map(|(pick, shift)| Move::Withdraw(pick, shift)),
        4 => (id, verdict()).prop_map(|(id, verdict)| Move::Stray(id, verdict)),
        8 => absence().prop_map(Move::Suspend),
        8 => (absence(), change(), absence()).prop_map(|(before, change, after)| Move::Operate(before, change, after)),
        1 => Just(Move::Cancel),
        1 => Just(Move::Drop),
        1 => Just(Move::Poll(Shift::ToTheEnd)),
    ]
}

/// The answers of a gate that has something to say.
pub fn busy() -> impl Strategy<Value = Answers> {
    let admission = prop_oneof![
        16 => Just(Answer::Yes),
        4 => (1_u64..=30).prop_map(|tens| Answer::In(tens * 10 * MS)),
        1 => span().prop_map(Answer::In),
        1 => span().prop_map(Answer::At),
        1 => Just(Answer::No),
    ];
    (vec(prop::bool::weighted(0.9), 0..5), vec(admission, 0..7)).prop_map(|(reserve, admit)| Answers { reserve, admit })
}

/// Returns what a gate answers to `hedge_after`; most leave it to the policy.
pub fn hedging() -> impl Strategy<Value = Vec<HedgeAfter>> {
    let answer = prop_oneof![
        1 => Just(HedgeAfter::Policy),
        1 => Just(HedgeAfter::Never),
        4 => (0_u64..=30).prop_map(|tens| HedgeAfter::Delay(Duration::from_nanos(tens * 10 * MS))),
        1 => span().prop_map(|span| HedgeAfter::Delay(Duration::from_nanos(span))),
    ];
    prop_oneof![2 => Just(Vec::new()), 1 => vec(answer, 1..5)]
}

/// The answers of any gate, most of which let everything pass.
pub fn answers() -> impl Strategy<Value = Answers> {
    prop_oneof![2 => Just(Answers::default()), 1 => busy()]
}

/// Returns what may be repeated, mostly everything.
pub fn repeat() -> impl Strategy<Value = Repeat> {
    prop_oneof![12 => Just(Repeat::Always), 1 => Just(Repeat::IfUnsent), 1 => Just(Repeat::Never)]
}

/// Any start; what a call has room for, and whether its policy is cut to one lane; and how its gate is made.
pub fn frame() -> impl Strategy<Value = (u64, (usize, bool), Made)> {
    let start = prop_oneof![8 => Just(0), 8 => Just(1000 * MS), 1 => any::<u64>(), 1 => Just(u64::MAX)];
    let room = prop_oneof![16 => Just((world::ROOM, false)), 4 => Just((1, true)), 1 => Just((1, false))];
    let made = prop::sample::select(vec![Made::Alone, Made::Borrowed, Made::Pair, Made::Triple, Made::Nested]);
    (start, room, made)
}

/// Any plan.
pub fn plan() -> BoxedStrategy<Plan> {
    let gates = [answers(), answers(), answers()];
    (policy(), any::<u64>(), repeat(), frame(), gates, hedging(), vec(any_move(), 0..24), verdict())
        .prop_map(|(policy, seed, repeat, (start, (room, is_narrow), made), answers, hedge, moves, last)| Plan {
            policy: if is_narrow { policy.lanes(1) } else { policy },
            seed,
            repeat,
            start,
            room,
            made,
            answers,
            hedge,
            moves,
            last,
        })
        .boxed()
}

//! A few calls at once over the same gates: whatever their drivers do, everything is given back (law 12).

use std::time::Duration;

use insist_core::{
    Action, AimdLimit, Call, Gate, GradientLimit, Handled, Instant, Latencies, Pause, Policy, RateLimit, RetryQuota,
    RetryShare,
};

use super::super::ledger::Ledger;
use super::super::plan::Words;
use crate::world::ROOM;

/// As many calls at once.
const CALLS: usize = 3;

struct Driven<'a, G: Gate> {
    call: Call<&'a Policy, &'a Ledger<G>, ROOM>,
    in_flight: Vec<u32>,
    until: Option<Instant>,
}

/// Those that have no place in the tuple of budget, breaker and bulkhead.
pub(super) fn over_the_others(words: &mut Words<'_>) {
    const MS: Duration = Duration::from_millis(1);
    let rate = RateLimit::new(20, 1000 * MS).waiting(100 * MS);
    let (pause, quota, latencies) = (Pause::new(), RetryQuota::new(100), Latencies::new());
    let share = RetryShare::new(0.5).at_least(2);
    let aimd = AimdLimit::new(1, 5).waiting(10 * MS);
    let gradient = GradientLimit::new(2, 5).measuring(100 * MS, 2);
    run(words, &((&pause, &quota, &rate), (&share, &aimd, &latencies, &gradient)));
    assert_eq!(aimd.state().in_flight, 0, "an attempt was never settled");
    assert_eq!(gradient.state().in_flight, 0, "an attempt was never settled");
    assert_eq!(share.state().in_flight, 0, "an attempt was never settled");
    assert_eq!(share.state().retries, 0, "a retry was never settled or refunded");
}

/// Drives calls over the gate as the bytes say, and drops them wherever they are.
pub(super) fn run<G: Gate>(words: &mut Words<'_>, gate: &G) {
    let gate = Ledger::new(gate);
    let policies = [words.policy(), words.policy()];
    let mut calls: [Option<Driven<'_, &G>>; CALLS] = [const { None }; CALLS];
    let mut now = 0_u64;
    while !words.is_empty() {
        let place = usize::from(words.below(CALLS as u8));
        let at = Instant::from_nanos(now);
        let Some(driven) = &mut calls[place] else {
            let (policy, seed, repeat) = (&policies[usize::from(words.below(2))], words.number(), words.repeat());
            let call = Call::with_lanes::<ROOM>(policy, &gate, at, seed).repeat(repeat);
            calls[place] = Some(Driven { call, in_flight: Vec::new(), until: None });
            continue;
        };
        match words.below(16) {
            0..=6 => driven.poll(at, &gate),
            7..=10 => {
                let pick = usize::from(words.byte()) % driven.in_flight.len().max(1);
                if let Some(id) = driven.in_flight.get(pick).copied() {
                    // One that comes too late is still to be cancelled.
                    if driven.call.handle(at, id, words.verdict()) != Handled::Late {
                        driven.in_flight.swap_remove(pick);
                    }
                }
            }
            11 => now = now.max(driven.until.map_or(now, Instant::as_nanos)),
            12 => now = now.saturating_add(words.span()),
            13 => driven.call.cancel(at),
            14 => {
                let Driven { call, .. } = calls[place].take().expect("it is there");
                let (policy, state) = (*call.policy(), call.suspend());
                let call = Call::try_resume(policy, &gate, at, state);
                // An instant more than 30 years on is none of this origin, and then the call is lost.
                let Ok(call) = call else { continue };
                calls[place] = Some(Driven { call, in_flight: Vec::new(), until: None });
            }
            _ => calls[place] = None,
        }
        let in_flight: usize = calls.iter().flatten().map(|driven| driven.in_flight.len()).sum();
        assert_eq!(gate.in_flight(), in_flight, "law 12");
    }
    drop(calls);
    assert!(gate.is_even(), "law 12: something was not given back");
}

impl<G: Gate> Driven<'_, G> {
    fn poll(&mut self, now: Instant, gate: &Ledger<G>) {
        match self.call.poll(now) {
            Action::Send(attempt) => {
                gate.sent(attempt.kind);
                self.in_flight.push(attempt.id);
            }
            Action::Cancel { attempt, .. } => self.in_flight.retain(|other| *other != attempt),
            Action::Wait { until, .. } => self.until = until,
            Action::Return(_) | Action::GiveUp(_) => {
                assert!(self.in_flight.is_empty(), "law 4: {:?} are left running", self.in_flight);
            }
        }
    }
}

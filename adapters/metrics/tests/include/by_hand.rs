//! A driver as a user would write one, in virtual time: no more than the core and a hook.

#![allow(dead_code, reason = "each program has use for some of it")]

use std::time::Duration;

use insist_core::{Action, Attempt, Call, Decision, Event, Gate, Hook, Instant, Judged, Policy, Verdict, Withdrawn};

pub(crate) type Told<'a> = Event<'a, u32, &'static str>;

/// The first send of a call.
pub(crate) const SEND: Action = Action::Send(Attempt::FIRST);

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) const fn at(millis: u64) -> Instant {
    Instant::from_nanos(millis * 1_000_000)
}

/// Says what comes of an attempt.
#[derive(Clone, Copy)]
pub(crate) enum End {
    /// It ends so after a time.
    After(Duration, Verdict),
    /// It never ends by itself.
    Never,
    /// It waits until then, and is taken back.
    Withdrawn(Duration),
}

/// Makes a call of one lane whose attempts take no time.
pub(crate) fn drive(
    policy: Policy,
    gate: impl Gate,
    hook: impl Hook<u32, &'static str>,
    verdict: impl Fn(u32) -> Verdict,
) {
    run(Call::new(policy, gate, at(0), 7), hook, |attempt| End::After(ms(0), verdict(attempt.id)), None);
}

/// Makes a call whose attempts end as a function says, in virtual time; it may be cancelled at an instant.
pub(crate) fn run<G: Gate, const LANES: usize>(
    call: Call<Policy, G, LANES>,
    mut hook: impl Hook<u32, &'static str>,
    end: impl Fn(Attempt) -> End,
    cancelled: Option<Instant>,
) {
    let mut call = call;
    let mut now = at(0);
    // No list that grows, so that what a hook allocates can be counted.
    let mut in_flight: [Option<(u32, Instant, End)>; LANES] = [None; LANES];
    loop {
        if cancelled.is_some_and(|cancelled| cancelled <= now) {
            call.cancel(now);
        }
        let action = call.poll(now);
        hook.on_event(&Told::new(at(0), now, Decision::Action(action)));
        match action {
            Action::Send(attempt) => {
                let end = end(attempt);
                let due = match end {
                    End::After(span, _) | End::Withdrawn(span) => now.checked_add(span).unwrap(),
                    End::Never => Instant::from_nanos(u64::MAX),
                };
                in_flight[usize::from(attempt.lane)] = Some((attempt.id, due, end));
            }
            Action::Cancel { attempt, .. } => {
                in_flight = in_flight.map(|flight| flight.filter(|(id, ..)| *id != attempt));
            }
            Action::Wait { until, .. } => {
                let next = in_flight.iter().flatten().map(|(_, due, _)| *due).min();
                now = [until, next, cancelled].into_iter().flatten().min().unwrap();
            }
            Action::Return(_) | Action::GiveUp(_) => return,
        }
        for flight in &mut in_flight {
            if call.is_over() {
                break;
            }
            let Some((id, _, end)) = flight.take_if(|(_, due, _)| *due <= now) else { continue };
            let decision = match end {
                End::After(_, verdict) => {
                    Decision::Judged(Judged::new(id, Some(&Err("busy")), verdict, call.handle(now, id, verdict)))
                }
                End::Never | End::Withdrawn(_) => Decision::Withdrawn(Withdrawn::new(id, call.withdraw(now, id))),
            };
            hook.on_event(&Told::new(at(0), now, decision));
        }
    }
}

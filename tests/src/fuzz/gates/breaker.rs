//! The breaker a second time, as its documentation has it: a phase, and what was counted in it.

use insist_core::{Admission, AttemptEnd, BreakerState, Instant, Refusal};

/// A phase has room for 146 years.
const LAST: u64 = (1 << 62) - 1;

/// After so many open times without an end, it becomes half-open anew.
const TURNS: u64 = 254;

#[derive(Clone, Debug)]
enum Phase {
    /// The slot and whether it failed, for each attempt that ended.
    Closed {
        since: u64,
        newest: u64,
        ended: Vec<(u64, bool)>,
    },
    Open {
        until: u64,
    },
    HalfOpen {
        since: u64,
        turn: u64,
        admitted: u8,
        succeeded: u8,
        failed: u8,
    },
}

#[derive(Debug)]
pub(super) struct Breaker {
    pub(super) thousandths: u64,
    pub(super) throughput: u32,
    pub(super) window: u64,
    pub(super) open_for: u64,
    pub(super) probes: u8,
    pub(super) successes: u8,
    pub(super) waits: bool,
    phase: Phase,
}

impl Breaker {
    /// As one that opens for a thousandth, which the fields then change.
    pub(super) const fn new() -> Self {
        let phase = Phase::Closed { since: 0, newest: 0, ended: Vec::new() };
        Self { thousandths: 1, throughput: 1, window: 1, open_for: 1, probes: 1, successes: 1, waits: false, phase }
    }

    pub(super) fn admit(&mut self, now: u64) -> Admission {
        let now = now.min(LAST);
        match self.phase {
            Phase::Closed { .. } => Admission::Yes,
            Phase::Open { until } if now < until => self.refuse(until, &"breaker is open"),
            Phase::Open { .. } => self.probe_first(now),
            Phase::HalfOpen { since, .. } if now < since => self.refuse(since, BUSY),
            Phase::HalfOpen { since, .. } if (now - since) / self.open_for > TURNS => self.probe_first(now),
            Phase::HalfOpen { since, .. } => {
                let (turn, admitted, succeeded, failed) = self.probes_at(now);
                if admitted >= self.probes {
                    return self.refuse(since.saturating_add(self.open_for.saturating_mul(turn + 1)), BUSY);
                }
                self.phase = Phase::HalfOpen { since, turn, admitted: admitted + 1, succeeded, failed };
                Admission::Yes
            }
        }
    }

    fn probe_first(&mut self, now: u64) -> Admission {
        self.phase = Phase::HalfOpen { since: now, turn: 0, admitted: 1, succeeded: 0, failed: 0 };
        Admission::Yes
    }

    const fn refuse(&self, until: u64, why: &'static &'static str) -> Admission {
        if self.waits { Admission::NotBefore(Instant::from_nanos(until)) } else { Admission::No(Refusal::new(why)) }
    }

    /// The turn, and its probes: in a later turn, those that have not reported are given up.
    fn probes_at(&self, now: u64) -> (u64, u8, u8, u8) {
        let Phase::HalfOpen { since, turn, admitted, succeeded, failed } = self.phase else { return (0, 0, 0, 0) };
        let later = now.saturating_sub(since) / self.open_for;
        if later > turn && later <= TURNS {
            (later, succeeded + failed, succeeded, failed)
        } else {
            (turn, admitted, succeeded, failed)
        }
    }

    pub(super) fn unsend(&mut self, now: u64) {
        self.give_back(now.min(LAST));
    }

    pub(super) fn end(&mut self, now: u64, end: AttemptEnd, sent: u64) {
        let sent = sent.min(LAST);
        match end {
            AttemptEnd::Retry(_) | AttemptEnd::Timeout => self.report(now.min(LAST), sent, true),
            AttemptEnd::Accept | AttemptEnd::Stop => self.report(now.min(LAST), sent, false),
            // Lost, at the deadline or by the user: it says nothing.
            _ => self.give_back(sent),
        }
    }

    /// A probe that says nothing makes room for another in its turn.
    fn give_back(&mut self, sent: u64) {
        if let Phase::HalfOpen { since, turn, admitted, succeeded, failed } = &mut self.phase {
            let is_out = *admitted > succeeded.saturating_add(*failed);
            if *since <= sent && is_out && (sent - *since) / self.open_for >= *turn {
                *admitted -= 1;
            }
        }
    }

    /// What was sent in another phase says nothing.
    fn report(&mut self, now: u64, sent: u64, is_failure: bool) {
        let until = now.saturating_add(self.open_for).min(LAST);
        let slot = self.window.div_ceil(10);
        match &mut self.phase {
            Phase::Closed { since, newest, ended } if *since <= sent => {
                *newest = (*newest).max((now - *since) / slot);
                ended.push((*newest, is_failure));
                let (attempts, failures) = in_window(ended, *newest);
                let is_too_much = failures * 1000 >= self.thousandths * attempts;
                if is_failure && attempts >= u64::from(self.throughput) && is_too_much {
                    self.phase = Phase::Open { until };
                }
            }
            Phase::HalfOpen { since, succeeded, failed, .. } if *since <= sent => {
                let count = if is_failure { &mut *failed } else { &mut *succeeded };
                *count = count.saturating_add(1);
                if *succeeded >= self.successes {
                    self.phase = Phase::Closed { since: now, newest: 0, ended: Vec::new() };
                } else if *failed > self.probes - self.successes {
                    self.phase = Phase::Open { until };
                }
            }
            _ => {}
        }
    }

    pub(super) fn state(&self, now: u64) -> State {
        let now = now.min(LAST);
        match &self.phase {
            Phase::Closed { since, newest, ended } => {
                let newest = (*newest).max(now.saturating_sub(*since) / self.window.div_ceil(10));
                let (attempts, failures) = in_window(ended, newest);
                State::Closed(attempts, failures)
            }
            Phase::Open { until } if now < *until => State::Open(*until),
            Phase::Open { .. } => State::HalfOpen(0, 0, 0),
            Phase::HalfOpen { .. } => {
                let (_, admitted, succeeded, failed) = self.probes_at(now);
                State::HalfOpen(admitted.saturating_sub(succeeded).saturating_sub(failed), succeeded, failed)
            }
        }
    }
}

/// What a breaker says of itself, to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Attempts and failures.
    Closed(u64, u64),
    /// Until when.
    Open(u64),
    /// Probes in flight, successes and failures.
    HalfOpen(u8, u8, u8),
}

impl From<BreakerState> for State {
    fn from(state: BreakerState) -> Self {
        match state {
            BreakerState::Closed { attempts, failures, .. } => Self::Closed(attempts, failures),
            BreakerState::Open { until } => Self::Open(until.as_nanos()),
            BreakerState::HalfOpen { probes, successes, failures } => Self::HalfOpen(probes, successes, failures),
            other => panic!("{other} is new here"),
        }
    }
}

/// How many ended in the ten slots up to this one, and how many of them failed.
fn in_window(ended: &[(u64, bool)], newest: u64) -> (u64, u64) {
    let inside = || ended.iter().filter(|(slot, _)| slot + 10 > newest);
    (inside().count() as u64, inside().filter(|(_, failed)| *failed).count() as u64)
}

const BUSY: &&str = &"breaker is half-open and its probes are out";

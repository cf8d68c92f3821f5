//! The breaker a second time, as its documentation has it: a phase, and what was counted in it.

use insist_core::{Admission, AttemptEnd, BreakerState, Instant, Refusal};

/// A phase has room for 146 years.
const LAST: u64 = (1 << 62) - 1;

/// After so many open times without an end, it becomes half-open anew.
const TURNS: u64 = 254;

#[derive(Clone, Debug)]
enum Phase {
    /// Each attempt that ended.
    Closed {
        since: u64,
        newest: u64,
        ended: Vec<Ended>,
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

/// Its slot, and how it was.
#[derive(Clone, Copy, Debug)]
struct Ended {
    slot: u64,
    failed: bool,
    slow: bool,
}

/// Says what makes it open.
#[derive(Clone, Copy, Debug)]
pub(super) enum Limit {
    /// So many thousandths of the attempts.
    Share(u64),
    /// So many of them.
    Number(u32),
}

/// Says which attempts it looks at.
#[derive(Clone, Copy, Debug)]
pub(super) enum Window {
    /// Those of so long, in nanoseconds.
    Time(u64),
    /// So many.
    Last(u32),
}

#[derive(Debug)]
pub(super) struct Breaker {
    pub(super) limit: Limit,
    pub(super) min: Option<u32>,
    pub(super) window: Window,
    /// After how many nanoseconds an attempt is slow, and the thousandths of them that open it.
    pub(super) slow: Option<(u64, u64)>,
    /// Hundredths of a standard error, 0 for none.
    pub(super) sigmas: u64,
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
        let (limit, window) = (Limit::Share(1), Window::Time(1));
        let open_for = 1;
        Self { limit, min: None, window, slow: None, sigmas: 0, open_for, probes: 1, successes: 1, waits: false, phase }
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
        let slow = self.slow.is_some_and(|(after, _)| now.saturating_sub(sent) > after);
        let sent = sent.min(LAST);
        match end {
            AttemptEnd::Retry(_) | AttemptEnd::Timeout => self.report(now.min(LAST), sent, true, slow),
            AttemptEnd::Accept | AttemptEnd::Stop => self.report(now.min(LAST), sent, false, slow),
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

    /// Ignores what was sent in another phase.
    fn report(&mut self, now: u64, sent: u64, failed: bool, slow: bool) {
        let until = now.saturating_add(self.open_for).min(LAST);
        let length = self.slot();
        match &mut self.phase {
            Phase::Closed { since, newest, ended } if *since <= sent => {
                *newest = (*newest).max(now.saturating_sub(*since) / length);
                ended.push(Ended { slot: *newest, failed, slow });
                let (newest, ended) = (*newest, ended.clone());
                let (attempts, failures, slow_ones) = self.in_window(&ended, newest);
                let by_failures = match self.limit {
                    Limit::Share(thousandths) => self.is_share(failures, attempts, thousandths),
                    Limit::Number(number) => failures >= u64::from(number) && attempts >= self.min.unwrap_or(0).into(),
                };
                let by_slow = self.slow.is_some_and(|(_, share)| self.is_share(slow_ones, attempts, share));
                if failed && by_failures || slow && by_slow {
                    self.phase = Phase::Open { until };
                }
            }
            Phase::HalfOpen { since, succeeded, failed: failures, .. } if *since <= sent => {
                let count = if failed || slow { &mut *failures } else { &mut *succeeded };
                *count = count.saturating_add(1);
                if *succeeded >= self.successes {
                    self.phase = Phase::Closed { since: now, newest: 0, ended: Vec::new() };
                } else if *failures > self.probes - self.successes {
                    self.phase = Phase::Open { until };
                }
            }
            _ => {}
        }
    }

    /// At least the share, and so many standard errors above it: n r (1 - r) is the variance of how many there are.
    fn is_share(&self, part: u64, attempts: u64, thousandths: u64) -> bool {
        let least = match (self.min, self.window) {
            (Some(min), _) => u64::from(min),
            (None, Window::Last(last)) => u64::from(last.min(20)),
            (None, Window::Time(_)) => 20,
        };
        let above = i128::from(part) * 1000 - i128::from(attempts * thousandths);
        let variance = i128::from(attempts * thousandths * (1000 - thousandths));
        attempts >= least && above >= 0 && above.pow(2) * 10_000 >= i128::from(self.sigmas).pow(2) * variance
    }

    /// The length of a slot. The last attempts all lie in one.
    const fn slot(&self) -> u64 {
        match self.window {
            Window::Time(window) => window.div_ceil(10),
            Window::Last(_) => u64::MAX,
        }
    }

    /// Returns how many ended in the ten slots up to this one, or last; how many of them failed, and were slow.
    fn in_window(&self, ended: &[Ended], newest: u64) -> (u64, u64, u64) {
        let most = match self.window {
            Window::Time(_) => ended.len(),
            Window::Last(last) => last as usize,
        };
        let inside = || ended.iter().rev().take(most).filter(|one| one.slot + 10 > newest);
        let failures = inside().filter(|one| one.failed).count() as u64;
        (inside().count() as u64, failures, inside().filter(|one| one.slow).count() as u64)
    }

    pub(super) fn state(&self, now: u64) -> State {
        let now = now.min(LAST);
        match &self.phase {
            Phase::Closed { since, newest, ended } => {
                let newest = (*newest).max(now.saturating_sub(*since) / self.slot());
                let (attempts, failures, slow) = self.in_window(ended, newest);
                State::Closed(attempts, failures, slow)
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

/// Says what a breaker says of itself, to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Attempts, failures and slow ones.
    Closed(u64, u64, u64),
    /// Until when.
    Open(u64),
    /// Probes in flight, successes and failures.
    HalfOpen(u8, u8, u8),
}

impl From<BreakerState> for State {
    fn from(state: BreakerState) -> Self {
        match state {
            BreakerState::Closed { attempts, failures, slow, .. } => Self::Closed(attempts, failures, slow),
            BreakerState::Open { until } => Self::Open(until.as_nanos()),
            BreakerState::HalfOpen { probes, successes, failures } => Self::HalfOpen(probes, successes, failures),
            other => panic!("{other} is new here"),
        }
    }
}

const BUSY: &&str = &"breaker is half-open and its probes are out";

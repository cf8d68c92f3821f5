//! What a breaker answers, and what it makes of the reports.

use core::sync::atomic::Ordering::{AcqRel, Acquire};

use super::super::window::Added;
use super::super::{Admission, Gate, Refusal, Settled};
use super::phase::{LAST, Phase};
use super::probes::{Probes, TURNS};
use super::{Breaker, FAILURES, SUCCESSES, bounded};
use crate::attempt::Cause;
use crate::time::{Instant, nanos};

impl Breaker {
    fn refuse(&self, until: u64, why: &'static &'static str) -> Admission {
        if self.waits { Admission::NotBefore(Instant::from_nanos(until)) } else { Admission::No(Refusal::new(why)) }
    }

    /// The phase that was seen becomes another, unless someone was faster. Says whether it did.
    fn change(&self, seen: u64, phase: Phase) -> bool {
        self.phase.compare_exchange(seen, phase.encode(), AcqRel, Acquire).is_ok()
    }

    fn open(&self, seen: u64, now: u64) {
        self.change(seen, Phase::Open { until: now.saturating_add(self.open_for) });
    }

    /// Half-open: may this be a probe? `None` if someone else changed something.
    fn probe(&self, seen: u64, since: u64, now: u64) -> Option<Admission> {
        const BUSY: &&str = &"breaker is half-open and its probes are out";
        if now < since {
            // Its report could not be told from one of an attempt that was sent before.
            return Some(self.refuse(since, BUSY));
        }
        let turn = self.turn(since, now);
        if turn > TURNS {
            return if self.change(seen, Phase::HalfOpen { since: now }) { Some(Admission::Yes) } else { None };
        }
        let word = self.round.load(Acquire);
        let mut probes = Probes::decode(word, since).in_turn(turn);
        if probes.admitted >= self.probes {
            let next = self.open_for.saturating_mul(probes.turn() + 1).saturating_add(since);
            return Some(self.refuse(next, BUSY));
        }
        probes.admitted += 1;
        if self.set_probes(seen, word, probes) { Some(Admission::Yes) } else { None }
    }

    /// Unless the phase is another by now: then the word may hold a later phase's probes.
    fn set_probes(&self, seen: u64, word: u64, probes: Probes) -> bool {
        self.phase.load(Acquire) == seen && self.round.compare_exchange(word, probes.encode(), AcqRel, Acquire).is_ok()
    }

    fn report(&self, now: u64, sent: u64, failed: bool) {
        let seen = self.phase.load(Acquire);
        match Phase::decode(seen) {
            Phase::Closed { since } if since <= sent => self.count(seen, since, now, failed),
            Phase::HalfOpen { since } if since <= sent => self.judge(seen, since, now, failed),
            // It was sent before that, and says nothing of what is now.
            _ => {}
        }
    }

    fn count(&self, seen: u64, since: u64, now: u64, failed: bool) {
        let mut slot = self.slot(since, now);
        loop {
            slot = self.counts.advance(slot);
            // The newest slot may be one of a later phase.
            if self.phase.load(Acquire) != seen {
                return;
            }
            if self.counts.add(if failed { FAILURES } else { SUCCESSES }, slot) != Added::Moved {
                break;
            }
        }
        if failed {
            let failures = self.counts.sum(FAILURES, slot);
            let attempts = failures + self.counts.sum(SUCCESSES, slot);
            if attempts >= u64::from(self.throughput) && failures as f64 / attempts as f64 >= self.ratio {
                self.open(seen, now);
            }
        }
    }

    fn judge(&self, seen: u64, since: u64, now: u64, failed: bool) {
        while self.phase.load(Acquire) == seen {
            let word = self.round.load(Acquire);
            let mut probes = Probes::decode(word, since);
            let count = if failed { &mut probes.failed } else { &mut probes.succeeded };
            *count = count.saturating_add(1);
            if self.set_probes(seen, word, probes) {
                if probes.succeeded >= self.successes {
                    self.change(seen, Phase::Closed { since: now });
                } else if probes.failed > self.probes - self.successes {
                    self.open(seen, now);
                }
                return;
            }
        }
    }

    /// A probe that says nothing makes room for another, if it is of this turn.
    fn give_back(&self, sent: u64) {
        let seen = self.phase.load(Acquire);
        let Phase::HalfOpen { since } = Phase::decode(seen) else { return };
        while since <= sent && self.phase.load(Acquire) == seen {
            let word = self.round.load(Acquire);
            let mut probes = Probes::decode(word, since);
            if probes.in_flight() == 0 || self.turn(since, sent) < probes.turn() {
                return;
            }
            probes.admitted -= 1;
            if self.set_probes(seen, word, probes) {
                return;
            }
        }
    }
}

impl Gate for Breaker {
    #[inline]
    fn admit(&self, now: Instant, _: &Cause) -> Admission {
        if self.validate().is_err() {
            return Admission::No(Refusal::new(&"breaker is invalid"));
        }
        let now = bounded(now);
        // Another round only when another thread has changed something.
        loop {
            let seen = self.phase.load(Acquire);
            match Phase::decode(seen) {
                Phase::Closed { .. } => return Admission::Yes,
                Phase::Open { until } if now < until => return self.refuse(until, &"breaker is open"),
                Phase::Open { .. } => {
                    if self.change(seen, Phase::HalfOpen { since: now }) {
                        return Admission::Yes;
                    }
                }
                Phase::HalfOpen { since } => {
                    if let Some(admission) = self.probe(seen, since, now) {
                        return admission;
                    }
                }
            }
        }
    }

    #[inline]
    fn settle(&self, now: Instant, _: &Cause, settled: Settled) {
        if self.validate().is_err() {
            return;
        }
        match settled {
            Settled::Unsent => self.give_back(bounded(now)),
            Settled::Ended(end, span) => {
                let sent = now.as_nanos().saturating_sub(nanos(span)).min(LAST);
                match end {
                    end if end.is_cancelled() => self.give_back(sent),
                    end => self.report(bounded(now), sent, (self.is_failure)(end)),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::attempt::AttemptEnd;
    use crate::gate::BreakerState;
    use crate::verdict::Verdict;

    const SECOND: u64 = 1_000_000_000;

    fn ends(breaker: &Breaker, now: u64, end: AttemptEnd) {
        assert_eq!(breaker.admit(Instant::from_nanos(now), &Cause::FIRST), Admission::Yes);
        breaker.settle(Instant::from_nanos(now), &Cause::FIRST, Settled::Ended(end, Duration::ZERO));
    }

    #[test]
    fn the_reports_of_every_turn_but_one_too_many_are_added_up() {
        for (turns, closes) in [(TURNS, true), (TURNS + 1, false)] {
            let breaker = Breaker::new(0.5).min_throughput(1).open_for(Duration::from_secs(1)).probes(2, 2);
            ends(&breaker, 0, AttemptEnd::Stop);
            ends(&breaker, 0, AttemptEnd::Timeout);
            ends(&breaker, SECOND, AttemptEnd::Accept);
            let later = SECOND + turns * SECOND;
            ends(&breaker, later, AttemptEnd::Accept);
            let is_closed = matches!(breaker.state(Instant::from_nanos(later)), BreakerState::Closed { .. });
            assert_eq!(is_closed, closes, "{turns}");
        }
    }

    #[test]
    fn a_window_slides_for_who_counts_from_the_unix_epoch_too() {
        let now = 2_000_000_000 * SECOND;
        let breaker = Breaker::new(1.0).min_throughput(2).open_for(Duration::from_secs(5)).probes(1, 1);
        ends(&breaker, now, AttemptEnd::Timeout);
        ends(&breaker, now, Verdict::retry().into());
        ends(&breaker, now + 5 * SECOND, AttemptEnd::Accept);
        let seen = |at: u64| breaker.state(Instant::from_nanos(at));
        assert_eq!(seen(now + 5 * SECOND), BreakerState::Closed { attempts: 0, failures: 0, ratio: 0.0 });
        ends(&breaker, now + 6 * SECOND, AttemptEnd::Timeout);
        assert_eq!(seen(now + 6 * SECOND), BreakerState::Closed { attempts: 1, failures: 1, ratio: 1.0 });
        assert_eq!(seen(now + 40 * SECOND), BreakerState::Closed { attempts: 0, failures: 0, ratio: 0.0 });
    }

    #[test]
    fn a_breaker_that_no_probe_could_close_is_invalid() {
        for (probes, successes, is_valid) in [(3, 0, false), (0, 1, false), (0, 0, false), (3, 4, false), (3, 3, true)]
        {
            assert_eq!(
                Breaker::new(0.5).probes(probes, successes).validate().is_ok(),
                is_valid,
                "{probes} {successes}"
            );
        }
    }
}

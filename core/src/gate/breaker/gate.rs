//! The breaker as a gate: its answers, and how attempts' ends change its state.

use core::sync::atomic::Ordering::{AcqRel, Acquire};

use super::super::window::Added;
use super::super::{Admission, Gate, Refusal, Settled};
use super::last::Last;
use super::phase::{LAST, Phase};
use super::probes::{Probes, TURNS};
use super::{Breaker, FAILURES, SLOW, SUCCESSES, bounded, is_failure};
use crate::attempt::{AttemptEnd, Cause};
use crate::time::Instant;

impl Breaker {
    fn refuse(&self, until: u64, why: &'static &'static str) -> Admission {
        if self.waits { Admission::NotBefore(Instant::from_nanos(until)) } else { Admission::No(Refusal::new(why)) }
    }

    /// The phase that was seen becomes another, unless someone was faster. Says whether it did.
    fn change(&self, seen: u64, phase: Phase) -> bool {
        self.phase.compare_exchange(seen, phase.encode(), AcqRel, Acquire).is_ok()
    }

    #[cold]
    fn open(&self, seen: u64, now: u64) {
        self.change(seen, Phase::Open { until: now.saturating_add(self.open_for) });
    }

    /// May an attempt be sent? Whoever finds it closed need not ask.
    #[cold]
    fn ask(&self, now: u64) -> Admission {
        if !self.is_valid {
            return Admission::No(Refusal::new(&"breaker is invalid"));
        }
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

    /// A plain breaker hears of an end.
    #[inline(never)]
    fn report(&self, now: u64, sent: u64, failed: bool) {
        self.report_to(now, sent, failed, |seen, since| self.count(seen, since, now, failed));
    }

    /// Counts it in the closed phase that it was sent in, or judges a probe by it.
    #[inline]
    fn report_to(&self, now: u64, sent: u64, failed: bool, count: impl FnOnce(u64, u64)) {
        let seen = self.phase.load(Acquire);
        match Phase::decode(seen) {
            Phase::Closed { since } if since <= sent => count(seen, since),
            Phase::HalfOpen { since } if since <= sent => self.judge(seen, since, now, failed),
            // It was sent before that phase began, and says nothing about it.
            _ => {}
        }
    }

    #[inline(never)]
    fn settle_otherwise(&self, now: u64, settled: &Settled) {
        match settled {
            _ if !self.is_valid => {}
            Settled::Ended(end, sent) if end.is_cancelled() => self.give_back(sent.as_nanos()),
            Settled::Ended(end, sent) => self.report_otherwise(now, sent.as_nanos(), end),
            Settled::Unsent(admitted) => self.give_back(admitted.as_nanos()),
        }
    }

    fn report_otherwise(&self, now: u64, sent: u64, end: &AttemptEnd) {
        let failed = self.is_failure.map_or_else(|| is_failure(*end), |is_failure| is_failure(*end));
        let slow = now.saturating_sub(sent) > self.slow_after;
        self.report_to(now, sent, failed || slow, |seen, since| match self.last {
            Some(most) => self.count_last(seen, since, now, (failed, slow), most),
            None => self.count_over_time(seen, since, now, (failed, slow)),
        });
    }

    fn count_last(&self, seen: u64, since: u64, now: u64, (failed, slow): (bool, bool), most: u32) {
        let last = Last(&self.counts);
        let Some(newest) = last.add(since, failed, slow, || self.phase.load(Acquire) == seen) else { return };
        if (failed || slow) && self.is_too_much(last.tally(newest, most), failed, slow) {
            self.open(seen, now);
        }
    }

    fn count_over_time(&self, seen: u64, since: u64, now: u64, (failed, slow): (bool, bool)) {
        let fast = self.add_fast(seen, since, now, failed);
        let Some(slot) = fast.or_else(|| self.add_slowly(seen, since, now, failed)) else { return };
        if slow {
            self.counts.add_to(SLOW, slot);
        }
        if (failed || slow) && self.is_too_much(self.tally_of_slots(slot), failed, slow) {
            self.open(seen, now);
        }
    }

    #[inline]
    fn count(&self, seen: u64, since: u64, now: u64, failed: bool) {
        match self.add_fast(seen, since, now, failed) {
            Some(slot) if failed => self.open_if_too_much(seen, now, slot),
            Some(_) => {}
            None => self.count_slowly(seen, since, now, failed),
        }
    }

    #[cold]
    #[inline(never)]
    fn count_slowly(&self, seen: u64, since: u64, now: u64, failed: bool) {
        if let (true, Some(slot)) = (failed, self.add_slowly(seen, since, now, failed)) {
            self.open_if_too_much(seen, now, slot);
        }
    }

    /// Counts one more in its slot, and gives that; unless it is in another phase by now, for the newest slot may be one of
    /// a later phase.
    #[inline]
    fn add_fast(&self, seen: u64, since: u64, now: u64, failed: bool) -> Option<u64> {
        let count = if failed { FAILURES } else { SUCCESSES };
        self.counts.add_fast(count, self.row(since), now, || self.phase.load(Acquire) == seen)
    }

    fn add_slowly(&self, seen: u64, since: u64, now: u64, failed: bool) -> Option<u64> {
        let count = if failed { FAILURES } else { SUCCESSES };
        match self.counts.add(count, self.row(since), now, || self.phase.load(Acquire) == seen) {
            Added::Yes(slot) | Added::Full(slot) => Some(slot),
            Added::No => None,
        }
    }

    #[inline(never)]
    fn open_if_too_much(&self, seen: u64, now: u64, slot: u64) {
        let failures = self.counts.sum(FAILURES, slot);
        let attempts = failures + self.counts.sum(SUCCESSES, slot);
        if self.has_share(failures, attempts, self.ratio) {
            self.open(seen, now);
        }
    }

    #[cold]
    #[inline(never)]
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
    #[cold]
    #[inline(never)]
    fn give_back(&self, sent: u64) {
        let (seen, sent) = (self.phase.load(Acquire), sent.min(LAST));
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
    fn is_holding(&self, _: Instant) -> bool {
        !matches!(Phase::decode(self.phase.load(Acquire)), Phase::Closed { .. })
    }

    #[inline]
    fn admit(&self, now: Instant, _: &Cause) -> Admission {
        if self.is_valid && matches!(Phase::decode(self.phase.load(Acquire)), Phase::Closed { .. }) {
            return Admission::Yes;
        }
        self.ask(bounded(now))
    }

    #[inline]
    fn settle(&self, now: Instant, _: &Cause, settled: &Settled) {
        match settled {
            Settled::Ended(end, sent) if self.is_plain && !end.is_cancelled() => {
                self.report(now.as_nanos(), sent.as_nanos(), is_failure(*end));
            }
            _ => self.settle_otherwise(now.as_nanos(), settled),
        }
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::gate::BreakerState;
    use crate::verdict::Verdict;

    const SECOND: u64 = 1_000_000_000;

    fn ends(breaker: &Breaker, now: u64, end: AttemptEnd) {
        assert_eq!(breaker.admit(Instant::from_nanos(now), &Cause::FIRST), Admission::Yes);
        breaker.settle(Instant::from_nanos(now), &Cause::FIRST, &Settled::Ended(end, Instant::from_nanos(now)));
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
        assert_eq!(seen(now + 5 * SECOND), BreakerState::Closed { attempts: 0, failures: 0, ratio: 0.0, slow: 0 });
        ends(&breaker, now + 6 * SECOND, AttemptEnd::Timeout);
        assert_eq!(seen(now + 6 * SECOND), BreakerState::Closed { attempts: 1, failures: 1, ratio: 1.0, slow: 0 });
        assert_eq!(seen(now + 40 * SECOND), BreakerState::Closed { attempts: 0, failures: 0, ratio: 0.0, slow: 0 });
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

//! A gate and its model, asked the same through any operations: they answer the same, and are in the same state.

use insist_core::{Admission, AttemptEnd, Cause, Gate, Instant, Settled, Verdict};

use super::super::plan::Words;
use super::LAST;

/// Says what a gate says to an attempt, without its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    Yes,
    At(u64),
    No,
}

impl From<Admission> for Says {
    fn from(admission: Admission) -> Self {
        match admission {
            Admission::Yes => Self::Yes,
            Admission::NotBefore(at) => Self::At(at.as_nanos()),
            Admission::No(_) => Self::No,
        }
    }
}

/// A gate written down a second time, plainly and for one thread.
pub(super) trait Model<G> {
    fn reserve(&mut self, _now: u64, _cause: &Cause) -> bool {
        true
    }
    fn refund(&mut self, _now: u64, _cause: &Cause) {}
    fn admit(&mut self, _now: u64, _cause: &Cause) -> Says {
        Says::Yes
    }
    fn settle(&mut self, now: u64, cause: &Cause, settled: &Settled);
    /// Panics if the gate's state is another. It may ask the gate more.
    fn compare(&mut self, gate: &G, now: u64, words: &mut Words<'_>);
}

/// Asks both the same for as long as there are bytes. These spans of time matter to the gate.
pub(super) fn run<G: Gate>(words: &mut Words<'_>, gate: &G, mut model: impl Model<G>, spans: &[u64]) {
    let mut now = 0_u64;
    let (mut reserved, mut open) = (Vec::new(), Vec::new());
    while !words.is_empty() {
        // A caller may be a little late.
        let late = if words.is_rare(24) { words.pick(spans) / 2 } else { 0 };
        let at = now.saturating_sub(late);
        match words.below(16) {
            0..=3 => now = now.saturating_add(pass(words, spans)).min(LAST),
            4..=7 => {
                let cause = cause(words);
                for _ in 0..times(words) {
                    let says = Says::from(gate.admit(Instant::from_nanos(at), &cause));
                    assert_eq!(says, model.admit(at, &cause), "admit {cause:?} at {at}");
                    if says == Says::Yes {
                        open.push((cause, at));
                    }
                }
            }
            8..=9 => {
                let cause = cause(words);
                let yes = gate.reserve(Instant::from_nanos(at), &cause).is_ok();
                assert_eq!(yes, model.reserve(at, &cause), "reserve {cause:?} at {at}");
                if yes {
                    reserved.push((cause, at));
                }
            }
            10 if !reserved.is_empty() => {
                let (cause, since) = reserved.swap_remove(usize::from(words.byte()) % reserved.len());
                if words.is_rare(128) {
                    gate.refund(Instant::from_nanos(at), &cause, Instant::from_nanos(since));
                    model.refund(at, &cause);
                }
            }
            _ => {
                let (times, place, end) = (times(words), usize::from(words.byte()), end(words));
                for _ in 0..times.min(open.len()) {
                    let (cause, since): (Cause, u64) = open.swap_remove(place % open.len());
                    let at = at.max(since);
                    let sent = Instant::from_nanos(since);
                    let settled = end.map_or(Settled::Unsent(sent), |end| Settled::Ended(end, sent));
                    gate.settle(Instant::from_nanos(at), &cause, &settled);
                    model.settle(at, &cause, &settled);
                }
            }
        }
        model.compare(gate, now, words);
    }
}

/// One mostly, and now and then as many as fill what is kept of a few.
fn times(words: &mut Words<'_>) -> usize {
    if words.is_rare(48) { 20 } else { 1 }
}

fn pass(words: &mut Words<'_>, spans: &[u64]) -> u64 {
    match words.below(8) {
        0 => 1,
        1 => words.pick(spans),
        2 => words.pick(spans).saturating_sub(1),
        3 => words.pick(spans).saturating_add(1),
        4..=6 => words.pick(spans) / 64 * u64::from(words.byte()),
        _ => words.span(),
    }
}

fn cause(words: &mut Words<'_>) -> Cause {
    match words.below(8) {
        0..=3 => Cause::FIRST,
        4 => Cause::HEDGE,
        5 => Cause::retry(AttemptEnd::Timeout),
        6 => Cause::retry(Verdict::retry().throttled().into()),
        _ => Cause::retry(Verdict::retry().into()),
    }
}

/// With none, it was not sent after all.
fn end(words: &mut Words<'_>) -> Option<AttemptEnd> {
    Some(match words.below(16) {
        0..=5 => AttemptEnd::Accept,
        6 => AttemptEnd::Timeout,
        7 => AttemptEnd::Lost,
        8 => AttemptEnd::Deadline,
        9 => AttemptEnd::Cancelled,
        10 => return None,
        _ => words.verdict().into(),
    })
}

/// The words of a SplitMix64 stream, as its authors publish it.
#[derive(Clone, Debug)]
pub(super) struct SplitMix(pub(super) u64);

impl SplitMix {
    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let word = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }
}

/// The latency of the nearest rank among these, in thousandths of a percent.
pub(super) fn nearest_rank(latencies: &[u64], thousandths: u64) -> u64 {
    let mut sorted = latencies.to_vec();
    sorted.sort_unstable();
    let least_rank = (1..=sorted.len()).find(|rank| *rank as u64 * 100_000 >= sorted.len() as u64 * thousandths);
    sorted[least_rank.expect("there are some") - 1]
}

/// Returns how long an attempt took, or was in flight at least, if that tells something of the server.
pub(super) fn told(now: u64, cause: &Cause, settled: &Settled) -> Option<(u64, AttemptEnd)> {
    match settled {
        Settled::Ended(end, sent) if cause.kind != insist_core::Kind::Hedge => match end {
            AttemptEnd::Accept | AttemptEnd::Stop | AttemptEnd::Lost | AttemptEnd::Timeout => {
                Some((now.saturating_sub(sent.as_nanos()), *end))
            }
            _ => None,
        },
        _ => None,
    }
}

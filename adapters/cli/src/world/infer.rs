//! What can be inferred of an incident: when each target was failing, silent or slow, and how it answered when it was well.

use std::collections::BTreeMap;

use super::records::{Attempt, End, Records};

const SECOND: u64 = 1_000_000_000;
/// The stretches that a record is looked at in, and how long one is at least and at most.
const STRETCHES: u64 = 200;
const STRETCH: (u64, u64) = (SECOND / 20, SECOND);
/// The share of the attempts of a stretch that have to be ill for it to be.
const ILL: f64 = 0.3;
/// From this multiple of the usual median on, answers are slow.
const SLOW: u64 = 3;
/// Of fewer answers than this nothing can be said.
const FEWEST: usize = 20;

/// Says what was wrong in a window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Trouble {
    Fail { status: u16, after: u64 },
    Reset { after: u64 },
    Hang,
    Slow { factor: f64 },
}

/// A span in which something was wrong with a target, in nanoseconds since the first call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Window {
    /// `None` is all targets.
    pub(super) target: Option<usize>,
    pub(super) from: u64,
    pub(super) until: u64,
    pub(super) share: f64,
    pub(super) trouble: Trouble,
}

/// Holds what was inferred.
#[derive(Clone, Debug)]
pub(super) struct Incident {
    /// The calls, in nanoseconds since the first.
    pub(super) calls: Vec<u64>,
    pub(super) lasting: u64,
    pub(super) windows: Vec<Window>,
    /// Says how long answers took outside the windows, ascending.
    pub(super) healthy: Vec<u64>,
    /// The most sends of a second.
    pub(super) most_per_second: u64,
    /// Seconds, and those of them without an attempt.
    pub(super) seconds: u64,
    pub(super) empty_seconds: u64,
}

/// The word of an end that is ill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ill {
    Fail,
    Broke,
    Silent,
    Slow,
}

impl Incident {
    pub(super) fn of(records: &Records) -> Result<Self, String> {
        let Some(first) = records.attempts.first().map(|attempt| attempt.sent) else {
            return Err("the records hold no attempt".into());
        };
        let attempts: Vec<Attempt> =
            records.attempts.iter().map(|attempt| Attempt { sent: attempt.sent - first, ..*attempt }).collect();
        let calls: Vec<u64> = attempts.iter().filter(|attempt| attempt.is_first).map(|attempt| attempt.sent).collect();
        let last = attempts.last().map_or(0, |attempt| attempt.sent);
        let answers: Vec<u64> =
            attempts.iter().filter(|attempt| attempt.end == End::Answered).map(|attempt| attempt.took).collect();
        if answers.len() < FEWEST {
            return Err(format!(
                "the records hold {} attempts that were answered; at least {FEWEST} are needed to know how long an answer takes",
                answers.len()
            ));
        }
        let usual = median(answers);
        let mut windows: Vec<Window> =
            (0..records.targets.len()).flat_map(|target| windows(&attempts, target, usual)).collect();
        let is_outside = |attempt: &Attempt| {
            !windows.iter().any(|window| window.target == Some(attempt.target) && window.holds(attempt))
        };
        let outside: Vec<Attempt> = attempts.iter().filter(|attempt| is_outside(attempt)).copied().collect();
        let mut healthy: Vec<u64> =
            outside.iter().filter(|attempt| attempt.end == End::Answered).map(|attempt| attempt.took.max(1)).collect();
        if healthy.len() < FEWEST {
            return Err(format!(
                "only {} attempts were answered while nothing was wrong; {FEWEST} are needed",
                healthy.len()
            ));
        }
        healthy.sort_unstable();
        windows.extend(scattered(&outside, last));
        let seconds = last / SECOND + 1;
        let mut sends: BTreeMap<u64, u64> = BTreeMap::new();
        attempts.iter().for_each(|attempt| *sends.entry(attempt.sent / SECOND).or_default() += 1);
        Ok(Self {
            calls,
            lasting: last + 1,
            windows,
            healthy,
            most_per_second: sends.values().copied().max().unwrap_or(0),
            seconds,
            empty_seconds: seconds - sends.len() as u64,
        })
    }
}

impl Window {
    fn holds(&self, attempt: &Attempt) -> bool {
        (self.from..self.until).contains(&attempt.sent)
    }
}

fn median(mut numbers: Vec<u64>) -> u64 {
    numbers.sort_unstable();
    numbers.get(numbers.len() / 2).copied().unwrap_or(0)
}

fn ill(attempt: &Attempt, usual: u64) -> Option<Ill> {
    match attempt.end {
        End::Failed(_) => Some(Ill::Fail),
        End::Broke => Some(Ill::Broke),
        End::Silent => Some(Ill::Silent),
        End::Answered if attempt.took >= usual.saturating_mul(SLOW) => Some(Ill::Slow),
        End::Answered | End::Unknown => None,
    }
}

/// Finds the windows of a target: stretches in which the same is wrong with much of it, put together.
fn windows(attempts: &[Attempt], target: usize, usual: u64) -> Vec<Window> {
    let known: Vec<&Attempt> =
        attempts.iter().filter(|attempt| attempt.target == target && attempt.end != End::Unknown).collect();
    let last = known.last().map_or(0, |attempt| attempt.sent);
    let width = (last / STRETCHES).clamp(STRETCH.0, STRETCH.1);
    // What is wrong, from which stretch until which, and how many stretches with data there were by then.
    let mut found: Vec<(Ill, u64, u64, u32)> = Vec::new();
    let mut number = 0;
    let mut rest = &known[..];
    while let Some(begin) = rest.first().map(|attempt| attempt.sent / width) {
        let count = rest.partition_point(|attempt| attempt.sent / width <= begin);
        let (stretch, after) = rest.split_at(count);
        rest = after;
        number += 1;
        let Some(worst) = worst(stretch, usual) else { continue };
        match found.last_mut() {
            // A single healthy stretch between two ill ones is chance.
            Some((ill, _, until, then)) if *ill == worst && number <= *then + 2 => (*until, *then) = (begin, number),
            _ => found.push((worst, begin, begin, number)),
        }
    }
    found
        .into_iter()
        .filter_map(|(ill, from, until, _)| window(&known, target, usual, ill, from * width, (until + 1) * width))
        .collect()
}

/// Returns what is wrong with a stretch: the commonest, if it is common enough.
fn worst(stretch: &[&Attempt], usual: u64) -> Option<Ill> {
    let count = |word: Ill| stretch.iter().filter(|attempt| ill(attempt, usual) == Some(word)).count();
    let all = [Ill::Fail, Ill::Broke, Ill::Silent, Ill::Slow];
    let (worst, most) = all.into_iter().map(|word| (word, count(word))).max_by_key(|(_, count)| *count)?;
    let is_common = most as f64 >= ILL * stretch.len() as f64 && (most > 1 || stretch.len() == 1 && most == 1);
    is_common.then_some(worst)
}

/// Makes a window between the last attempt that was well before it and the first after it.
fn window(known: &[&Attempt], target: usize, usual: u64, word: Ill, from: u64, until: u64) -> Option<Window> {
    let is_ill = |attempt: &&&Attempt| ill(attempt, usual) == Some(word);
    let inside = || known.iter().filter(move |attempt| (from..until).contains(&attempt.sent));
    let begins = inside().find(is_ill)?.sent;
    let ends = inside().rfind(is_ill)?.sent;
    let before = known.iter().rfind(|attempt| attempt.sent < begins && !is_ill(attempt));
    let after = known.iter().find(|attempt| attempt.sent > ends && !is_ill(attempt));
    let from = before.map_or(begins, |attempt| begins - (begins - attempt.sent) / 2);
    let until = after.map_or(ends + 1, |attempt| ends + (attempt.sent - ends).div_ceil(2)).max(ends + 1);
    let all: Vec<&&Attempt> = known.iter().filter(|attempt| (from..until).contains(&attempt.sent)).collect();
    let hit: Vec<&&&Attempt> = all.iter().filter(|attempt| ill(attempt, usual) == Some(word)).collect();
    let took = median(hit.iter().map(|attempt| attempt.took).collect());
    let share = hit.len() as f64 / all.len().max(1) as f64;
    let trouble = match word {
        Ill::Fail => Trouble::Fail { status: commonest(hit.iter().map(|attempt| attempt.end)), after: took },
        Ill::Broke => Trouble::Reset { after: took },
        Ill::Silent => Trouble::Hang,
        Ill::Slow => Trouble::Slow { factor: took as f64 / usual.max(1) as f64 },
    };
    Some(Window { target: Some(target), from, until, share, trouble })
}

fn commonest(ends: impl Iterator<Item = End>) -> u16 {
    let mut counts = BTreeMap::new();
    for end in ends {
        if let End::Failed(status) = end {
            *counts.entry(status).or_insert(0) += 1;
        }
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map_or(503, |(status, _)| status)
}

/// Failures outside every window are a share of all attempts, all the time.
fn scattered(outside: &[Attempt], last: u64) -> Option<Window> {
    let known = outside.iter().filter(|attempt| attempt.end != End::Unknown).count();
    let failed: Vec<&Attempt> =
        outside.iter().filter(|attempt| matches!(attempt.end, End::Failed(_) | End::Broke)).collect();
    if failed.is_empty() {
        return None;
    }
    let trouble = Trouble::Fail {
        status: commonest(failed.iter().map(|attempt| attempt.end)),
        after: median(failed.iter().map(|attempt| attempt.took).collect()),
    };
    let share = failed.len() as f64 / known.max(1) as f64;
    Some(Window { target: None, from: 0, until: last + 1, share, trouble })
}

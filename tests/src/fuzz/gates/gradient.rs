//! The limit that follows the latency a second time: the answers of each window in a list.

use std::time::Duration;

use insist_core::{AttemptEnd, Cause, GradientLimit, Settled};

use super::super::plan::Words;
use super::beside::{self, Model, Says, SplitMix, nearest_rank, told};

struct Gradient {
    least: u64,
    most: u64,
    percentile: u64,
    /// Thousandths.
    buffer: u64,
    window: u64,
    interval: u64,
    answers: usize,
    is_known: bool,
    ask_again: Option<u64>,
    limit: u64,
    in_flight: u64,
    least_latency: Option<u64>,
    heard: Vec<u64>,
    low_windows: u32,
    phase: Phase,
    /// Says since when what was sent counts.
    since: u64,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// Until the window ends, and until the least latency is measured again.
    Window(u64, Option<u64>),
    /// With the limit to go back to.
    Measuring(u64),
}

pub(super) fn run(words: &mut Words<'_>) {
    const MS: u64 = 1_000_000;
    let least = u32::from(words.pick(&[3_u8, 1, 7]));
    let most = least + u32::from(words.pick(&[200_u8, 10, 0]));
    let percentile = words.pick(&[50_000, 95_000, 100_000, 1000]);
    let buffer = words.pick(&[250, 0, 100, 1000]);
    let window = words.pick(&[100 * MS, MS, 10_000_019]);
    let interval = words.pick(&[10_000 * MS, 1000 * MS, MS]);
    let answers = u32::from(words.pick(&[3_u8, 1, 10]));
    let known = words.is_rare(96).then(|| words.pick(&[10 * MS, 1, 80 * MS]));
    let ask_again = words.is_rare(128).then(|| words.pick(&[MS, 100 * MS]));
    let mut gate = GradientLimit::new(least, most)
        .percentile(percentile as f64 / 1000.0)
        .buffer(buffer as f64 / 1000.0)
        .window(Duration::from_nanos(window))
        .measuring(Duration::from_nanos(interval), answers)
        .least_latency(Duration::from_nanos(known.unwrap_or(0)));
    if let Some(span) = ask_again {
        gate = gate.waiting(Duration::from_nanos(span));
    }
    assert_eq!(gate.validate(), Ok(()));
    let model = Gradient {
        least: least.into(),
        most: most.into(),
        percentile,
        buffer,
        window,
        interval,
        answers: answers as usize,
        is_known: known.is_some(),
        ask_again,
        limit: least.into(),
        in_flight: 0,
        least_latency: known,
        heard: Vec::new(),
        low_windows: 0,
        phase: Phase::Window(0, if known.is_some() { None } else { Some(0) }),
        since: 0,
    };
    beside::run(words, &gate, model, &[window, interval, 10 * MS, interval * 115 / 100]);
}

impl Gradient {
    fn adapt(&mut self, now: u64) {
        let Phase::Window(ends, again) = self.phase else { return };
        let is_measured = again.is_some_and(|again| now >= again);
        if is_measured {
            self.measure(now);
        } else if now >= ends {
            self.phase = Phase::Window(now + self.window, again);
            if !self.heard.is_empty() {
                self.end_window(now);
            }
        }
    }

    fn measure(&mut self, now: u64) {
        self.phase = Phase::Measuring(self.limit);
        (self.limit, self.since) = (self.least, now);
        self.heard.clear();
    }

    fn end_window(&mut self, now: u64) {
        let latency = nearest_rank(latest(&self.heard), self.percentile).max(1);
        self.heard.clear();
        let least = u128::from(self.least_latency.unwrap_or(0)) * u128::from(1000 + self.buffer);
        // In 2^-32, rounded up.
        let gradient = ((least << 32).div_ceil(u128::from(latency) * 1000)).clamp(1 << 31, 1 << 33);
        let room = u128::from(self.limit) * gradient;
        // The largest number that is no more than the room and its square root.
        let fits = |limit: u64| {
            let above = (u128::from(limit) << 32).saturating_sub(room);
            above * above <= room << 32
        };
        let next = (self.limit / 2..).find(|limit| !fits(limit + 1)).expect("there is one");
        let was = self.limit;
        self.limit = next.clamp(self.least, self.most);
        self.low_windows = if was == self.least && self.limit == self.least { self.low_windows + 1 } else { 0 };
        if self.low_windows >= 5 && !self.is_known {
            self.measure(now);
        }
    }

    fn end_measuring(&mut self, now: u64, limit: u64) {
        self.least_latency = Some(nearest_rank(latest(&self.heard), self.percentile).max(1));
        self.heard.clear();
        (self.limit, self.low_windows) = (limit, 0);
        // A stream that starts one step before now has it as its first state.
        let word = SplitMix(now.wrapping_sub(0x9e37_79b9_7f4a_7c15)).next();
        let most = u128::from(self.interval) * 15 / 100;
        let later = (u128::from(word) * (most + 1)) >> 64;
        self.phase = Phase::Window(now + self.window, Some(now + self.interval + later as u64));
    }
}

/// The latest 128.
fn latest(heard: &[u64]) -> &[u64] {
    &heard[heard.len().saturating_sub(128)..]
}

impl Model<GradientLimit> for Gradient {
    fn admit(&mut self, now: u64, _: &Cause) -> Says {
        self.adapt(now);
        if self.in_flight < self.limit {
            self.in_flight += 1;
            return Says::Yes;
        }
        self.ask_again.map_or(Says::No, |span| Says::At(now + span))
    }

    fn settle(&mut self, now: u64, cause: &Cause, settled: &Settled) {
        self.adapt(now);
        self.in_flight -= 1;
        let (Some((latency, end)), Settled::Ended(_, sent)) = (told(now, cause, settled), settled) else { return };
        let is_answer = matches!(end, AttemptEnd::Accept | AttemptEnd::Stop);
        match self.phase {
            _ if sent.as_nanos() < self.since => {}
            Phase::Window(..) => self.heard.push(latency),
            Phase::Measuring(_) if !is_answer => {}
            Phase::Measuring(limit) => {
                self.heard.push(latency);
                if self.heard.len() >= self.answers {
                    self.end_measuring(now, limit);
                }
            }
        }
    }

    fn compare(&mut self, gate: &GradientLimit, now: u64, _: &mut Words<'_>) {
        let state = gate.state();
        assert_eq!(u64::from(state.limit), self.limit, "at {now}");
        assert_eq!(u64::from(state.in_flight), self.in_flight, "at {now}");
        assert_eq!(state.least_latency, self.least_latency.map(Duration::from_nanos), "at {now}");
        assert_eq!(state.is_measuring, matches!(self.phase, Phase::Measuring(_)), "at {now}");
    }
}

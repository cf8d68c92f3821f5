//! What happened in many calls, counted.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::AddAssign;

use insist_tests::proxy::{Exchange, Fault};

use crate::ask::Ask;
use crate::client::Seen;

#[derive(Default)]
pub(crate) struct Tally {
    faults: BTreeMap<&'static str, u32>,
    ends: BTreeMap<&'static str, u32>,
}

impl Tally {
    pub(crate) fn exchange(&mut self, exchange: &Exchange) {
        *self.faults.entry(exchange.fault.name()).or_default() += 1;
    }

    pub(crate) fn call(&mut self, ask: &Ask, seen: &Seen) {
        let end = match (&seen.told, &seen.answer) {
            (None, Ok(answer)) if answer.body.is_ok() && answer.status != 503 => "plain, returned",
            (None, _) => "plain, failed",
            (Some(told), _) => told.reason.map_or("returned", insist_ureq::insisting::Reason::as_str),
        };
        *self.ends.entry(end).or_default() += 1;
        *self.ends.entry("attempts made").or_default() += seen.attempts;
        if ask.policy.get_lanes() > 1 {
            *self.ends.entry("with lanes").or_default() += 1;
        }
    }

    /// Every fault was applied and calls ended in every way, but for these, and most attempts met the proxy.
    pub(crate) fn has_everything_but(&self, but: &[&str]) {
        let arrived: u32 = self.faults.values().sum();
        assert!(arrived > self.ends["attempts made"] / 4 * 3, "too few arrived: {self}");
        let reasons = ["attempts", "deadline", "not_repeatable", "retry_after", "stopped"];
        let ends = reasons.into_iter().chain(["returned", "plain, returned", "plain, failed"]);
        let (faults, ends) = (Fault::NAMES.map(|fault| (&self.faults, fault)), ends.map(|end| (&self.ends, end)));
        for (counts, name) in faults.into_iter().chain(ends).filter(|(_, name)| !but.contains(name)) {
            assert!(counts.get(name).is_some_and(|count| *count >= 20), "too few of {name}: {self}");
        }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        for (mine, other) in [(&mut self.faults, other.faults), (&mut self.ends, other.ends)] {
            for (name, count) in other {
                *mine.entry(name).or_default() += count;
            }
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, counts) in [("exchanges", &self.faults), ("calls", &self.ends)] {
            let counts: Vec<_> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
            writeln!(f, "{what}: {}", counts.join(", "))?;
        }
        Ok(())
    }
}

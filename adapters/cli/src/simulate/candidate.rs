//! Policies under trial: presets and policy files, the gates of a file, and the options that are laid over all.

use std::path::Path;
use std::time::Duration;

use insist_core::{Breaker, Budget, Bulkhead, Latencies, Policy};
use insist_sim::Candidate;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::de::DeTable;

use super::span::Span;
use crate::exit::Failure;
use crate::options::file::{self, line, placed};

/// A policy under trial, as plain data, so that each thread can make its own gates.
#[derive(Clone, Debug)]
pub(super) struct Spec {
    pub(super) name: String,
    pub(super) policy: Policy,
    pub(super) gates: Gates,
}

/// The gates of a policy file.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Gates {
    pub(super) budget: Option<BudgetTable>,
    pub(super) breaker: Option<BreakerTable>,
    pub(super) bulkhead: Option<u32>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(from = "RatioOr<FullBudget>")]
pub(super) struct BudgetTable {
    pub(super) ratio: f64,
    reserve: Option<u32>,
    window: Option<Span>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(from = "RatioOr<FullBreaker>")]
pub(super) struct BreakerTable {
    pub(super) ratio: f64,
    min_throughput: Option<u32>,
    window: Option<Span>,
    open_for: Option<Span>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RatioOr<T> {
    Ratio(f64),
    Table(T),
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct FullBudget {
    ratio: f64,
    reserve: Option<u32>,
    window: Option<Span>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct FullBreaker {
    ratio: f64,
    min_throughput: Option<u32>,
    window: Option<Span>,
    open_for: Option<Span>,
}

impl From<RatioOr<FullBudget>> for BudgetTable {
    fn from(table: RatioOr<FullBudget>) -> Self {
        match table {
            RatioOr::Ratio(ratio) => Self { ratio, reserve: None, window: None },
            RatioOr::Table(FullBudget { ratio, reserve, window }) => Self { ratio, reserve, window },
        }
    }
}

impl From<RatioOr<FullBreaker>> for BreakerTable {
    fn from(table: RatioOr<FullBreaker>) -> Self {
        match table {
            RatioOr::Ratio(ratio) => Self { ratio, min_throughput: None, window: None, open_for: None },
            RatioOr::Table(FullBreaker { ratio, min_throughput, window, open_for }) => {
                Self { ratio, min_throughput, window, open_for }
            }
        }
    }
}

impl BudgetTable {
    pub(super) const fn new(ratio: f64) -> Self {
        Self { ratio, reserve: None, window: None }
    }

    fn budget(&self) -> Budget {
        let budget = Budget::new(self.ratio);
        let budget = if let Some(reserve) = self.reserve { budget.with_reserve(reserve) } else { budget };
        if let Some(window) = self.window { budget.window(window.0) } else { budget }
    }
}

impl BreakerTable {
    pub(super) const fn new(ratio: f64) -> Self {
        Self { ratio, min_throughput: None, window: None, open_for: None }
    }

    fn breaker(&self) -> Breaker {
        let mut breaker = Breaker::new(self.ratio);
        if let Some(attempts) = self.min_throughput {
            breaker = breaker.min_throughput(attempts);
        }
        if let Some(window) = self.window {
            breaker = breaker.window(window.0);
        }
        if let Some(span) = self.open_for { breaker.open_for(span.0) } else { breaker }
    }
}

impl Spec {
    /// Makes a policy without gates.
    pub(super) fn plain(name: &str, policy: Policy) -> Self {
        Self { name: name.into(), policy, gates: Gates::default() }
    }

    /// Makes the candidate. The breaker is asked first: the budget counts no first send that was refused. A policy that
    /// hedges at a percentile is given a gate that knows the latencies.
    pub(super) fn candidate(&self) -> Candidate<'static> {
        let Gates { budget, breaker, bulkhead } = self.gates;
        let hedges_at = self.policy.get_hedge_at().filter(|_| self.policy.get_lanes() > 1);
        let candidate = Candidate::new(self.name.clone(), self.policy);
        if budget.is_none() && breaker.is_none() && bulkhead.is_none() && hedges_at.is_none() {
            return candidate;
        }
        candidate.gate(move || {
            let (breaker, budget) = (breaker.map(|table| table.breaker()), budget.map(|table| table.budget()));
            (breaker, budget, bulkhead.map(Bulkhead::new), hedges_at.map(|_| Latencies::new()))
        })
    }

    /// Lays limits over a policy that has none, so that presets without a timeout can be compared.
    pub(super) fn limited(mut self, attempt_timeout: Option<Duration>, deadline: Option<Duration>) -> Self {
        if let Some(timeout) = attempt_timeout {
            self.policy = self.policy.attempt_timeout(timeout);
        }
        if let Some(deadline) = deadline {
            self.policy = self.policy.deadline(deadline);
        }
        self
    }

    /// Refuses gates that make no sense, in the words of the gate.
    pub(super) fn validate(&self) -> Result<(), (&'static str, String)> {
        if let Some(Err(error)) = self.gates.budget.map(|table| table.budget().validate()) {
            return Err(("budget", error.to_string()));
        }
        if let Some(Err(error)) = self.gates.breaker.map(|table| table.breaker().validate()) {
            return Err(("breaker", error.to_string()));
        }
        self.policy.validate().map_err(|error| ("policy", error.to_string()))
    }
}

/// Reads a policy file, which for a simulation may have gates too.
pub(super) fn read(path: &Path) -> Result<Spec, Failure> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::Usage(format!("cannot read the policy file {shown}: {error}")))?;
    let (gates, rest) = gates(&text).map_err(|problem| Failure::Usage(format!("policy file {shown}{problem}")))?;
    let policy = file::parse(&rest).map_err(|problem| Failure::Usage(format!("policy file {shown}{problem}")))?;
    let name = path.file_stem().map_or_else(|| shown.to_string(), |stem| stem.to_string_lossy().into_owned());
    let spec = Spec { name, policy, gates };
    spec.validate().map_err(|(field, message)| {
        let index = text.lines().position(|line| line.trim_start().starts_with(field));
        let place = index.map_or_else(|| format!(": {message}"), |index| placed(index + 1, field, &message));
        Failure::Usage(format!("policy file {shown}{place}"))
    })?;
    Ok(spec)
}

/// Reads the gates, and returns the text with blanks in their place, whose lines are where they were.
fn gates(text: &str) -> Result<(Gates, String), String> {
    let table = DeTable::parse(text).map_err(|error| file::syntax_error(text, &error))?;
    let (mut gates, mut rest) = (Gates::default(), text.to_owned());
    for (key, value) in table.get_ref() {
        let name = key.get_ref().as_ref();
        if !matches!(name, "budget" | "breaker" | "bulkhead") {
            continue;
        }
        let number = line(text, &key.span());
        if text[..key.span().start].ends_with('[') {
            return Err(placed(number, name, &format!("{name} is written as {name} = {{ … }} in one line")));
        }
        let raw = &text[value.span()];
        match name {
            "budget" => gates.budget = Some(gate(raw, number, name)?),
            "breaker" => gates.breaker = Some(gate(raw, number, name)?),
            _ => gates.bulkhead = Some(gate(raw, number, name)?),
        }
        let place = key.span().start..value.span().end;
        let blank: String = rest[place.clone()].bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect();
        rest.replace_range(place, &blank);
    }
    Ok((gates, rest))
}

fn gate<T: DeserializeOwned>(raw: &str, number: usize, name: &str) -> Result<T, String> {
    let parsed = toml::de::ValueDeserializer::parse(raw).and_then(T::deserialize);
    parsed.map_err(|_| match name {
        "budget" => placed(number, name, "a ratio, or { ratio = 0.1, reserve = 10, window = \"10s\" } is needed"),
        "breaker" => {
            let fields = "{ ratio = 0.5, min_throughput = 20, window = \"10s\", open_for = \"5s\" }";
            placed(number, name, &format!("a ratio, or {fields} is needed"))
        }
        _ => placed(number, name, "the number of attempts in flight is needed"),
    })
}

/// Prints the gates behind a policy's sentence: `; budget 0.1; breaker 0.5`.
impl std::fmt::Display for Gates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(budget) = self.budget {
            write!(f, "; budget {}", budget.ratio)?;
            budget.reserve.map_or(Ok(()), |reserve| write!(f, " with a reserve of {reserve}"))?;
        }
        if let Some(breaker) = self.breaker {
            write!(f, "; breaker {}", breaker.ratio)?;
        }
        self.bulkhead.map_or(Ok(()), |room| write!(f, "; bulkhead {room}"))
    }
}

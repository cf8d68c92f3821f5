//! The table `[clients]`.

use insist_core::Repeat;
use insist_sim::{Arrivals, Clients, Surge};
use serde::Deserialize;

use super::super::span::Distribution;
use super::wrong::{Wrong, needed};
use crate::span::Span;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClientsTable {
    arrivals: Option<ArrivalsName>,
    per_second: Option<f64>,
    size: Option<u32>,
    every: Option<Span>,
    at: Option<Vec<Span>>,
    think: Option<Distribution>,
    calls_each: Option<u32>,
    count: Option<u32>,
    #[serde(default)]
    gates: GatesName,
    #[serde(default)]
    repeat: RepeatName,
    #[serde(default)]
    surges: Vec<SurgeTable>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ArrivalsName {
    Even,
    Poisson,
    Bursts,
    Given,
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum GatesName {
    #[default]
    All,
    Each,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RepeatName {
    #[default]
    Always,
    IfUnsent,
    Never,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SurgeTable {
    from: Span,
    until: Span,
    factor: f64,
}

impl ClientsTable {
    pub(super) fn clients(self) -> Result<Clients, Wrong> {
        let mut clients = match (self.arrivals, self.think) {
            (Some(_), Some(_)) => {
                return Err(Wrong::new(
                    "think",
                    "think is for clients in a loop, and arrivals for an open load; keep one",
                ));
            }
            (None, None) => {
                return Err(Wrong::new("clients", "clients need arrivals (an open load) or think (clients in a loop)"));
            }
            (None, Some(think)) => Clients::closed(self.count.unwrap_or(1), think.0),
            (Some(name), None) => Clients::open(match name {
                ArrivalsName::Even => Arrivals::even(needed(self.per_second, "per_second", "arrivals = \"even\"")?),
                ArrivalsName::Poisson => {
                    Arrivals::poisson(needed(self.per_second, "per_second", "arrivals = \"poisson\"")?)
                }
                ArrivalsName::Bursts => {
                    let every = needed(self.every, "every", "arrivals = \"bursts\"")?;
                    Arrivals::bursts(needed(self.size, "size", "arrivals = \"bursts\"")?, every.0)
                }
                ArrivalsName::Given => {
                    let at = needed(self.at, "at", "arrivals = \"given\"")?;
                    Arrivals::Given(at.into_iter().map(|span| span.0).collect())
                }
            }),
        };
        if let Some(count) = self.count {
            clients = clients.count(count);
        }
        if let Some(calls) = self.calls_each {
            clients = clients.calls_each(calls);
        }
        if self.gates == GatesName::Each {
            clients = clients.gate_each();
        }
        for surge in self.surges {
            clients = clients.surge(Surge::new(surge.from.0, surge.until.0, surge.factor));
        }
        Ok(clients.repeat(match self.repeat {
            RepeatName::Always => Repeat::Always,
            RepeatName::IfUnsent => Repeat::IfUnsent,
            RepeatName::Never => Repeat::Never,
        }))
    }
}

//! The table `[servers]`.

use insist_sim::{Balance, Discipline, Servers};
use serde::Deserialize;

use super::super::span::Distribution;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServersTable {
    service: Distribution,
    replicas: Option<u32>,
    workers: Option<u32>,
    queue: Option<u32>,
    #[serde(default)]
    discipline: DisciplineName,
    #[serde(default)]
    balance: BalanceName,
    #[serde(default)]
    skew: Vec<f64>,
    #[serde(default)]
    told_of_cancels: bool,
    full_status: Option<u16>,
    #[serde(default)]
    contention: f64,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum DisciplineName {
    #[default]
    Fifo,
    Lifo,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum BalanceName {
    #[default]
    Random,
    RoundRobin,
    LeastBusy,
}

impl ServersTable {
    pub(super) fn servers(self) -> Servers {
        let servers = Servers::new(self.service.0)
            .replicas(self.replicas.unwrap_or(1))
            .workers(self.workers.unwrap_or(1))
            .skew(&self.skew)
            .full_status(self.full_status.unwrap_or(503))
            .contention(self.contention)
            .discipline(match self.discipline {
                DisciplineName::Fifo => Discipline::Fifo,
                DisciplineName::Lifo => Discipline::Lifo,
            })
            .balance(match self.balance {
                BalanceName::Random => Balance::Random,
                BalanceName::RoundRobin => Balance::RoundRobin,
                BalanceName::LeastBusy => Balance::LeastBusy,
            });
        let servers = if let Some(limit) = self.queue { servers.queue(limit) } else { servers };
        if self.told_of_cancels { servers.told_of_cancels() } else { servers }
    }
}

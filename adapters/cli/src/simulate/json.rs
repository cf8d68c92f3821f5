//! The figures as one JSON object.

use insist_sim::{Figure, Summary};
use serde::Serialize;

use super::grid::Grid;

#[derive(Serialize)]
pub(super) struct Runs<'a> {
    version: u32,
    seed: u64,
    runs: Vec<Run<'a>>,
}

#[derive(Serialize)]
struct Run<'a> {
    world: &'a str,
    policy: &'a str,
    seeds: u32,
    #[serde(flatten)]
    means: Figures,
    spread: Figures,
}

#[derive(Serialize)]
struct Figures {
    calls: f64,
    success: f64,
    sends_per_call: f64,
    peak: f64,
    p50_ms: Option<f64>,
    p99_ms: Option<f64>,
    recovers_s: Option<f64>,
    refused: f64,
}

impl Figures {
    fn of(summary: &Summary, part: impl Fn(Figure) -> f64) -> Self {
        let time = |share| summary.success_time(share).map(|figure| part(figure) * 1000.0);
        Self {
            calls: part(summary.figure(|outcome| outcome.calls as f64)),
            success: part(summary.success()),
            sends_per_call: part(summary.sends_per_call()),
            peak: part(summary.peak()),
            p50_ms: time(0.5),
            p99_ms: time(0.99),
            recovers_s: summary.recovers().map(&part),
            refused: part(summary.figure(|outcome| outcome.refused() as f64)),
        }
    }
}

impl<'a> Runs<'a> {
    pub(super) fn of(grid: &'a Grid) -> Self {
        let runs = grid.by_world().flat_map(|(world, rows)| {
            rows.into_iter().map(|(spec, summary)| Run {
                world: &world.name,
                policy: &spec.name,
                seeds: grid.seeds,
                means: Figures::of(summary, |figure| figure.mean),
                spread: Figures::of(summary, |figure| figure.spread),
            })
        });
        Self { version: 1, seed: grid.seed, runs: runs.collect() }
    }
}

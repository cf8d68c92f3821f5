//! Every policy in every world from every seed, on all cores.

use std::io::{IsTerminal, Write, stderr};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use insist_sim::{Outcome, Summary, World, WorldError};

use super::candidate::Spec;
use super::world::NamedWorld;
use crate::exit::Failure;

/// The worlds, the policies, and what came of each pair.
pub(super) struct Grid {
    pub(super) worlds: Vec<NamedWorld>,
    pub(super) specs: Vec<Spec>,
    pub(super) seed: u64,
    pub(super) seeds: u32,
    /// World by world, and in each policy by policy.
    summaries: Vec<Summary>,
}

/// Sets how much more than was seen is taken for chance.
const BEYOND: f64 = 1.2;
/// The time after which progress is shown.
const LONG: Duration = Duration::from_secs(1);

impl Grid {
    /// Runs everything. What a run gives does not depend on the threads.
    pub(super) fn run(worlds: Vec<NamedWorld>, specs: Vec<Spec>, seed: u64, seeds: u32) -> Result<Self, Failure> {
        let of_world = specs.len() * seeds as usize;
        let all = worlds.len() * of_world;
        let next = AtomicUsize::new(0);
        let results: Mutex<Vec<Option<Result<Outcome, WorldError>>>> = Mutex::new(vec![None; all]);
        let progress = Progress::new(all);
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(all);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    loop {
                        let job = next.fetch_add(1, Ordering::Relaxed);
                        if job >= all {
                            return;
                        }
                        let (world, rest) = (&worlds[job / of_world].world, job % of_world);
                        let (spec, number) = (&specs[rest / seeds as usize], (rest % seeds as usize) as u32);
                        let outcome = world.run(&spec.candidate(), World::seed(seed, number));
                        if let Ok(mut results) = results.lock() {
                            results[job] = Some(outcome);
                        }
                        progress.done();
                    }
                });
            }
        });
        progress.clear();
        let results = results.into_inner().unwrap_or_default();
        let outcomes: Result<Vec<Outcome>, WorldError> = results.into_iter().flatten().collect();
        let outcomes = outcomes.map_err(|error| Failure::Usage(error.to_string()))?;
        let summaries = outcomes.chunks(seeds as usize).map(|runs| Summary::new(runs.to_vec())).collect();
        Ok(Self { worlds, specs, seed, seeds, summaries })
    }

    /// Refuses policies that send more than the records of a world have seen, since nothing is known of such a load.
    pub(super) fn refuse_unseen(&self) -> Result<(), Failure> {
        for (world, rows) in self.by_world() {
            let Some(seen) = world.seen else { continue };
            for (spec, summary) in rows {
                let most = summary.figure(most_per_second).mean;
                if most > seen * BEYOND {
                    return Err(Failure::Usage(format!(
                        "world {}, policy {}: it sends {most:.0} a second, and the records have seen {seen} at most, so nothing \
                         is known of what the servers would do; without seen_per_second the world says nothing of it",
                        world.name, spec.name
                    )));
                }
            }
        }
        Ok(())
    }

    /// Returns the worlds, each with its policies and what came of them.
    pub(super) fn by_world(&self) -> impl Iterator<Item = (&NamedWorld, Vec<(&Spec, &Summary)>)> {
        let rows = self.summaries.chunks(self.specs.len()).map(|row| self.specs.iter().zip(row).collect());
        self.worlds.iter().zip(rows)
    }
}

/// Returns the most sends of a second.
fn most_per_second(outcome: &Outcome) -> f64 {
    let slices = (1.0 / outcome.width.as_secs_f64()).round().max(1.0) as usize;
    let sends = outcome.slices.chunks(slices).map(|slices| slices.iter().map(|slice| slice.sends).sum::<u64>());
    sends.max().unwrap_or(0) as f64
}

/// Counts runs on standard error, if that is a terminal and there is something to wait for.
struct Progress {
    all: usize,
    done: AtomicUsize,
    since: Instant,
    is_shown: bool,
}

impl Progress {
    fn new(all: usize) -> Self {
        Self { all, done: AtomicUsize::new(0), since: Instant::now(), is_shown: stderr().is_terminal() }
    }

    fn done(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if self.is_shown && self.since.elapsed() > LONG {
            let _ = write!(stderr(), "\r{done} of {} runs", self.all);
        }
    }

    fn clear(&self) {
        if self.is_shown && self.since.elapsed() > LONG {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }
}

//! A server whose median drifts: what a fixed hedge delay costs then, and a percentile of the latest answers does not.

use std::time::Duration;

use insist_core::{Instant, Latencies, Policy, Verdict};
use insist_sim::{Backend, Candidate, Clients, Draw, Outcome, Request, Servers, Step, Times, World};

const MS: Duration = Duration::from_millis(1);
const S: Duration = Duration::from_secs(1);
/// When 2 ms become 20.
const DRIFTS: Duration = Duration::from_secs(10);

/// Answers after 2 ms, later after 20, and every twentieth time 98 ms after that.
struct Drifting;

impl Backend for Drifting {
    fn step(&mut self, now: Instant, _: &mut Request, draw: &mut Draw) -> Step {
        let median = if now.saturating_since(Instant::ZERO) < DRIFTS { 2 * MS } else { 20 * MS };
        let tail = Times::Mix(vec![(0.95, Times::Constant(Duration::ZERO)), (0.05, Times::Constant(98 * MS))]);
        Step::Answer(median + tail.draw(draw), Verdict::Accept)
    }
}

/// Eight workers that call without a pause.
fn world(warm_up: Duration, lasting: Duration) -> World {
    let workers = Clients::closed(8, Times::Constant(Duration::ZERO));
    World::new(workers, Servers::new(Times::Constant(MS))).warm_up(warm_up).lasting(lasting)
}

const PLAIN: Policy = Policy::exponential(Duration::from_millis(100));
const HEDGED: Policy = PLAIN.lanes(2);

/// Returns what comes of a policy before the drift, and from then on with a gate that knows what was before.
fn phases(policy: Policy, seed: u64) -> [Outcome; 2] {
    let candidate = Candidate::new("", policy).gate(Latencies::new);
    let run = |world: World| world.run_with(&candidate, seed, &mut Drifting).unwrap();
    [run(world(Duration::ZERO, DRIFTS)), run(world(DRIFTS, 30 * S))]
}

/// The median, the 99th percentile, each beside that of plain calls in the same phase, and the requests for each call.
#[derive(Debug)]
struct Ratios {
    p50: f64,
    p99: f64,
    requests: f64,
}

fn ratios(name: &str, policy: Policy, seed: u64) -> [Ratios; 2] {
    let time = |outcome: &Outcome, share| outcome.success_times.quantile(share).unwrap().as_secs_f64();
    let (plain, hedged) = (phases(PLAIN, seed), phases(policy, seed));
    [0, 1].map(|phase| {
        let beside = |share| time(&hedged[phase], share) / time(&plain[phase], share);
        let ratios = Ratios { p50: beside(0.5), p99: beside(0.99), requests: hedged[phase].sends_per_call() };
        println!("{name} at {} ms, {} calls: {ratios:.3?}", [2, 20][phase], hedged[phase].calls);
        ratios
    })
}

/// As many answers are slow as lie beyond the percentile, so it is now one of the fast and now one of the slow: in the slow
/// phase the 99th percentile is from 0.5 to 0.85 of the plain one, by the seed.
#[test]
fn a_percentile_follows_the_drift_and_costs_5_requests_more_in_100() {
    for seed in 1..=8 {
        let [fast, slow] = ratios("hedged at p95", HEDGED.hedge_at(95.0), seed);
        assert!(fast.p50 <= 1.1, "{seed}: {fast:?}");
        assert!(fast.p99 <= 0.12, "{seed}: {fast:?}");
        assert!(fast.requests <= 1.08, "{seed}: {fast:?}");
        assert!(slow.p50 <= 1.1, "{seed}: {slow:?}");
        assert!(slow.p99 <= 0.9, "{seed}: {slow:?}");
        assert!(slow.requests <= 1.08, "{seed}: {slow:?}");
    }
}

#[test]
fn a_fixed_delay_doubles_the_requests_once_the_server_is_slower() {
    let [fast, slow] = ratios("hedged after 5 ms", HEDGED.hedge_after(5 * MS), 7);
    assert!(fast.requests <= 1.06, "{fast:?}");
    assert!(slow.requests >= 1.99, "{slow:?}");
}

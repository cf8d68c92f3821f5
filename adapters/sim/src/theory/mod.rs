//! What queueing theory and arithmetic say, to set beside what a world shows.

/// Returns how long an attempt waits in the mean before a server with Poisson arrivals and exponential service (M/M/1), in
/// seconds, for arrivals and services a second; `None` if the server does not keep up.
///
/// ```
/// use insist_sim::theory::mm1_wait;
///
/// assert_eq!(mm1_wait(50.0, 100.0), Some(0.01)); // ρ / (μ - λ)
/// assert_eq!(mm1_wait(100.0, 100.0), None);
/// ```
#[must_use]
pub fn mm1_wait(arrivals: f64, services: f64) -> Option<f64> {
    mmc_wait(arrivals, services, 1)
}

/// Returns how long an attempt waits in the mean before several workers with Poisson arrivals and exponential service
/// (M/M/c, by Erlang's C), in seconds; `None` if they do not keep up.
#[must_use]
pub fn mmc_wait(arrivals: f64, services: f64, workers: u32) -> Option<f64> {
    let spare = f64::from(workers) * services - arrivals;
    (spare > 0.0).then(|| erlang_c(arrivals / services, workers) / spare)
}

/// Returns the share of attempts that have to wait before so many workers, for a load in workers.
#[must_use]
pub fn erlang_c(load: f64, workers: u32) -> f64 {
    // Erlang's B by its recursion, and C from it.
    let mut blocked = 1.0;
    for worker in 1..=workers {
        blocked = load * blocked / (f64::from(worker) + load * blocked);
    }
    let busy = load / f64::from(workers);
    blocked / (1.0 - busy * (1.0 - blocked))
}

/// Returns the sends of a call with so many attempts, each of which fails with this probability.
///
/// ```
/// assert_eq!(insist_sim::theory::sends(0.5, 3), 1.75);
/// ```
#[must_use]
pub fn sends(failure: f64, attempts: u32) -> f64 {
    let mut sum = 0.0;
    let mut reached = 1.0;
    for _ in 0..attempts {
        sum += reached;
        reached *= failure;
    }
    sum
}

/// Returns the share that is slow of requests which ask so many servers, each of which is slow with this probability
/// (Dean and Barroso, "The Tail at Scale", 2013).
#[must_use]
pub fn any_slow(slow: f64, servers: u32) -> f64 {
    1.0 - (0..servers).fold(1.0, |fast, _| fast * (1.0 - slow))
}

/// Returns how long the backlog of an outage takes to drain, in seconds, where each call is sent `1 + ratio` times while it
/// does; `None` if it never drains.
///
/// ```
/// let drain = insist_sim::theory::drain(280.0, 300.0, 10.0, 0.0);
/// assert_eq!(drain, Some(140.0));
/// ```
#[must_use]
pub fn drain(arrivals: f64, capacity: f64, outage: f64, ratio: f64) -> Option<f64> {
    let spare = capacity - arrivals * (1.0 + ratio);
    (spare > 0.0).then(|| arrivals * (1.0 + ratio) * outage / spare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_worker_is_the_special_case() {
        assert!((erlang_c(0.8, 1) - 0.8).abs() < 1e-12);
        // Two workers: 2 ρ² / (1 + ρ).
        assert!((erlang_c(1.6, 2) - 2.0 * 0.64 / 1.8).abs() < 1e-12);
        assert_eq!(mmc_wait(200.0, 100.0, 2), None);
    }

    #[test]
    fn the_published_examples_come_out() {
        assert!((any_slow(0.01, 100) - 0.63).abs() < 0.005);
        assert!((any_slow(0.0001, 2000) - 0.181).abs() < 0.001);
        assert!((sends(0.5, 3) - 1.75).abs() < 1e-12 && sends(1.0, 4) == 4.0);
        assert_eq!(drain(280.0, 300.0, 10.0, 0.1), None);
    }
}

//! Presets: the policies of well-known systems, to build on.
//!
//! A preset carries attempts, waits and limits. Which outcomes are worth a retry is said by verdicts, not here.

use core::time::Duration;

use super::Policy;
use crate::jitter::Jitter;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

impl Policy {
    /// Lists every preset with the name that it has in policy files and on the command line.
    ///
    /// ```
    /// use insist_core::Policy;
    ///
    /// let named = Policy::PRESETS.iter().find(|(name, _)| *name == "aws");
    /// assert_eq!(named.map(|(_, policy)| *policy), Some(Policy::aws()));
    /// ```
    pub const PRESETS: &'static [(&'static str, Self)] = &[
        ("pester", Self::pester()),
        ("elastic", Self::elastic()),
        ("cenkalti", Self::cenkalti()),
        ("grpc", Self::grpc()),
        ("grpc-hedging", Self::grpc_hedging()),
        ("aws", Self::aws()),
    ];

    /// Has the numbers of pester's client (github.com/sethgrid/pester): 3 attempts in each lane, 1 s apart, without jitter.
    ///
    /// Pester's `Concurrency` is [`lanes`](Self::lanes): `pester().lanes(3)` makes up to 9 attempts, 3 at a time.
    ///
    /// It differs on purpose: hints are honoured, where pester waits 1 s whatever `Retry-After` says.
    pub const fn pester() -> Self {
        Self::constant(ms(1000)).unlimited_attempts().lane_attempts(3)
    }

    /// Has the numbers of the exponential backoff in elastic's wiki (github.com/olivere/elastic): 10 ms × 2, each delay multiplied with a
    /// number drawn from 1 up to 2, until one reaches 8 s. No limit on attempts; that makes 9 or 10 retries.
    ///
    /// A delay of t drawn from t up to 2 t is 1.5 t ± 1/3, so the base is 15 ms. Elastic's client as it comes does
    /// not retry at all.
    ///
    /// It differs on purpose: the first delay is used, where elastic skips it and makes 8 or 9 retries; and delays
    /// are drawn to the nanosecond, not cut to milliseconds.
    pub const fn elastic() -> Self {
        Self::exponential(ms(15)).jitter(Jitter::fraction(1.0 / 3.0)).cap_that_stops(ms(8_000)).unlimited_attempts()
    }

    /// Has the numbers of cenkalti's exponential backoff (github.com/cenkalti/backoff): 500 ms × 1.5 with a cap of 60 s, ± 50 %,
    /// as often as fits into 15 minutes.
    ///
    /// It differs on purpose: no delay lies above the cap, where cenkalti's may by half; and an attempt in flight
    /// when the 15 minutes are over is cancelled.
    pub const fn cenkalti() -> Self {
        Self::exponential(ms(500))
            .factor(1.5)
            .cap(ms(60_000))
            .jitter(Jitter::fraction(0.5))
            .unlimited_attempts()
            .deadline(ms(900_000))
    }

    /// Has the numbers of the retry policy that gRPC's proposal A6 gives as its example: 4 attempts, 100 ms × 2 with a cap of 1 s,
    /// ± 20 %. The backoff starts anew after a pushback, and up to 16 attempts that were never sent are not counted.
    ///
    /// It differs on purpose: no delay lies above the cap, where gRPC's may by a fifth; and gRPC retries what was never sent at
    /// once and without a limit, where this waits and has one.
    pub const fn grpc() -> Self {
        Self::exponential(ms(100))
            .cap(ms(1000))
            .jitter(Jitter::fraction(0.2))
            .attempts(4)
            .unsent_attempts(16)
            .restart_after_hint(true)
    }

    /// Has the numbers of the hedging policy that gRPC's proposal A6 gives as its example: 4 attempts, each in a lane of its own, 500 ms
    /// apart; a failure opens the next lane at once. No lane retries.
    ///
    /// A call that may not be repeated is not hedged, and makes 1 attempt.
    pub const fn grpc_hedging() -> Self {
        Self::stop().attempts(4).lane_attempts(1).lanes(4).hedge_after(ms(500)).hedge_on_failure(true)
    }

    /// Has the numbers of the standard mode of the AWS SDKs (2.1): 3 attempts, 50 ms × 2 with a cap of 20 s, full jitter; 1 s × 2
    /// after a throttled failure.
    ///
    /// It differs on purpose: a hint is never shortened, where AWS waits at most 5 s more than its backoff says.
    pub const fn aws() -> Self {
        Self::exponential(ms(50)).cap(ms(20_000)).throttled_base(ms(1000)).attempts(3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_makes_sense_and_has_a_name_of_its_own() {
        for (index, (name, policy)) in Policy::PRESETS.iter().enumerate() {
            assert_eq!(policy.validate(), Ok(()), "{name}");
            assert!(Policy::PRESETS[..index].iter().all(|(other, _)| other != name), "{name}");
        }
    }
}

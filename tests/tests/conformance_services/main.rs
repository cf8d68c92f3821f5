//! Conformance with AWS's SDKs, gRPC, Envoy, Finagle, tower and resilience4j: the numbers of their own tests, and what was
//! published about them, in virtual time.
//!
//! Rows such as S1 or G3 are those of the systems' tests. Other rows stand elsewhere: what the presets carry in
//! `tests/presets`, Finagle's and tower's budgets in `tests/budget/systems.rs`, failsafe's, Polly's and resilience4j's
//! breakers in `tests/breaker/systems.rs`, and the libraries that are clients in `tests/conformance_clients`.

mod botocore;
mod cubic;
mod drain;
mod envoy;
mod finagle;
mod grpc;
mod metastable;
mod resilience4j;
mod smithy;
mod sre;
mod together;
mod token_bucket;
mod tower;

use std::time::Duration;

use insist_core::{
    Action, Admission, Call, Cause, Gate, Handled, Instant, Policy, Reason, Refusal, Repeat, Script, Timeline, Verdict,
    play_with,
};

const RETRY: Verdict = Verdict::retry();
const THROTTLED: Verdict = Verdict::retry().throttled();

/// A call with one lane that is driven by hand in virtual time. Its attempts take no time.
struct Hand<'a, G: Gate> {
    call: Call<&'a Policy, G>,
    now: Instant,
    id: u32,
}

impl<'a, G: Gate> Hand<'a, G> {
    /// The first attempt is sent.
    #[track_caller]
    fn new(policy: &'a Policy, gate: G) -> Self {
        let mut hand = Self { call: Call::new(policy, gate, Instant::ZERO, 7), now: Instant::ZERO, id: 0 };
        hand.send();
        hand
    }

    #[track_caller]
    fn send(&mut self) {
        match self.call.poll(self.now) {
            Action::Send(attempt) => self.id = attempt.id,
            other => panic!("{other} is no send"),
        }
    }

    /// The attempt fails like this: how long the call waits before the next one, which is sent then, or why it gives up.
    #[track_caller]
    fn fail(&mut self, verdict: Verdict) -> Result<Duration, Reason> {
        assert_ne!(self.call.handle(self.now, self.id, verdict), Handled::Late);
        match self.call.poll(self.now) {
            Action::Wait { until: Some(until), .. } => {
                let wait = until.saturating_since(self.now);
                self.now = until;
                self.send();
                Ok(wait)
            }
            Action::Send(attempt) => {
                self.id = attempt.id;
                Ok(Duration::ZERO)
            }
            Action::GiveUp(stop) => Err(stop.reason()),
            other => panic!("{other} is neither a retry nor the end"),
        }
    }

    #[track_caller]
    fn succeed(&mut self) {
        assert_eq!(self.call.handle(self.now, self.id, Verdict::Accept), Handled::Over);
        assert_eq!(self.call.poll(self.now), Action::Return(self.id));
    }
}

/// Refuses what is about to be sent; first sends only if it is told so.
struct Closed {
    for_firsts: bool,
}

impl Gate for Closed {
    fn admit(&self, _: Instant, cause: &Cause) -> Admission {
        if *cause == Cause::FIRST && !self.for_firsts { Admission::Yes } else { Admission::No(Refusal::new(&"closed")) }
    }
}

/// Attempts 1, 2, 3 … end with these verdicts, each after this span.
fn script(after: Duration, verdicts: &[Verdict]) -> Script {
    let numbered = verdicts.iter().zip(1..);
    numbered.fold(Script::new(), |script, (verdict, id)| script.outcome(id, after, *verdict))
}

/// Attempts 1, 2, 3 … end with these verdicts at once.
fn played<G: Gate>(policy: &Policy, gate: &G, verdicts: &[Verdict]) -> Timeline {
    play_with(policy, gate, Repeat::Always, Instant::ZERO, 7, &script(Duration::ZERO, verdicts))
}

fn sends(timeline: &Timeline) -> Vec<Instant> {
    timeline.steps.iter().filter(|step| matches!(step.action, Action::Send(_))).map(|step| step.at).collect()
}

/// Why the call gave up, and when.
#[track_caller]
fn gave_up(timeline: &Timeline) -> (Reason, Instant) {
    match timeline.steps.last().map(|step| (step.action, step.at)) {
        Some((Action::GiveUp(stop), at)) => (stop.reason(), at),
        _ => panic!("the call did not give up:\n{timeline}"),
    }
}

#[track_caller]
fn assert_near(value: f64, expected: f64, tolerance: f64) {
    assert!((value - expected).abs() <= tolerance, "{value} is not {expected}");
}

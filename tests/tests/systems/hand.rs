//! A call that is driven by hand, calls that are played against a gate, and what the rules conclude.

use std::time::{Duration, SystemTime};

use insist_core::{
    Action, Admission, Call, Cause, Gate, Handled, Instant, Policy, Reason, Refusal, Repeat, Timeline, Verdict,
    play_with,
};
use insist_http::Rules;
use insist_http::http::{HeaderMap, StatusCode};
use insist_tests::words::script_after;

/// A call with one lane that is driven by hand in virtual time. Its attempts take no time.
pub(crate) struct Hand<'a, G: Gate> {
    pub(crate) call: Call<&'a Policy, G>,
    now: Instant,
    id: u32,
}

impl<'a, G: Gate> Hand<'a, G> {
    /// The first attempt is sent.
    #[track_caller]
    pub(crate) fn new(policy: &'a Policy, gate: G) -> Self {
        let mut hand = Self { call: Call::new(policy, gate, Instant::ZERO, 7), now: Instant::ZERO, id: 0 };
        hand.send();
        hand
    }

    /// Sends the next attempt.
    #[track_caller]
    pub(crate) fn send(&mut self) {
        match self.call.poll(self.now) {
            Action::Send(attempt) => self.id = attempt.id,
            other => panic!("{other} is no send"),
        }
    }

    /// The attempt fails like this: how long the call waits before the next one, which is sent then, or why it gives up.
    #[track_caller]
    pub(crate) fn fail(&mut self, verdict: Verdict) -> Result<Duration, Reason> {
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

    /// The attempt succeeds, and the call returns it.
    #[track_caller]
    pub(crate) fn succeed(&mut self) {
        assert_eq!(self.call.handle(self.now, self.id, Verdict::Accept), Handled::Over);
        assert_eq!(self.call.poll(self.now), Action::Return(self.id));
    }
}

/// Refuses what is about to be sent; first sends only if it is told so.
pub(crate) struct Closed {
    pub(crate) for_firsts: bool,
}

impl Gate for Closed {
    fn admit(&self, _: Instant, cause: &Cause) -> Admission {
        if *cause == Cause::FIRST && !self.for_firsts { Admission::Yes } else { Admission::No(Refusal::new(&"closed")) }
    }
}

/// Attempts 1, 2, 3 … end with these verdicts at once.
pub(crate) fn played<G: Gate>(policy: &Policy, gate: &G, verdicts: &[Verdict]) -> Timeline {
    play_with(policy, gate, Repeat::Always, Instant::ZERO, 7, &script_after(Duration::ZERO, verdicts))
}

/// Returns what the rules conclude from an answer with that status.
pub(crate) fn answered(rules: &Rules, status: u16) -> Verdict {
    rules.judge(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), SystemTime::UNIX_EPOCH)
}

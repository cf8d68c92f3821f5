//! The budget as the gate of whole calls, in virtual time.

use insist_core::{Budget, Instant, Jitter, Policy, Repeat, Script, Verdict, play_with};
use insist_tests::by_hand::ms;

use super::at;

const POLICY: Policy = Policy::constant(ms(100)).jitter(Jitter::None).attempts(5);

#[test]
fn a_call_that_fails_uses_the_reserve_and_then_gives_up() {
    let budget = Budget::new(0.5).with_reserve(2);
    let script = (1..=5).fold(Script::new(), |script, id| script.outcome(id, ms(10), Verdict::retry()));
    let timeline = play_with(&POLICY, &budget, Repeat::Always, Instant::ZERO, 1, &script);
    assert_eq!(
        timeline.to_string(),
        "0ns: send attempt 1 (first in lane 0)\n\
         0ns: wait for an outcome\n\
         10ms: wait until 110ms (backoff)\n\
         110ms: send attempt 2 (retry in lane 0)\n\
         110ms: wait for an outcome\n\
         120ms: wait until 220ms (backoff)\n\
         220ms: send attempt 3 (retry in lane 0)\n\
         220ms: wait for an outcome\n\
         230ms: give up: a gate refused another attempt (budget is used up)\n",
    );
    assert_eq!(budget.state(at(230)).to_string(), "2 retries and hedges for 1 first send, 0 left");
}

/// What a call reserved for a wait is given back when the call ends in it.
#[test]
fn a_wait_that_leads_to_no_send_is_refunded() {
    let budget = Budget::new(1.0).with_reserve(5);
    let policy = POLICY.lanes(2);
    let script = Script::new().outcome(1, ms(10), Verdict::retry()).outcome(2, ms(50), Verdict::Accept);
    let _ = play_with(&policy, &budget, Repeat::Always, Instant::ZERO, 1, &script);
    // The hedge was sent; the retry of lane 0 was reserved at 10 ms and refunded at 50 ms.
    assert_eq!(budget.state(at(50)).charged, 1);
}

/// The first send of a call that a second gate refuses is no first send.
#[test]
fn a_first_send_that_another_gate_refuses_deposits_nothing() {
    struct Shut;
    impl insist_core::Gate for Shut {
        fn admit(&self, _: insist_core::Instant, _: &insist_core::Cause) -> insist_core::Admission {
            insist_core::Admission::No(insist_core::Refusal::new(&"shut"))
        }
    }
    let budget = Budget::new(1.0);
    let _ = play_with(&POLICY, &(&budget, Shut), Repeat::Always, Instant::ZERO, 1, &Script::new());
    assert_eq!(budget.state(at(0)).firsts, 0);
}

//! Strategies for proptest: valid policies of every shape, scripts, seeds and gates. They shrink towards few attempts,
//! one lane, no wait and no failure.
//!
//! ```
//! use insist_core::testing::{rehearse, strategy};
//! use insist_core::{Policy, Script};
//! use proptest::prelude::*;
//!
//! proptest!(|(policy in any::<Policy>(), script in any::<Script>(), seed in strategy::seeds())| {
//!     rehearse(&policy).script(script).seed(seed).play().assert_at_most_sends(policy.get_attempts().unwrap());
//! });
//! ```

use alloc::vec::Vec;
use core::time::Duration;

use proptest::arbitrary::Arbitrary;
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::strategy::BoxedStrategy;

use super::parts::Parts;
use super::scripted_gate::{Answer, ScriptedGate};
use crate::jitter::Jitter;
use crate::play::Script;
use crate::policy::Policy;
use crate::verdict::{Repeat, Sent, Verdict};

/// Makes valid policies of every shape, with up to 16 attempts and 8 lanes.
pub fn policies() -> BoxedStrategy<Policy> {
    let waits = (0_u8..9, jitter_numbers(), 0_u16..2_000, 1_u8..=40, [0_u16..2_000, 0_u16..2_000, 0_u16..2_000]);
    let counts = (0_u8..16, weighted(0.2, 0_u8..6), prop_oneof![3 => Just(0_u8), 1 => 0_u8..8]);
    let hedges = (0_u16..500, prop::bool::weighted(0.2));
    let times = (weighted(0.3, 1_u16..5_000), weighted(0.4, 1_u32..60_000));
    let bounds = (weighted(0.2, 0_u16..500), weighted(0.3, 0_u32..20_000), prop::bool::weighted(0.2));
    let hints = (weighted(0.2, 0_u32..600_000), prop::bool::weighted(0.1));
    let parts =
        (waits, counts, hedges, times, bounds, hints).prop_map(|(waits, counts, hedges, times, bounds, hints)| Parts {
            shape: waits.0,
            jitter: waits.1,
            base_ms: waits.2,
            factor: waits.3,
            delays_ms: waits.4,
            more_attempts: counts.0,
            lane_attempts: counts.1,
            more_lanes: counts.2,
            hedge_after_ms: hedges.0,
            hedge_on_failure: hedges.1,
            attempt_timeout_ms: times.0,
            deadline_ms: times.1,
            floor_ms: bounds.0,
            cap_ms: bounds.1,
            cap_stops: bounds.2,
            hint_limit_ms: hints.0,
            ignore_hints: hints.1,
        });
    parts.prop_map(Policy::from).boxed()
}

fn jitter_numbers() -> impl Strategy<Value = u8> {
    prop_oneof![Just(0_u8), Just(1), Just(2), 3_u8..=103]
}

/// Makes jitters of every kind.
pub fn jitters() -> BoxedStrategy<Jitter> {
    let fractions = (0_u8..=100).prop_map(|percent| Jitter::fraction(f64::from(percent) / 100.0));
    prop_oneof![Just(Jitter::None), Just(Jitter::Full), Just(Jitter::Equal), fractions].boxed()
}

/// Makes verdicts, most of them failures, some with hints.
pub fn verdicts() -> BoxedStrategy<Verdict> {
    let hints = weighted(0.2, (any::<bool>(), 0_u64..10_000));
    let failures = (any::<bool>(), prop::bool::weighted(0.2), hints).prop_map(|(may_be_sent, throttled, hint)| {
        let retry = Verdict::retry().sent(if may_be_sent { Sent::Maybe } else { Sent::No });
        let retry = if throttled { retry.throttled() } else { retry };
        match hint {
            None => retry,
            Some((false, millis)) => retry.after(Duration::from_millis(millis)),
            Some((true, millis)) => retry.exactly_after(Duration::from_millis(millis)),
        }
    });
    prop_oneof![3 => Just(Verdict::Accept), 1 => Just(Verdict::Stop), 8 => failures].boxed()
}

/// Makes scripts of up to 16 attempts that end within 5 s; some have no outcome.
pub fn scripts() -> BoxedStrategy<Script> {
    vec(weighted(0.9, (0_u64..5_000, verdicts())), 0..16).prop_map(script).boxed()
}

fn script(outcomes: Vec<Option<(u64, Verdict)>>) -> Script {
    let numbered = (1..).zip(outcomes).filter_map(|(attempt, outcome)| outcome.map(|outcome| (attempt, outcome)));
    numbered.fold(Script::new(), |script, (attempt, (millis, verdict))| {
        script.outcome(attempt, Duration::from_millis(millis), verdict)
    })
}

/// Makes seeds.
pub fn seeds() -> BoxedStrategy<u64> {
    any::<u64>().boxed()
}

/// Makes gates that hold and refuse now and then.
pub fn gates() -> BoxedStrategy<ScriptedGate> {
    let holds = (0_u64..2_000).prop_map(|millis| Answer::Hold(Duration::from_millis(millis)));
    let answers = prop_oneof![6 => Just(Answer::Pass), 2 => holds, 1 => Just(Answer::Refuse)];
    vec(answers, 0..16).prop_map(ScriptedGate::new).boxed()
}

/// Makes each kind of repeat.
pub fn repeats() -> BoxedStrategy<Repeat> {
    prop_oneof![Just(Repeat::Always), Just(Repeat::IfUnsent), Just(Repeat::Never)].boxed()
}

macro_rules! any {
    ($($made:ty: $strategy:ident;)+) => {
        $(
            impl Arbitrary for $made {
                type Parameters = ();
                type Strategy = BoxedStrategy<Self>;

                fn arbitrary_with((): ()) -> Self::Strategy {
                    $strategy()
                }
            }
        )+
    };
}

any! {
    Policy: policies;
    Jitter: jitters;
    Verdict: verdicts;
    Script: scripts;
    ScriptedGate: gates;
    Repeat: repeats;
}

#[cfg(test)]
mod tests {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    use super::*;
    use crate::testing::rehearse;

    proptest! {
        #[test]
        fn every_policy_is_valid_and_no_call_leaks(
            policy in any::<Policy>(), script in any::<Script>(), gate in any::<ScriptedGate>(), repeat in any::<Repeat>(), seed in seeds(),
        ) {
            prop_assert_eq!(policy.validate(), Ok(()));
            let played = rehearse(&policy).script(script).gate(&gate).repeat(repeat).seed(seed).play();
            played.assert_at_most_sends(policy.get_attempts().unwrap_or(u32::MAX));
            played.assert_at_most_in_flight(policy.get_lanes().into());
            gate.assert_nothing_open();
        }
    }

    #[test]
    fn a_policy_shrinks_to_one_attempt_in_one_lane_without_a_wait() {
        let mut tree = policies().new_tree(&mut TestRunner::deterministic()).unwrap();
        for _ in 0..10_000 {
            if !tree.simplify() {
                break;
            }
        }
        let policy = tree.current();
        assert_eq!(policy.get_attempts(), Some(1));
        assert_eq!(policy.get_lanes(), 1);
        assert_eq!(policy.get_backoff(), &crate::Shape::Zero);
        assert_eq!(policy.get_deadline(), None);
    }
}

//! Makes policies, scripts and verdicts of a fuzzer's bytes.

use core::time::Duration;

use arbitrary::{Arbitrary, Result, Unstructured};

use super::parts::Parts;
use super::scripted_gate::{Answer, ScriptedGate};
use crate::jitter::Jitter;
use crate::play::Script;
use crate::policy::Policy;
use crate::verdict::{Repeat, Sent, Verdict};

/// Makes a valid policy of any shape.
impl<'a> Arbitrary<'a> for Policy {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        let parts = Parts {
            shape: bytes.arbitrary()?,
            jitter: bytes.arbitrary()?,
            base_ms: bytes.arbitrary()?,
            factor: bytes.arbitrary()?,
            delays_ms: bytes.arbitrary()?,
            more_attempts: bytes.int_in_range(0..=15)?,
            lane_attempts: bytes.arbitrary()?,
            more_lanes: bytes.int_in_range(0..=7)?,
            hedge_after_ms: bytes.arbitrary()?,
            hedge_on_failure: bytes.arbitrary()?,
            attempt_timeout_ms: bytes.arbitrary()?,
            deadline_ms: bytes.arbitrary()?,
            floor_ms: bytes.arbitrary()?,
            cap_ms: bytes.arbitrary()?,
            cap_stops: bytes.arbitrary()?,
            hint_limit_ms: bytes.arbitrary()?,
            ignore_hints: bytes.arbitrary()?,
        };
        Ok(parts.into())
    }
}

/// Makes a valid jitter.
impl<'a> Arbitrary<'a> for Jitter {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        Ok(match bytes.int_in_range(0..=103_u8)? {
            0 => Self::None,
            1 => Self::Full,
            2 => Self::Equal,
            percent => Self::fraction(f64::from(percent - 3) / 100.0),
        })
    }
}

impl<'a> Arbitrary<'a> for Verdict {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        let retry = match bytes.int_in_range(0..=3_u8)? {
            0 => return Ok(Self::Accept),
            1 => return Ok(Self::Stop),
            _ => Self::retry(),
        };
        let sent = retry.sent(if bytes.arbitrary()? { Sent::Maybe } else { Sent::No });
        let told = if bytes.arbitrary()? { sent.throttled() } else { sent };
        Ok(match bytes.arbitrary::<Option<(bool, u16)>>()? {
            None => told,
            Some((true, millis)) => told.exactly_after(Duration::from_millis(millis.into())),
            Some((false, millis)) => told.after(Duration::from_millis(millis.into())),
        })
    }
}

impl<'a> Arbitrary<'a> for Repeat {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        bytes.choose(&[Self::Always, Self::IfUnsent, Self::Never]).copied()
    }
}

/// Makes outcomes of the first attempts; later ones never answer.
impl<'a> Arbitrary<'a> for Script {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        let mut script = Self::new();
        for attempt in 1..=bytes.int_in_range(0..=15)? {
            let after = Duration::from_millis(bytes.arbitrary::<u16>()?.into());
            script = script.outcome(attempt, after, bytes.arbitrary()?);
        }
        Ok(script)
    }
}

impl<'a> Arbitrary<'a> for Answer {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        Ok(match bytes.int_in_range(0..=3_u8)? {
            0 => Self::Refuse,
            1 => Self::Hold(Duration::from_millis(bytes.arbitrary::<u16>()?.into())),
            _ => Self::Pass,
        })
    }
}

impl<'a> Arbitrary<'a> for ScriptedGate {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        let answers = bytes.arbitrary_iter()?.take(16).collect::<Result<alloc::vec::Vec<Answer>>>()?;
        Ok(Self::new(answers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::rehearse;

    #[test]
    fn any_bytes_are_a_valid_policy_whose_call_comes_to_something() {
        let mut state = 7_u64;
        for _ in 0..500 {
            let bytes: [u8; 200] = core::array::from_fn(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 56) as u8
            });
            let mut bytes = Unstructured::new(&bytes);
            let (policy, script) = (Policy::arbitrary(&mut bytes).unwrap(), Script::arbitrary(&mut bytes).unwrap());
            assert_eq!(policy.validate(), Ok(()));
            let gate = ScriptedGate::arbitrary(&mut bytes).unwrap();
            let most = policy.get_attempts().unwrap_or(u32::MAX);
            rehearse(&policy).script(script).gate(&gate).play().assert_at_most_sends(most);
            gate.assert_nothing_open();
        }
    }
}

//! A call that is taken up from any bytes at all: they are refused, or the call goes on and keeps the laws.

use std::cell::RefCell;

use insist_core::{Call, Policy, State};

use super::ledger::Ledger;
use super::ride::Ride;
use super::word::Words;
use crate::gate::Scripted;
use crate::sealed::sealed;
use crate::world::ROOM;

/// Reads a state from bytes that are raw, sealed, made up or tampered with, and goes on from it.
///
/// # Panics
///
/// If what was read is written otherwise, or if the call breaks a law.
pub fn resume(bytes: &[u8]) {
    let mut words = Words::new(bytes);
    let stored = match words.below(8) {
        0 => words.rest().to_vec(),
        1 => {
            let _ = serde_json::from_slice::<State>(bytes.get(1..).unwrap_or_default());
            sealed(words.bytes(u8::MAX).to_vec())
        }
        2..=4 => sealed(words.made_up()),
        _ => sealed(words.tampered()),
    };
    let (narrow, wide) = (read::<1>(&stored), read::<ROOM>(&stored));
    let _ = read::<0>(&stored);
    assert!(narrow.is_none() || wide.is_some(), "it fits in one lane, and not in more: {stored:?}");
    match (narrow, wide) {
        (Some(state), _) if words.is_rare(128) => go_on(&mut words, state),
        (_, Some(state)) => go_on(&mut words, state),
        _ => {}
    }
}

fn read<const LANES: usize>(stored: &[u8]) -> Option<State<LANES>> {
    let state = match State::<LANES>::decode(stored) {
        Ok(state) => state,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return None;
        }
    };
    let mut buffer = [0; State::<ROOM>::BYTES];
    assert_eq!(state.encode(&mut buffer), Ok(stored), "it is written in other bytes than it was read from");
    let json = serde_json::to_string(&state).expect("it has no odd keys");
    let again = serde_json::from_str::<State<LANES>>(&json).unwrap_or_else(|error| panic!("{json}: {error}"));
    assert_eq!(again, state, "{json}");
    Some(state)
}

/// Takes the call up, and again whenever the ride puts it away.
fn go_on<const LANES: usize>(words: &mut Words<'_>, state: State<LANES>) {
    let notes = RefCell::new(Vec::new());
    let gate = Ledger::new(Scripted::new(0, words.answers(), &notes));
    let mut ride = Ride::new(words.policy(), &state);
    let mut state = Some(state);
    while let Some(mut stored) = state.take() {
        ride.shift(words);
        if words.is_rare(64) {
            ride.operate(words, &mut stored);
            ride.shift(words);
        }
        let policy: Policy = ride.policy;
        let (fits, before) = (ride.fits(&stored), stored.clone());
        match Call::<_, _, LANES>::try_resume(&policy, &gate, ride.now(), stored) {
            Ok(call) => {
                assert!(fits, "it does not fit, and is taken up");
                ride.wake(&before);
                state = ride.go(call, words, &gate);
            }
            Err(refused) => {
                assert!(!fits, "it fits, and is refused: {}", refused.error);
                assert_eq!(refused.state, before, "it is given back as another");
                state = words.is_rare(64).then_some(refused.state);
            }
        }
        assert!(gate.is_even(), "law 12: it keeps what it was given");
        if state.is_some() && words.is_rare(32) {
            ride.policy = words.policy();
        }
    }
}

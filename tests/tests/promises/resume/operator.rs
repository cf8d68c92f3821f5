//! What an operator does to a call that is put away: send now, live again, another deadline.

use insist_core::{Action, Call, Cause, Handled, Policy, Reason, Repeat, State, StateError, Verdict};
use insist_tests::by_hand::{retries, sent, waits_until};
use insist_tests::gate::{Answer, Answers, Scripted};
use insist_tests::record::Question;
use insist_tests::words::{at, ms};

const POLICY: Policy = Policy::constant(ms(60_000)).attempts(3).deadline(ms(600_000));

/// As it comes back from its bytes.
fn kept<const LANES: usize>(state: &State<LANES>) -> State<LANES> {
    let mut buffer = [0; State::<3>::BYTES];
    State::decode(state.encode(&mut buffer).expect("it fits")).expect("it was a call's")
}

/// Attempts 1 and up failed at 0, until the call waits for 60 s or has given up.
fn failed(policy: &Policy, repeat: Repeat, verdict: Verdict) -> State {
    let mut call = Call::new(policy, (), at(0), 7).repeat(repeat);
    let mut id = 0;
    while let Action::Send(attempt) = call.poll(at(0)) {
        id += 1;
        assert_eq!(attempt.id, id);
        let _ = call.handle(at(0), id, verdict);
    }
    call.suspend()
}

#[test]
fn what_is_hastened_is_sent_now_and_its_gate_is_asked_again() {
    let notes = std::cell::RefCell::new(Vec::new());
    let gate = Scripted::new(0, Answers { reserve: vec![], admit: vec![Answer::In(5_000_000)] }, &notes);
    let mut state = failed(&POLICY, Repeat::Always, Verdict::retry().after(ms(9000)));
    assert_eq!(state.due(), Some(at(69_000)));
    state.hasten(at(1000));
    assert_eq!(state.due(), Some(at(1000)));
    let mut call = Call::try_resume(&POLICY, &gate, at(1000), kept(&state)).expect("it fits");
    assert_eq!(waits_until(call.poll(at(1000))), 1005);
    let told = Cause::retry(Verdict::retry().after(ms(9000)).into());
    let asked: Vec<Question> = notes.take().into_iter().map(|asked| asked.question).collect();
    assert_eq!(asked[0], Question::Reserve(told, Ok(())));
}

#[test]
fn a_hold_of_a_gate_is_hastened_too() {
    let notes = std::cell::RefCell::new(Vec::new());
    let gate =
        Scripted::new(0, Answers { reserve: vec![], admit: vec![Answer::In(9_000_000_000), Answer::Yes] }, &notes);
    let mut call = Call::new(&POLICY, &gate, at(0), 7);
    assert_eq!(waits_until(call.poll(at(0))), 9000);
    let mut state = call.suspend();
    state.hasten(at(10));
    let mut call = Call::try_resume(&POLICY, &gate, at(10), kept(&state)).expect("it fits");
    assert_eq!(sent(call.poll(at(10))), 1);
}

#[test]
fn a_revived_call_begins_again_but_for_the_numbers_of_its_attempts() {
    let policy = Policy::exponential(ms(100)).attempts(3).deadline(ms(60_000));
    let mut state = failed(&policy.attempts(1), Repeat::Always, Verdict::retry().after(ms(5)));
    assert_eq!(state.reason(), Some(Reason::Attempts));
    let start = at(500_000);
    state.revive(&policy, start).expect("it gave up, and may be repeated");
    assert_eq!(state.reason(), None);
    assert_eq!(state.deadline(), Some(at(560_000)));
    assert_eq!(state.due(), Some(start));
    assert_eq!(state.seed(), 7);

    let mut revived = Call::try_resume(&policy, (), start, kept(&state)).expect("it fits");
    let mut fresh = Call::new(&policy, (), start, 7);
    let mut now = start;
    for (old, new) in [(2, 1), (3, 2), (4, 3)] {
        assert_eq!(sent(revived.poll(now)), old);
        assert_eq!(sent(fresh.poll(now)), new);
        // The same limits, and the same draws.
        let handled = revived.handle(now, old, Verdict::retry());
        assert_eq!(handled, fresh.handle(now, new, Verdict::retry()));
        if let Handled::Retry { due } = handled {
            now = due;
        }
    }
    let Action::GiveUp(give_up) = revived.poll(now) else { panic!("it goes on") };
    assert_eq!(give_up.reason(), Reason::Attempts);
    assert_eq!(give_up.last(), Some(4));
    assert_eq!(give_up.hint(), None, "the hint of its first life is forgotten");
    assert_eq!(revived.state().attempts(), 4);
    assert_eq!(revived.state().retries(), 2);
    // Attempts of its first life are known, and late.
    assert_eq!(revived.handle(now, 1, Verdict::Accept), Handled::Late);
    assert_eq!(revived.handle(now, 5, Verdict::Accept), Handled::Unknown);
}

#[test]
fn what_cannot_be_revived_is_said_and_stays_as_it_was() {
    let once = POLICY.attempts(1);
    let dead = |repeat, verdict| failed(&once, repeat, verdict);
    for (mut state, policy, expected) in [
        (failed(&POLICY, Repeat::Always, Verdict::retry()), POLICY, StateError::Alive),
        (dead(Repeat::Always, Verdict::Accept), POLICY, StateError::Alive),
        (dead(Repeat::Always, Verdict::retry()), POLICY.lanes(2), StateError::Room { lanes: 2, room: 1 }),
        (dead(Repeat::IfUnsent, Verdict::retry()), POLICY, StateError::Repeat),
        (dead(Repeat::IfUnsent, Verdict::Stop), POLICY, StateError::Repeat),
        (dead(Repeat::Never, Verdict::retry().unsent()), POLICY, StateError::Repeat),
    ] {
        let before = state.clone();
        assert_eq!(state.revive(&policy, at(1000)), Err(expected));
        assert_eq!(state, before);
    }
    let mut unsent = dead(Repeat::IfUnsent, Verdict::retry().unsent());
    assert_eq!(unsent.revive(&POLICY, at(1000)), Ok(()));
}

#[test]
fn another_deadline_binds_what_comes_after_it() {
    let mut state = failed(&POLICY, Repeat::Always, Verdict::retry());
    assert_eq!(state.set_deadline(Some(at(60_000))), Err(StateError::Deadline { due: at(60_000) }));
    assert_eq!(state.set_deadline(Some(at(61_000))), Ok(()));
    let mut call = Call::try_resume(&POLICY, (), at(1000), kept(&state)).expect("it fits");
    let Action::Send(attempt) = call.poll(at(60_000)) else { panic!("it waits") };
    assert_eq!(attempt.timeout(), Some(ms(1000)));
    assert_eq!(call.handle(at(60_010), 2, Verdict::retry()), Handled::Over);
    assert_eq!(call.state().reason(), Some(Reason::Deadline));

    assert_eq!(state.set_deadline(None), Ok(()));
    let mut call = Call::try_resume(&POLICY, (), at(1000), state).expect("it fits");
    assert_eq!(sent(call.poll(at(60_000))), 2);
    assert_eq!(retries(call.handle(at(9_000_000), 2, Verdict::retry())), 9_060_000);
}

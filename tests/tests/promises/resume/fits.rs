//! Which policy a state can go on with.

use insist_core::{Action, Call, Policy, Reason, State, StateError, Verdict};
use insist_tests::by_hand::{retries, sent};
use insist_tests::plan::Plan;
use insist_tests::random;
use insist_tests::words::{at, ms};
use insist_tests::world::{self, Sees};
use proptest::strategy::Strategy;
use proptest::test_runner::{TestCaseError, TestRunner};

const POLICY: Policy = Policy::constant(ms(100)).attempts(4).lanes(2).hedge_after(ms(50));

/// Two lanes have opened, and there is room for three.
fn state() -> State<3> {
    let mut call = Call::with_lanes::<3>(&POLICY, &(), at(0), 7);
    assert_eq!([sent(call.poll(at(0))), sent(call.poll(at(50)))], [1, 2]);
    call.suspend()
}

fn gives_up(policy: &Policy) -> Option<Reason> {
    match Call::try_resume(policy, &(), at(60), state()).expect("it fits").poll(at(60)) {
        Action::GiveUp(stop) => Some(stop.reason()),
        _ => None,
    }
}

/// The state is not lost with the error: it goes on with a policy that fits.
#[test]
fn a_policy_that_does_not_fit_is_said_why_and_the_state_is_given_back() {
    for (policy, why) in [
        (POLICY.lanes(1), "2 lanes have opened, and the policy has 1; give it at least 2"),
        (POLICY.lanes(4), "there is room for 3 lanes, and it takes 4; use State<4>"),
        (POLICY.attempts(0), "the policy is invalid: attempts is 0; a call needs at least 1"),
    ] {
        assert_eq!(state().fits(&policy).map_err(|error| error.to_string()), Err(why.to_owned()));
        let refused = Call::try_resume(&policy, &(), at(60), state()).expect_err(why);
        assert_eq!(refused.error.to_string(), why);
        assert_eq!(refused.state, state());
        assert!(Call::try_resume(&POLICY, &(), at(60), refused.state).is_ok());
    }
}

#[test]
fn a_policy_may_change_while_a_call_is_put_away() {
    for policy in [POLICY, POLICY.lanes(3), POLICY.attempts(9), Policy::linear(ms(7)).lanes(2), POLICY.deadline(ms(1))]
    {
        assert_eq!(state().fits(&policy), Ok(()));
        assert_eq!(gives_up(&policy), None);
    }
    // Fewer attempts than were sent are no error: there are none left.
    assert_eq!(state().fits(&POLICY.attempts(1)), Ok(()));
    assert_eq!(gives_up(&POLICY.attempts(1)), Some(Reason::Attempts));
}

/// A process that counts from its own start takes up what was kept by one that counted from the epoch, and the other
/// way round: whole years lie between, in which every wait would be over.
#[test]
fn an_instant_of_another_origin_is_refused_and_one_of_the_same_is_not() {
    const YEAR: u64 = 365 * 86_400_000;
    let epoch = 1_795_000_000_000;
    for (then, now, is_same) in [
        (60, epoch, false),
        (epoch, 60, false),
        (epoch, epoch + 30 * YEAR, true),
        (epoch + 30 * YEAR, epoch, true),
        (epoch, epoch + 30 * YEAR + 1, false),
    ] {
        let policy = Policy::constant(ms(100));
        let mut call = Call::new(&policy, &(), at(then), 7);
        assert_eq!(sent(call.poll(at(then))), 1);
        let state = call.suspend();
        match Call::try_resume(&policy, &(), at(now), state.clone()) {
            Ok(_) => assert!(is_same, "{then} and {now} are taken for one origin"),
            Err(refused) => {
                assert!(!is_same, "{then} and {now} are taken for two origins");
                assert_eq!(refused.error, StateError::Origin { state: at(then), now: at(now) });
                assert_eq!(refused.state, state);
            }
        }
    }
}

/// A failure with a hint is to open a lane, for which the policy of whoever takes the call up leaves no attempt.
#[test]
fn a_call_with_a_lane_that_is_not_to_open_after_all_can_be_put_away_again() {
    let policy = POLICY.hedge_on_failure(true);
    let mut call = Call::with_lanes::<2>(&policy, &(), at(0), 7);
    assert_eq!(sent(call.poll(at(0))), 1);
    retries(call.handle(at(10), 1, Verdict::retry().after(ms(500))));
    let policy = policy.attempts(1);
    let call: Call<_, _, 2> = Call::try_resume(&policy, &(), at(20), call.suspend()).expect("it fits");
    let (state, mut buffer) = (call.suspend(), [0; State::<2>::BYTES]);
    assert_eq!(State::decode(state.encode(&mut buffer).expect("it fits")), Ok(state));
}

#[test]
fn a_call_that_has_ended_fits_any_policy_and_stays_ended() {
    let mut call = Call::new(&POLICY, &(), at(0), 7);
    assert!(matches!(call.poll(at(0)), Action::GiveUp(_)), "there is room for one lane");
    let state = call.suspend();
    let valid = POLICY.lanes(1);
    assert_eq!(state.fits(&POLICY), Ok(()));
    assert_eq!(state.fits(&valid), Ok(()));
    assert!(matches!(Call::try_resume(&valid, &(), at(9), state).expect("it fits").poll(at(9)), Action::GiveUp(_)));

    let mut call = Call::new(&valid, &(), at(0), 7);
    assert_eq!(sent(call.poll(at(0))), 1);
    call.handle(at(1), 1, Verdict::Accept);
    let state = call.suspend();
    assert_eq!(state.fits(&POLICY.attempts(0)), Ok(()));
    assert_eq!(
        Call::try_resume(&POLICY.attempts(0), &(), at(9), state).expect("it fits").poll(at(9)),
        Action::Return(1)
    );
}

/// Room for more lanes than any of these calls has.
const MORE: usize = world::ROOM + 1;

struct Kept {
    states: usize,
}

impl Sees for Kept {
    fn see<const LANES: usize>(&mut self, state: &State<LANES>) {
        self.states += 1;
        let mut buffer = [0xa5; State::<MORE>::BYTES];
        let bytes = state.encode(&mut buffer).expect("it fits");
        assert_eq!(State::decode(bytes).as_ref(), Ok(state));
        let wide: State<MORE> = State::decode(bytes).expect("there is room for more lanes");
        let mut other = [0; State::<MORE>::BYTES];
        assert_eq!(wide.encode(&mut other), Ok(bytes));

        let json = serde_json::to_string(state).expect("it has no odd keys");
        assert_eq!(&serde_json::from_str::<State<LANES>>(&json).expect("it was a call's"), state);
        let value = serde_json::to_value(state).expect("it has no odd keys");
        assert_eq!(&serde_json::from_value::<State<LANES>>(value).expect("it was a call's"), state);
    }
}

fn every_state_is_kept(number: u64, plans: impl Strategy<Value = Plan>) -> usize {
    let mut kept = Kept { states: 0 };
    let kept_in = std::cell::RefCell::new(&mut kept);
    let mut runner = TestRunner::new(random::config(number, 600));
    let result = runner.run(&plans, |plan| {
        let record = world::run(&plan);
        let again = world::see(&plan, &record, false, *kept_in.borrow_mut());
        if again.steps == record.steps { Ok(()) } else { Err(TestCaseError::fail(record.to_string())) }
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    kept.states
}

#[test]
fn a_state_is_read_as_it_was_written_between_any_two_steps_of_any_call() {
    let states = every_state_is_kept(31, random::plan());
    assert!(states > 5000, "{states}");
}

//! What is written is read again as it was, at every point of any call.

use insist_core::State;
use insist_tests::plan::Plan;
use insist_tests::random;
use insist_tests::world::{self, Sees};
use proptest::strategy::Strategy;
use proptest::test_runner::{TestCaseError, TestRunner};

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

//! The bytes of a state, which never change; and what is said of bytes that are none.

use insist_core::{Action, Call, Handled, Instant, Jitter, Policy, State, StateError, Verdict};
use insist_tests::by_hand::{at, ms, sent};

const POLICY: Policy = Policy::constant(ms(100)).jitter(Jitter::None).attempts(4).deadline(ms(60_000));
const HEDGED: Policy = POLICY.lanes(3).hedge_after(ms(50));

/// In mid-backoff: attempt 1 failed at 20 ms.
fn waiting() -> State {
    let mut call = Call::new(&POLICY, &(), at(10), 0x0123_4567_89ab_cdef);
    assert_eq!(sent(call.poll(at(10))), 1);
    assert_eq!(call.handle(at(20), 1, Verdict::retry()), Handled::Counted);
    call.suspend()
}

/// Lane 0 waits, lane 1 has attempt 2 in flight, lane 2 has not opened.
fn hedged() -> State<3> {
    let mut call = Call::with_lanes::<3>(&HEDGED, &(), at(0), 7);
    assert_eq!(sent(call.poll(at(0))), 1);
    assert_eq!(sent(call.poll(at(50))), 2);
    assert_eq!(call.handle(at(60), 1, Verdict::retry()), Handled::Counted);
    call.suspend()
}

fn hex<const LANES: usize>(state: &State<LANES>) -> String {
    let mut buffer = [0; State::<4>::BYTES];
    let bytes = state.encode(&mut buffer).expect("it fits");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<_> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(pair).collect()
}

/// These bytes never change: a file that was written once can be read for ever.
#[test]
fn these_bytes_are_as_they_have_always_been() {
    for (golden, written) in [(GOLDEN[0], hex(&waiting())), (GOLDEN[1], hex(&hedged()))] {
        assert_eq!(golden.replace([' ', '\n'], ""), written);
    }
    assert_eq!(State::decode(&bytes(GOLDEN[0])), Ok(waiting()));
    assert_eq!(State::decode(&bytes(GOLDEN[1])), Ok(hedged()));
    assert_eq!((State::<1>::BYTES, State::<3>::BYTES), (83, 147));
}

/// The first four lines are those of the table in the documentation of `encode`, then a line a lane, then the checksum.
const GOLDEN: [&str; 2] = [
    "01 00 08 00 01 0100
     efcdab8967452301 80eedff80d000000 002d310100000000 0000000000000000
     01000000 01000000
     000e270700000000 002d310100000000 01000000 01000000 02 00000000000000
     c9d73578",
    "01 00 08 00 02 0300
     0700000000000000 005847f80d000000 0087930300000000 0000000000000000
     02000000 01000000
     0068890900000000 0087930300000000 01000000 01000000 02 00000000000000
     80f0fa0200000000 0000000000000000 00000000 02000000 03 00000000000000
     80f0fa0200000000 0000000000000000 00000000 00000000 00 00000000000000
     1a19486d",
];

#[test]
fn this_json_is_as_it_has_always_been() {
    assert_eq!(serde_json::to_string(&waiting()).unwrap(), JSON);
    assert_eq!(serde_json::from_str::<State>(JSON).unwrap(), waiting());
    // What is 0 may be left out.
    let short = JSON.replace("\"hint\":0,", "");
    assert!(short.len() < JSON.len());
    assert_eq!(serde_json::from_str::<State>(&short).unwrap(), waiting());
}

const JSON: &str = concat!(
    r#"{"seed":81985529216486895,"deadline":60010000000,"clock":20000000,"hint":0,"sent":1,"last":1,"phase":"running","#,
    r#""reason":"invalid","repeat":"always","opened":1,"#,
    r#""lanes":[{"status":"waiting","at":120000000,"since":20000000,"retry":1,"id":1}]}"#,
);

#[test]
fn what_is_no_state_is_said_in_a_sentence() {
    let good = bytes(GOLDEN[0]);
    let says = |bytes: &[u8], words: &str| {
        let error = State::<1>::decode(bytes).expect_err("it is none");
        assert!(error.to_string().contains(words), "{error}");
    };
    says(&[], "51 bytes does not fit in 0");
    says(&good[..50], "51 bytes does not fit in 50");
    says(&good[..82], "83 bytes does not fit in 82");
    says(&[good.clone(), vec![0]].concat(), "leaves some over");
    says(&[2], "version 2, and this insist reads version 1");
    says(&bytes(GOLDEN[1]), "room for 1 lanes, and it takes 3; use State<3>");
    let mut buffer = [0; 82];
    assert_eq!(waiting().encode(&mut buffer), Err(StateError::Length { expected: 83, found: 82 }));

    let json = |from: &str, to: &str| {
        assert!(JSON.contains(from));
        serde_json::from_str::<State>(&JSON.replace(from, to)).expect_err("it is none").to_string()
    };
    assert!(
        json("\"sent\":1", "\"sent\":2").contains("did not send as many attempts"),
        "{}",
        json("\"sent\":1", "\"sent\":2")
    );
    assert!(json("\"seed\"", "\"sed\"").contains("unknown field"));
    assert!(json("\"waiting\"", "\"dancing\"").contains("unknown variant"));
    assert!(json("\"id\":1", "\"id\":0").contains("no lane sent the newest attempt"));
}

/// A CRC of 32 bits sees every burst of up to 32.
#[test]
fn a_byte_that_has_changed_is_seen() {
    let good = bytes(GOLDEN[0]);
    for place in 0..good.len() {
        for change in 1..=u8::MAX {
            let mut bad = good.clone();
            bad[place] ^= change;
            assert!(State::<1>::decode(&bad).is_err(), "byte {place} ^ {change}");
        }
    }
}

#[test]
fn a_state_that_is_read_goes_on_where_it_was() {
    let state: State = State::decode(&bytes(GOLDEN[0])).unwrap();
    let mut call = Call::resume(&POLICY, &(), at(30), state);
    assert!(matches!(call.poll(at(30)), Action::Wait { until, .. } if until == Some(at(120))));
    assert_eq!(sent(call.poll(at(120))), 2);
    // Attempt 2 of the other was in flight: it counts as failed, and its lane waits from now on.
    let state: State<3> = State::decode(&bytes(GOLDEN[1])).unwrap();
    let mut call = Call::resume(&HEDGED, &(), at(100), state);
    assert_eq!(call.handle(at(100), 2, Verdict::Accept), Handled::Late);
    assert_eq!(sent(call.poll(at(160))), 3);
    assert_eq!(call.handle(at(161), 3, Verdict::retry()), Handled::Counted);
    assert_eq!(sent(call.poll(at(200))), 4);
    assert_eq!(call.state().lane_of(4), Some(1));
}

#[test]
fn a_state_older_than_its_deadline_gives_up_at_once() {
    let state: State = State::decode(&bytes(GOLDEN[0])).unwrap();
    let late = Instant::from_nanos(60_010_000_000);
    let mut call = Call::resume(&POLICY, &(), late, state);
    assert!(matches!(call.poll(late), Action::GiveUp(stop) if stop.reason() == insist_core::Reason::Deadline));
}

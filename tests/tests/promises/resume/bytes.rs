//! The bytes of a state, which never change; and what is said of bytes that are none.

use core::time::Duration;

use insist_core::{Action, Call, Handled, Instant, Jitter, Policy, Reason, State, StateError, Verdict, WaitReason};
use insist_tests::by_hand::{lane_ends, retries, sent};
use insist_tests::gate::{Answer, Answers, Scripted};
use insist_tests::words::{at, ms};

const POLICY: Policy = Policy::constant(ms(100)).attempts(4).deadline(ms(60_000));

const HEDGED: Policy = POLICY.lanes(3).hedge_after(ms(50));

/// In mid-backoff: attempt 1 failed at 20 ms.
fn waiting() -> State {
    let mut call = Call::new(&POLICY, &(), at(10), 0x0123_4567_89ab_cdef);
    assert_eq!(sent(call.poll(at(10))), 1);
    retries(call.handle(at(20), 1, Verdict::retry()));
    call.suspend()
}

/// Lane 0 waits, lane 1 has attempt 2 in flight, lane 2 has not opened.
fn hedged() -> State<3> {
    let mut call = Call::with_lanes::<3>(&HEDGED, &(), at(0), 7);
    assert_eq!(sent(call.poll(at(0))), 1);
    assert_eq!(sent(call.poll(at(50))), 2);
    retries(call.handle(at(60), 1, Verdict::retry()));
    call.suspend()
}

/// Revived after attempt 1. Attempt 2 was throttled, with an exact wait of 1.5 ms; its retry was a minute overdue, put off
/// by 100 ms, and then held back by a gate for 5 ms more.
fn held() -> State {
    let notes = std::cell::RefCell::new(Vec::new());
    let answers = Answers { reserve: vec![], admit: vec![Answer::Yes, Answer::In(5_000_000)] };
    let gate = Scripted::new(0, answers, &notes);
    let policy = POLICY.jitter(Jitter::fraction(0.0)).deadline(ms(600_000));
    let mut call = Call::new(&policy, (), at(0), 7);
    assert_eq!(sent(call.poll(at(0))), 1);
    assert_eq!(call.handle(at(0), 1, Verdict::Stop), Handled::Over);
    let mut state = call.suspend();
    state.revive(&policy, at(10)).expect("it gave up");
    let mut call = Call::try_resume(&policy, &gate, at(10), state).expect("it fits");
    assert_eq!(sent(call.poll(at(10))), 2);
    let throttled = Verdict::retry().throttled().exactly_after(Duration::from_micros(1500));
    assert!(call.handle(at(20), 2, throttled).counts());
    let later = Instant::from_nanos(60_021_500_000);
    let mut call = Call::try_resume(&policy, &gate, later, call.suspend()).expect("it fits");
    assert!(matches!(call.poll(later), Action::Wait { reason: WaitReason::Backoff, .. }));
    let due = call.due().expect("it waits");
    assert!(matches!(call.poll(due), Action::Wait { reason: WaitReason::Gate, .. }));
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
    for (golden, written) in [(GOLDEN[0], hex(&waiting())), (GOLDEN[1], hex(&hedged())), (GOLDEN[2], hex(&held()))] {
        assert_eq!(golden.replace([' ', '\n'], ""), written);
    }
    assert_eq!(State::decode(&bytes(GOLDEN[0])), Ok(waiting()));
    assert_eq!(State::decode(&bytes(GOLDEN[1])), Ok(hedged()));
    assert_eq!(State::decode(&bytes(GOLDEN[2])), Ok(held()));
    assert_eq!([State::<1>::BYTES, State::<3>::BYTES], [87, 151]);
}

/// The lines are those of the table in the documentation of `encode`: five bytes and a count, four numbers of eight, three
/// of four, a line a lane, and the checksum.
const GOLDEN: [&str; 3] = [
    "02 00 08 00 01 0100
     efcdab8967452301 80eedff80d000000 002d310100000000 0000000000000000
     01000000 01000000 00000000
     02 02 00 00 00000000 01000000 01000000 000e270700000000 002d310100000000
     cf444af2",
    "02 00 08 00 02 0300
     0700000000000000 005847f80d000000 0087930300000000 0000000000000000
     02000000 01000000 00000000
     02 02 00 00 00000000 01000000 01000000 0068890900000000 0087930300000000
     03 00 00 00 00000000 00000000 02000000 80f0fa0200000000 0000000000000000
     00 00 00 00 00000000 00000000 00000000 80f0fa0200000000 0000000000000000
     f315b984",
    "02 00 08 00 01 0100
     0700000000000000 800662b38b000000 604985ff0d000000 0000000000000000
     02000000 02000000 01000000
     02 04 07 00 02000000 01000000 02000000 a094d1ff0d000000 60688ff90d000000
     b52ee03c",
];

#[test]
fn this_json_is_as_it_has_always_been() {
    assert_eq!(serde_json::to_string(&waiting()).unwrap(), JSON);
    assert_eq!(serde_json::from_str::<State>(JSON).unwrap(), waiting());
    let held_json = serde_json::to_string(&held()).unwrap();
    let after = r#""after":{"failure":"sent_throttled","hint_ms":2,"exact":true},"due_by":"gate_after_put_off""#;
    assert!(held_json.contains(after), "{held_json}");
    assert_eq!(serde_json::from_str::<State>(&held_json).unwrap(), held());
    // What is null may be left out.
    let short = JSON.replace("\"hint\":null,", "");
    assert!(short.len() < JSON.len());
    assert_eq!(serde_json::from_str::<State>(&short).unwrap(), waiting());
}

const JSON: &str = concat!(
    r#"{"version":1,"status":"running","reason":null,"seed":81985529216486895,"deadline":60010000000,"clock":20000000,"#,
    r#""hint":null,"attempts":1,"last":1,"forgiven":0,"repeat":"always","opened":1,"#,
    r#""lanes":[{"waiting":{"due":120000000,"began":20000000,"retry":1,"attempt":1,"#,
    r#""after":{"failure":"sent","hint_ms":null,"exact":false},"due_by":"backoff"}}]}"#,
);

#[test]
fn what_is_no_state_is_said_in_a_sentence() {
    let good = bytes(GOLDEN[0]);
    let says = |bytes: &[u8], words: &str| {
        let error = State::<1>::decode(bytes).expect_err("it is none");
        assert!(error.to_string().contains(words), "{error}");
    };
    says(&[], "55 bytes does not fit in 0");
    says(&good[..54], "55 bytes does not fit in 54");
    says(&good[..86], "87 bytes does not fit in 86");
    says(&[good.clone(), vec![0]].concat(), "leaves some over");
    says(&[1], "version 1, and this insist reads version 2");
    says(&bytes(GOLDEN[1]), "room for 1 lanes, and it takes 3; use State<3>");
    let mut buffer = [0; 86];
    assert_eq!(waiting().encode(&mut buffer), Err(StateError::Length { expected: 87, found: 86 }));

    let json = |from: &str, to: &str| {
        assert!(JSON.contains(from));
        serde_json::from_str::<State>(&JSON.replace(from, to)).expect_err("it is none").to_string()
    };
    assert!(
        json("\"attempts\":1", "\"attempts\":0").contains("an attempt had a verdict, and was never sent"),
        "{}",
        json("\"attempts\":1", "\"attempts\":0")
    );
    assert!(json("\"seed\"", "\"sed\"").contains("unknown field"));
    assert!(json("\"waiting\"", "\"dancing\"").contains("unknown variant"));
    assert!(json("\"attempt\":1", "\"attempt\":null").contains("no lane sent the newest attempt"));
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
    let mut call = Call::try_resume(&POLICY, &(), at(30), state).expect("it fits");
    assert!(matches!(call.poll(at(30)), Action::Wait { until, .. } if until == Some(at(120))));
    assert_eq!(sent(call.poll(at(120))), 2);
    // Attempt 2 of the other was in flight: it counts as failed, and its lane waits from now on.
    let state: State<3> = State::decode(&bytes(GOLDEN[1])).unwrap();
    let mut call = Call::try_resume(&HEDGED, &(), at(100), state).expect("it fits");
    assert_eq!(call.handle(at(100), 2, Verdict::Accept), Handled::Late);
    assert_eq!(sent(call.poll(at(160))), 3);
    assert_eq!(lane_ends(call.handle(at(161), 3, Verdict::retry())), Reason::Attempts);
    assert_eq!(sent(call.poll(at(200))), 4);
    assert_eq!(call.state().lane_of(4), Some(1));
}

#[test]
fn a_state_older_than_its_deadline_gives_up_at_once() {
    let state: State = State::decode(&bytes(GOLDEN[0])).unwrap();
    let late = Instant::from_nanos(60_010_000_000);
    let mut call = Call::try_resume(&POLICY, &(), late, state).expect("it fits");
    assert!(matches!(call.poll(late), Action::GiveUp(stop) if stop.reason() == insist_core::Reason::Deadline));
}

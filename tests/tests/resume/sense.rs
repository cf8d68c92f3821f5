//! A state that no call could have come to is refused, and said why.

use insist_core::{Action, Call, Handled, Policy, State, Verdict};
use insist_tests::by_hand::{at, ms, sent};
use serde_json::{Value, json};

/// Attempt 1 failed with a hint: lane 0 waits, lane 1 has attempt 2 in flight, lane 2 is to open after the hint.
fn opening() -> Value {
    let policy =
        Policy::constant(ms(100)).attempts(9).lanes(4).hedge_after(ms(50)).hedge_on_failure(true).deadline(ms(9000));
    let mut call = Call::with_lanes::<4>(&policy, &(), at(0), 7);
    assert_eq!(sent(call.poll(at(0))), 1);
    assert_eq!(sent(call.poll(at(50))), 2);
    assert_eq!(call.handle(at(60), 1, Verdict::retry().after(ms(500))), Handled::Counted);
    serde_json::to_value(call.suspend()).expect("it has no odd keys")
}

/// Attempt 2 won, in lane 1.
fn returned() -> Value {
    let policy = Policy::constant(ms(100)).lanes(2).hedge_after(ms(50));
    let mut call = Call::with_lanes::<4>(&policy, &(), at(0), 7);
    assert_eq!([sent(call.poll(at(0))), sent(call.poll(at(50)))], [1, 2]);
    assert_eq!(call.handle(at(60), 2, Verdict::Accept), Handled::Over);
    assert_eq!(call.poll(at(60)), Action::Cancel(1));
    serde_json::to_value(call.suspend()).expect("it has no odd keys")
}

/// What is said of a state with some fields set, and lanes added.
fn why(mut state: Value, edits: &[(&str, Value)]) -> String {
    for (place, value) in edits {
        let (parent, key) = place.rsplit_once('/').expect("a place");
        match state.pointer_mut(parent).expect("it is there") {
            Value::Array(list) => list.push(value.clone()),
            fields => fields[key] = value.clone(),
        }
    }
    match serde_json::from_value::<State<4>>(state) {
        Ok(_) => "nothing".into(),
        Err(error) => error.to_string(),
    }
}

/// A state, what is set in it, and what is said of it then.
type Case<'a> = (Value, &'a [(&'a str, Value)], &'a str);

#[test]
fn what_no_call_could_have_come_to_is_refused() {
    assert_eq!(why(opening(), &[]), "nothing");
    assert_eq!(why(returned(), &[]), "nothing");
    let sooner = json!({"status": "opening", "at": 100_000_000, "since": 0, "retry": 0, "id": 0});
    let never = || json!(u64::MAX);
    let cases: [Case<'_>; 26] = [
        (opening(), &[("/last", json!(3))], "an attempt had a verdict, and was never sent"),
        (opening(), &[("/sent", json!(3))], "did not send as many attempts"),
        (opening(), &[("/lanes/0/retry", json!(2))], "did not send as many attempts"),
        (opening(), &[("/lanes/1/id", json!(3))], "no lane sent the newest attempt"),
        (returned(), &[("/last", json!(0))], "it returned the result of an attempt"),
        (opening(), &[("/opened", json!(0))], "number of opened lanes"),
        (opening(), &[("/opened", json!(5))], "number of opened lanes"),
        (opening(), &[("/lanes/new", sooner.clone())], "in their order"),
        (opening(), &[("/lanes/2/status", json!("unopened")), ("/lanes/new", sooner.clone())], "in their order"),
        (
            opening(),
            &[("/opened", json!(1)), ("/lanes/2/status", json!("unopened"))],
            "lane 1 makes no sense: whether it has opened",
        ),
        (opening(), &[("/opened", json!(3))], "lane 2 makes no sense: whether it has opened"),
        (opening(), &[("/lanes/0/id", json!(2))], "lane 1 makes no sense: it has the attempt of another lane"),
        (opening(), &[("/repeat", json!("if_unsent"))], "lane 1 makes no sense: it sent, although"),
        (opening(), &[("/repeat", json!("never"))], "lane 0 makes no sense: it retried, although"),
        (opening(), &[("/lanes/2/carried", json!([1, 0, 0, 0, 0, 0, 0]))], "it has not opened, and has sent"),
        (opening(), &[("/lanes/2/at", never())], "lane 2 makes no sense: it opens at no time"),
        (opening(), &[("/lanes/2/since", never())], "lane 2 makes no sense: it opens at no time"),
        (opening(), &[("/phase", json!("gave_up"))], "lane 0 makes no sense: it waits, although the call is over"),
        (opening(), &[("/lanes/0/since", never())], "lane 0 makes no sense: its wait has not begun"),
        (opening(), &[("/lanes/0/at", json!(9_000_000_000_u64))], "lane 0 makes no sense: it waits for a send after"),
        (opening(), &[("/lanes/1/at", never())], "lane 1 makes no sense: it has in flight what was not sent yet"),
        (
            opening(),
            &[("/lanes/0/retry", json!(0)), ("/lanes/1/retry", json!(1))],
            "lane 0 makes no sense: it waits for a first",
        ),
        (
            opening(),
            &[("/lanes/1/status", json!("waiting")), ("/lanes/1/id", json!(0)), ("/sent", json!(1))],
            "lane 1 makes no sense: it waits for a first",
        ),
        (opening(), &[("/lanes/0/id", json!(0))], "lane 0 makes no sense: it waits for a retry, and has never sent"),
        (
            opening(),
            &[("/lanes/2/id", json!(3)), ("/sent", json!(3))],
            "lane 2 makes no sense: it has not opened, and has sent",
        ),
        (
            opening(),
            &[
                ("/opened", json!(1)),
                ("/lanes/1/status", json!("opening")),
                ("/lanes/1/id", json!(0)),
                ("/sent", json!(1)),
                ("/repeat", json!("if_unsent")),
            ],
            "lane 1 makes no sense: it is to open, although",
        ),
    ];
    for (state, edits, words) in cases {
        let why = why(state, edits);
        assert!(why.contains(words), "{edits:?}: {why}");
    }
}

/// One attempt in lane 0, whose rest is made up.
fn lane(status: &str, retry: u32, id: u32, sent: u32) -> Value {
    let lane = json!({"status": status, "at": 5, "since": 5, "retry": retry, "id": id});
    let mut state = serde_json::to_value(Call::new(&Policy::zero(), &(), at(1), 7).suspend()).expect("no odd keys");
    state["sent"] = json!(sent);
    state["lanes"] = json!([lane]);
    state
}

#[test]
fn what_no_lane_could_have_come_to_is_refused() {
    for (status, retry, id, sent, words) in [
        ("waiting", 0, 0, 0, "nothing"),
        ("waiting", 1, 1, 1, "nothing"),
        ("in_flight", 0, 1, 1, "nothing"),
        ("ended", 0, 0, 0, "nothing"),
        ("ended", 4, 5, 5, "nothing"),
        ("waiting", 1, 0, 1, "no lane sent the newest attempt"),
        ("waiting", 0, 1, 0, "no lane sent the newest attempt"),
        ("in_flight", 0, 0, 0, "it has in flight what was never sent"),
        ("ended", 3, 0, 0, "it retried, and has never sent"),
        ("unopened", 0, 0, 0, "whether it has opened"),
    ] {
        let why = why(lane(status, retry, id, sent), &[]);
        assert!(why.contains(words), "{status} {retry} {id}: {why}");
    }
}

//! A state that no call could have come to is refused, and said why.

use insist_core::{Call, CancelReason, Handled, Policy, State, Verdict};
use insist_tests::by_hand::{cancel, retries, sent};
use insist_tests::words::{at, ms};
use serde_json::{Value, json};

/// Attempt 1 failed with a hint: lane 0 waits, lane 1 has attempt 2 in flight, lane 2 is to open after the hint.
fn opening() -> Value {
    let policy =
        Policy::constant(ms(100)).attempts(9).lanes(4).hedge_after(ms(50)).hedge_on_failure(true).deadline(ms(9000));
    let policy = policy.separate_targets(true);
    let mut call = Call::with_lanes::<4>(&policy, &(), at(0), 7);
    assert_eq!(sent(call.poll(at(0))), 1);
    assert_eq!(sent(call.poll(at(50))), 2);
    retries(call.handle(at(60), 1, Verdict::retry().after(ms(500))));
    serde_json::to_value(call.suspend()).expect("it has no odd keys")
}

/// Attempt 2 won, in lane 1.
fn returned() -> Value {
    let policy = Policy::constant(ms(100)).lanes(2).hedge_after(ms(50));
    let mut call = Call::with_lanes::<4>(&policy, &(), at(0), 7);
    assert_eq!([sent(call.poll(at(0))), sent(call.poll(at(50)))], [1, 2]);
    assert_eq!(call.handle(at(60), 2, Verdict::Accept), Handled::Over);
    assert_eq!(call.poll(at(60)), cancel(1, CancelReason::Lost));
    serde_json::to_value(call.suspend()).expect("it has no odd keys")
}

/// Returns what is said of a state with some fields set, and lanes added.
fn why(mut state: Value, edits: &[(&str, Value)]) -> String {
    for (place, value) in edits {
        let (parent, key) = place.rsplit_once('/').expect("a place");
        match state.pointer_mut(parent).expect("it is there") {
            Value::Array(list) => match key.parse::<usize>() {
                Ok(index) => list[index] = value.clone(),
                Err(_) => list.push(value.clone()),
            },
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
    let sooner = || json!({"opening": {"due": 100_000_000, "not_before": null}});
    let unopened = || json!({"unopened": {"since": 50_000_000, "not_before": null}});
    let waiting = |due: u64, retry: u32, attempt: Value, after: Value| {
        json!({"waiting": {
            "due": due, "began": 50_000_000, "retry": retry, "attempt": attempt, "after": after, "due_by": "backoff"
        }})
    };
    let after = || json!({"failure": "sent", "hint_ms": null, "exact": false});
    let never = || json!(u64::MAX);
    let cases: [Case<'_>; 40] = [
        (opening(), &[("/last", json!(3))], "an attempt had a verdict, and was never sent"),
        (opening(), &[("/attempts", json!(1))], "its lanes sent more attempts than the call did"),
        (opening(), &[("/attempts", json!(u32::MAX))], "next to no numbers left"),
        (opening(), &[("/lanes/0/waiting/retry", json!(2))], "its lanes sent more attempts than the call did"),
        (opening(), &[("/forgiven", json!(3))], "it was revived after more attempts than were sent"),
        (
            opening(),
            &[("/forgiven", json!(1)), ("/attempts", json!(3))],
            "a lane sent an attempt that the call did not",
        ),
        (
            opening(),
            &[("/forgiven", json!(1)), ("/attempts", json!(3)), ("/lanes/1/in_flight/attempt", json!(3))],
            "a lane sent an attempt that the call did not",
        ),
        (opening(), &[("/lanes/1/in_flight/attempt", json!(3))], "a lane sent an attempt that the call did not"),
        (returned(), &[("/last", json!(null))], "it returned the result of an attempt"),
        (returned(), &[("/reason", json!("attempts"))], "it returned a result, and says why it gave up"),
        (opening(), &[("/opened", json!(0))], "number of opened lanes"),
        (opening(), &[("/opened", json!(5))], "number of opened lanes"),
        (opening(), &[("/lanes/new", sooner())], "in their order"),
        (opening(), &[("/lanes/2", unopened()), ("/lanes/new", sooner())], "in their order"),
        (opening(), &[("/opened", json!(1)), ("/lanes/2", unopened())], "lane 1 makes no sense: whether it has opened"),
        (opening(), &[("/opened", json!(3))], "lane 2 makes no sense: whether it has opened"),
        (
            opening(),
            &[("/lanes/0/waiting/attempt", json!(2))],
            "lane 1 makes no sense: it has the attempt of another lane",
        ),
        (opening(), &[("/repeat", json!("if_unsent"))], "lane 1 makes no sense: it sent, although"),
        (opening(), &[("/repeat", json!("never"))], "lane 0 makes no sense: it retried, although"),
        (opening(), &[("/lanes/2/opening/due", never())], "lane 2 makes no sense: it opens at no time"),
        (opening(), &[("/lanes/2/opening/not_before", never())], "lane 2 makes no sense: it opens at no time"),
        (
            opening(),
            &[("/lanes/2", json!({"unopened": {"since": u64::MAX, "not_before": null}}))],
            "lane 2 makes no sense: it opens at no time",
        ),
        (
            opening(),
            &[("/lanes/2", json!({"unopened": {"since": 0, "not_before": 9_000_000_000_u64}}))],
            "lane 2 makes no sense: it opens at no time",
        ),
        (opening(), &[("/status", json!("gave_up"))], "lane 0 makes no sense: it waits, although the call is over"),
        (opening(), &[("/lanes/0/waiting/began", never())], "lane 0 makes no sense: its wait has not begun"),
        (
            opening(),
            &[("/lanes/0/waiting/due", json!(9_000_000_000_u64))],
            "lane 0 makes no sense: it waits for a send after",
        ),
        (
            opening(),
            &[("/lanes/1/in_flight/sent", never())],
            "lane 1 makes no sense: it has in flight what was not sent yet",
        ),
        (
            opening(),
            &[("/lanes/0", waiting(70, 0, json!(1), json!(null))), ("/lanes/1/in_flight/retry", json!(1))],
            "lane 0 makes no sense: it waits for a first",
        ),
        (
            opening(),
            &[("/lanes/1", waiting(70, 0, json!(null), json!(null))), ("/attempts", json!(1))],
            "lane 1 makes no sense: it waits for a first",
        ),
        (
            opening(),
            &[("/lanes/0/waiting/attempt", json!(null))],
            "lane 0 makes no sense: it waits for a retry, and has never sent",
        ),
        (opening(), &[("/lanes/0/waiting/after", json!(null))], "lane 0 makes no sense: it follows no failure"),
        (
            opening(),
            &[("/lanes/0/waiting/after/hint_ms", json!(null))],
            "lane 0 makes no sense: it waits for a hint that it was not given",
        ),
        (
            opening(),
            &[("/lanes/0/waiting/restart", json!(2)), ("/lanes/0/waiting/after/hint_ms", json!(null))],
            "lane 0 makes no sense: it follows no failure",
        ),
        (opening(), &[("/lanes/0/waiting/unsent", json!(2))], "lane 0 makes no sense: more of its attempts are not"),
        (opening(), &[("/lanes/1/in_flight/after", after())], "lane 1 makes no sense: it follows no failure"),
        (
            opening(),
            &[("/lanes/0/waiting/after/failure", json!("timeout"))],
            "lane 0 makes no sense: it follows no failure",
        ),
        (
            opening(),
            &[("/lanes/0/waiting/after", json!({"failure": "sent", "hint_ms": null, "exact": true}))],
            "lane 0 makes no sense: it follows no failure",
        ),
        (opening(), &[("/lanes/1/in_flight/waited", json!(1))], "lane 1 makes no sense: it has waited, and it is no"),
        (
            opening(),
            &[("/opened", json!(1)), ("/lanes/1", sooner()), ("/attempts", json!(1)), ("/repeat", json!("if_unsent"))],
            "lane 1 makes no sense: it is to open, although",
        ),
        (opening(), &[("/version", json!(2))], "the state is JSON of version 2, and this insist reads version 1"),
    ];
    for (state, edits, words) in cases {
        let why = why(state, edits);
        assert!(why.contains(words), "{edits:?}: {why}");
    }
}

/// So many attempts in lane 0.
fn lane(lane: Value, attempts: u32) -> Value {
    let mut state = serde_json::to_value(Call::new(&Policy::zero(), &(), at(1), 7).suspend()).expect("no odd keys");
    state["attempts"] = json!(attempts);
    state["lanes"] = json!([lane]);
    state
}

#[test]
fn what_no_lane_could_have_come_to_is_refused() {
    let after = |retry: u32| match retry {
        0 => json!(null),
        _ => json!({"failure": "unsent_throttled", "hint_ms": 7, "exact": true}),
    };
    let waiting = |retry: u32, attempt: Value| {
        let after = after(retry);
        json!({"waiting": {
            "due": 5, "began": 5, "retry": retry, "attempt": attempt, "after": after, "due_by": "gate_after_put_off"
        }})
    };
    let in_flight = |retry: u32, attempt: u32| json!({"in_flight": {"sent": 5, "waited": 0, "retry": retry, "attempt": attempt, "after": after(retry)}});
    let ended = |retry: u32, attempt: Value| json!({"ended": {"retry": retry, "attempt": attempt}});
    for (status, attempts, words) in [
        (waiting(0, json!(null)), 0, "nothing"),
        (waiting(1, json!(1)), 1, "nothing"),
        (in_flight(0, 1), 1, "nothing"),
        (in_flight(1, 2), 2, "nothing"),
        (ended(0, json!(null)), 0, "nothing"),
        (ended(4, json!(5)), 5, "nothing"),
        (waiting(1, json!(null)), 1, "no lane sent the newest attempt"),
        (waiting(0, json!(1)), 0, "a lane sent an attempt that the call did not"),
        (ended(0, json!(1)), 2, "nothing"),
        (waiting(0, json!(null)), 1, "nothing"),
        (ended(1, json!(1)), 2, "no lane sent the newest attempt"),
        (in_flight(0, 0), 0, "it has in flight what was never sent"),
        (ended(3, json!(null)), 0, "it retried, and has never sent"),
        (json!({"unopened": {"since": 0, "not_before": null}}), 0, "whether it has opened"),
    ] {
        let why = why(lane(status.clone(), attempts), &[]);
        assert!(why.contains(words), "{status}: {why}");
    }
}

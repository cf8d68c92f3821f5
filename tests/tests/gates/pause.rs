//! A pause on a hint: how long, for whom, and how those that it holds come back.

use insist_core::{Admission, Cause, Gate, Instant, Pause, PauseError, Refusal, Settled, Verdict};
use insist_tests::words::{RETRY, THROTTLED, at, ms, secs};

fn told(pause: &Pause, now: u64, verdict: Verdict) {
    pause.settle(at(now), &Cause::FIRST, &Settled::Ended(verdict.into(), at(0)));
}

/// When one that asks now is let go: now, if it is not held.
fn let_go(pause: &Pause, now: u64) -> Instant {
    match pause.admit(at(now), &Cause::FIRST) {
        Admission::Yes => at(now),
        Admission::NotBefore(at) => at,
        Admission::No(refusal) => panic!("{refusal}"),
    }
}

#[test]
fn nothing_is_sent_until_the_hint_has_passed() {
    let pause = Pause::new().spread(0.0);
    assert_eq!(let_go(&pause, 0), at(0));
    told(&pause, 10, THROTTLED.after(secs(2)));
    assert_eq!([11, 500, 2009].map(|now| let_go(&pause, now)), [at(2010); 3]);
    assert_eq!([2010, 2011].map(|now| let_go(&pause, now)), [at(2010), at(2011)]);
}

#[test]
fn a_hint_that_ends_later_extends_the_pause_and_one_that_ends_earlier_does_not_shorten_it() {
    let pause = Pause::new().spread(0.0);
    told(&pause, 0, THROTTLED.after(secs(10)));
    told(&pause, 1000, THROTTLED.after(secs(5)));
    assert_eq!(let_go(&pause, 1000), at(10_000));
    told(&pause, 6000, THROTTLED.after(secs(5)));
    assert_eq!(let_go(&pause, 6000), at(11_000));
    assert_eq!(pause.state(at(6000)).until, Some(at(11_000)));
    assert_eq!(pause.state(at(6000)).left, secs(5));
}

/// A 503 with Retry-After speaks for the host as a 429 does.
#[test]
fn any_hint_pauses_unless_only_throttled_ones_are_meant() {
    for verdict in [RETRY.after(ms(5)), RETRY.unsent().after(ms(5)), RETRY.exactly_after(ms(5))] {
        let pause = Pause::new().spread(0.0);
        told(&pause, 0, verdict);
        assert_eq!(let_go(&pause, 1), at(5));
        let pause = Pause::new().spread(0.0).only_throttled();
        told(&pause, 0, verdict);
        assert_eq!(let_go(&pause, 1), at(1));
        told(&pause, 0, verdict.throttled());
        assert_eq!(let_go(&pause, 1), at(5));
    }
}

#[test]
fn what_has_no_hint_pauses_nothing() {
    let pause = Pause::new();
    for verdict in [Verdict::Accept, Verdict::Stop, RETRY, THROTTLED, THROTTLED.after(ms(0))] {
        told(&pause, 0, verdict);
        assert_eq!(pause.state(at(0)).to_string(), "not paused", "{verdict:?}");
    }
    pause.settle(at(0), &Cause::FIRST, &Settled::Unsent(at(0)));
    assert_eq!(pause.state(at(0)).until, None);
}

/// 5 minutes, as a policy's limit for hints.
#[test]
fn while_more_is_left_than_an_attempt_may_be_held_it_is_refused() {
    let pause = Pause::new().spread(0.0);
    told(&pause, 0, THROTTLED.after(secs(301)));
    let refusal = Refusal::new(&"pause is longer than an attempt may be held");
    assert_eq!(pause.admit(at(999), &Cause::FIRST), Admission::No(refusal));
    assert_eq!(let_go(&pause, 1000), at(301_000));
    let strict = Pause::new().hold_limit(ms(0));
    told(&strict, 0, THROTTLED.after(ms(5)));
    assert_eq!(strict.admit(at(4), &Cause::FIRST), Admission::No(refusal));
    assert_eq!(let_go(&strict, 5), at(5));
}

/// A day: `Retry-After: 1700000000` is an instant that somebody took for a span.
#[test]
fn a_hint_that_is_rather_a_mistake_pauses_nothing() {
    let pause = Pause::new();
    told(&pause, 0, THROTTLED.after(secs(1_700_000_000)));
    told(&pause, 0, THROTTLED.after(secs(86_401)));
    assert_eq!(pause.state(at(0)).until, None);
    told(&pause, 0, THROTTLED.after(secs(86_400)));
    assert_eq!(pause.state(at(0)).to_string(), "paused for 86400s");
    let strict = Pause::new().hint_limit(ms(5));
    told(&strict, 0, THROTTLED.after(ms(6)));
    assert_eq!(strict.state(at(0)).until, None);
}

/// 1000 that are told 60 s: over the 6 s after them, evenly, and none before.
#[test]
fn those_that_are_held_come_back_over_a_share_of_the_hint() {
    let pause = Pause::new();
    told(&pause, 0, THROTTLED.after(secs(60)));
    let mut back: Vec<_> = (0..1000).map(|now| let_go(&pause, now).as_nanos()).collect();
    back.sort_unstable();
    assert!(back[0] >= at(60_000).as_nanos());
    assert!(back[999] <= at(66_000).as_nanos());
    for (place, instant) in back.iter().enumerate() {
        let expected = at(60_000 + 6 * place as u64).as_nanos();
        assert!(instant.abs_diff(expected) < at(300).as_nanos(), "number {place} at {instant}");
    }
    assert!(back.windows(2).all(|pair| pair[0] < pair[1]), "two at one instant");
}

#[test]
fn one_that_was_held_is_not_held_again() {
    let pause = Pause::new().spread(1.0);
    told(&pause, 0, THROTTLED.after(secs(1)));
    for now in 0..100 {
        let at = let_go(&pause, now);
        assert_eq!(pause.admit(at, &Cause::FIRST), Admission::Yes);
    }
}

#[test]
fn the_same_seed_gives_the_same_instants() {
    let instants = |seed| {
        let pause = Pause::new().seed(seed);
        told(&pause, 0, THROTTLED.after(secs(60)));
        [0, 1, 2].map(|now| let_go(&pause, now))
    };
    assert_eq!(instants(7), instants(7));
    assert_ne!(instants(7), instants(8));
}

#[test]
fn an_operator_can_lift_it() {
    let pause = Pause::new().spread(0.0);
    told(&pause, 0, THROTTLED.after(secs(60)));
    pause.lift();
    assert_eq!(let_go(&pause, 1), at(1));
    told(&pause, 2, THROTTLED.after(secs(1)));
    assert_eq!(let_go(&pause, 3), at(1002));
}

#[test]
fn the_last_instants_there_are_do_no_harm() {
    let pause = Pause::new().spread(1.0);
    let last = Instant::from_nanos(u64::MAX);
    let almost = Instant::from_nanos(u64::MAX - 5);
    pause.settle(almost, &Cause::FIRST, &Settled::Ended(THROTTLED.after(secs(60)).into(), almost));
    assert_eq!(pause.admit(almost, &Cause::FIRST), Admission::NotBefore(last));
    assert_eq!(pause.admit(last, &Cause::FIRST), Admission::Yes);
}

#[test]
fn a_spread_that_makes_no_sense_is_said_and_pauses_nothing() {
    for spread in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
        let pause = Pause::new().spread(spread);
        assert_eq!(pause.validate(), Err(PauseError::Spread));
        told(&pause, 0, THROTTLED.after(secs(1)));
        assert_eq!(let_go(&pause, 1), at(1), "{spread}");
    }
    assert_eq!(PauseError::Spread.to_string(), "the spread of the pause is not a number from 0 to 1");
    assert_eq!(Pause::default().validate(), Ok(()));
}

//! A pause around whole calls: those that were not told wait, and the one that was told does not wait twice.

use insist_core::{
    Action, Admission, Budget, Call, Gate, Instant, Jitter, Pause, Policy, Reason, Refusal, Verdict, WaitReason,
};
use insist_http::Hosts;
use insist_http::http::Uri;
use insist_tests::words::{THROTTLED, at, ms, secs};

const POLICY: Policy = Policy::constant(ms(100)).jitter(Jitter::None).attempts(5);

fn held(action: Action) -> Instant {
    let Action::Wait { until: Some(until), reason: WaitReason::Gate } = action else { panic!("{action:?}") };
    until
}

fn told<'a>(pause: &'a Pause, policy: &'a Policy) -> Call<&'a Policy, &'a Pause> {
    let mut call = Call::new(policy, pause, at(0), 7);
    assert!(matches!(call.poll(at(0)), Action::Send(_)));
    let _ = call.handle(at(10), 1, THROTTLED.after(secs(2)));
    call
}

#[test]
fn another_call_waits_for_what_one_was_told_and_that_one_waits_once() {
    let pause = Pause::new();
    let mut told = told(&pause, &POLICY);
    assert_eq!(told.poll(at(10)), Action::Wait { until: Some(at(2110)), reason: WaitReason::Backoff });
    let mut other = Call::new(&POLICY, &pause, at(500), 7);
    let until = held(other.poll(at(500)));
    assert!((at(2010)..=at(2210)).contains(&until), "{until}");
    assert!(matches!(other.poll(until), Action::Send(_)));
    assert!(matches!(told.poll(at(2110)), Action::Send(_)), "the hint and its backoff, and nothing on top");
}

/// Whatever the backoff draws, the retry of the call that was told comes when the pause is over.
#[test]
fn the_call_that_was_told_is_never_held() {
    let policy = Policy::exponential(ms(100)).attempts(5);
    for seed in 0..200 {
        let pause = Pause::new().spread(1.0);
        let mut call = Call::new(&policy, &pause, at(0), seed);
        let _ = call.poll(at(0));
        let exact = if seed % 2 == 0 { THROTTLED.after(secs(2)) } else { THROTTLED.exactly_after(secs(2)) };
        let _ = call.handle(at(10), 1, exact);
        let Action::Wait { until: Some(due), reason } = call.poll(at(10)) else { panic!("it does not wait") };
        assert_eq!(reason, WaitReason::Backoff);
        assert!(matches!(call.poll(due), Action::Send(_)), "{due}");
    }
}

#[test]
fn a_call_whose_policy_ignores_hints_is_held_like_the_others() {
    let (pause, policy) = (Pause::new().spread(0.0), POLICY.ignore_hints());
    let mut told = told(&pause, &policy);
    assert_eq!(told.poll(at(10)), Action::Wait { until: Some(at(110)), reason: WaitReason::Backoff });
    assert_eq!(held(told.poll(at(110))), at(2010));
    assert!(matches!(told.poll(at(2010)), Action::Send(_)));
}

/// Law 9: also the other lanes of the same call.
#[test]
fn a_hedge_is_held_too() {
    let (pause, policy) = (Pause::new().spread(0.0), POLICY.lanes(2).hedge_after(ms(50)));
    let mut call = Call::with_lanes::<2>(&policy, &pause, at(0), 7);
    assert!(matches!(call.poll(at(0)), Action::Send(_)));
    let _told = told(&pause, &POLICY);
    assert_eq!(call.poll(at(10)), Action::Wait { until: Some(at(50)), reason: WaitReason::Hedge });
    assert_eq!(held(call.poll(at(50))), at(2010));
}

#[test]
fn a_call_whose_deadline_comes_first_is_refused_at_once() {
    let (pause, policy) = (Pause::new().spread(0.0), POLICY.deadline(secs(1)));
    let _told = told(&pause, &POLICY);
    let Action::GiveUp(give_up) = Call::new(&policy, &pause, at(20), 7).poll(at(20)) else { panic!("it waits") };
    assert_eq!(give_up.reason(), Reason::Refused);
    let patient = POLICY.deadline(secs(10));
    assert_eq!(held(Call::new(&patient, &pause, at(20), 7).poll(at(20))), at(2010));
}

#[test]
fn a_long_pause_ends_a_call_before_it_sends() {
    let pause = Pause::new();
    let mut call = Call::new(&POLICY, &pause, at(0), 7);
    let _ = call.poll(at(0));
    let _ = call.handle(at(10), 1, THROTTLED.after(secs(3600)));
    let Action::GiveUp(give_up) = call.poll(at(10)) else { panic!("it waits") };
    assert_eq!(give_up.reason(), Reason::RetryAfter, "the one that was told hears the hint");
    let Action::GiveUp(give_up) = Call::new(&POLICY, &pause, at(20), 7).poll(at(20)) else { panic!("it waits") };
    assert_eq!(give_up.refusal().map(Refusal::reason), Some("pause is longer than an attempt may be held"));
}

/// In a tuple, what it holds back is not sent for the gates before it.
#[test]
fn what_it_holds_back_is_no_first_send_of_a_budget() {
    let (pause, budget) = (Pause::new().spread(0.0), Budget::new(1.0));
    let _told = told(&pause, &POLICY);
    let mut call = Call::new(&POLICY, (&budget, &pause), at(20), 7);
    assert_eq!(held(call.poll(at(20))), at(2010));
    assert_eq!(budget.state(at(20)).firsts, 0);
    assert!(matches!(call.poll(at(2010)), Action::Send(_)));
    assert_eq!(budget.state(at(2010)).firsts, 1);
}

#[test]
fn each_host_has_a_pause_of_its_own() {
    let hosts = Hosts::new(Pause::new);
    let gate = |host: &'static str| hosts.gate(&Uri::from_static(host), at(0));
    let mut call = Call::new(&POLICY, gate("http://one.example/a"), at(0), 7);
    let _ = call.poll(at(0));
    let _ = call.handle(at(10), 1, THROTTLED.after(secs(2)));
    let sends = |host| matches!(Call::new(&POLICY, gate(host), at(20), 7).poll(at(20)), Action::Send(_));
    assert!(!sends("http://one.example/b"));
    assert!(sends("http://two.example/b"));
    assert!(matches!(gate("http://one.example/c").admit(at(20), &insist_core::Cause::FIRST), Admission::NotBefore(_)));
}

/// An answer of another call that was in flight ends nothing: the server has asked for the time.
#[test]
fn a_success_meanwhile_ends_no_pause() {
    let pause = Pause::new().spread(0.0);
    let mut early = Call::new(&POLICY, &pause, at(0), 8);
    assert!(matches!(early.poll(at(0)), Action::Send(_)));
    let _told = told(&pause, &POLICY);
    let _ = early.handle(at(100), 1, Verdict::Accept);
    assert_eq!(pause.state(at(100)).until, Some(at(2010)));
}

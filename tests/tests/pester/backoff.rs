//! Delays: no number overflows them, none makes them panic.

use std::time::Duration;

use insist_core::{Action, Jitter, Policy, Script, Verdict, play};

use crate::ms;

const SECOND: Duration = Duration::from_secs(1);
/// The longest delay that the machine counts with: 584 years.
const LONGEST: Duration = Duration::from_nanos(u64::MAX);

fn every_jitter() -> [Jitter; 5] {
    [Jitter::None, Jitter::Full, Jitter::Equal, Jitter::fraction(1.0 / 3.0), Jitter::fraction(1.0)]
}

fn endless(policy: Policy) -> Policy {
    policy.unlimited_attempts().deadline(SECOND)
}

// P1
#[test]
fn an_exponential_delay_grows_to_the_longest_there_is_and_stays_there() {
    let policy = endless(Policy::exponential(SECOND).no_cap().jitter(Jitter::None));
    let delays: Vec<_> = policy.delays(7).take(10_000).collect();
    assert_eq!(delays[34], Duration::from_secs(1 << 34), "pester's was negative here");
    assert!(delays.windows(2).all(|two| two[0] <= two[1]));
    assert_eq!(delays[35..], vec![LONGEST; 9_965]);

    let capped = endless(Policy::exponential(SECOND).jitter(Jitter::None));
    assert!(capped.delays(7).skip(4).take(10_000).all(|delay| delay == Duration::from_secs(10)));
}

// P1
#[test]
fn a_call_whose_delays_outgrow_time_gives_up_and_never_sends_without_a_wait() {
    let policy = Policy::exponential(SECOND).no_cap().jitter(Jitter::None).attempts(100);
    let script = (1..=100).fold(Script::new(), |script, id| script.outcome(id, ms(1), Verdict::retry()));
    let timeline = play(&policy, 7, &script);
    let sent: Vec<_> =
        timeline.steps.iter().filter(|step| matches!(step.action, Action::Send(_))).map(|step| step.at).collect();
    assert!(sent.len() > 30, "{timeline}");
    assert!(sent.windows(2).all(|two| two[1].saturating_since(two[0]) > SECOND), "{timeline}");
    assert!(matches!(timeline.steps.last().unwrap().action, Action::GiveUp(_)), "{timeline}");
}

// P2
#[test]
fn jitter_on_the_longest_delay_is_a_draw_like_any_other() {
    for jitter in every_jitter() {
        for base in [SECOND, LONGEST, Duration::MAX] {
            let policy = endless(Policy::exponential(base).no_cap().jitter(jitter));
            for seed in 0..50 {
                let late: Vec<_> = policy.delays(seed).skip(100).take(100).collect();
                assert!(late.iter().any(|delay| *delay > Duration::from_secs(1 << 30)), "{jitter:?} {late:?}");
                let is_drawn = jitter != Jitter::None;
                assert_eq!(late.windows(2).any(|two| two[0] != two[1]), is_drawn, "{jitter:?} {late:?}");
            }
        }
    }
}

// P3
#[test]
fn jitter_on_a_delay_of_zero_is_zero() {
    for jitter in every_jitter() {
        for policy in [
            Policy::zero(),
            Policy::constant(Duration::ZERO),
            Policy::linear(Duration::ZERO),
            Policy::exponential(Duration::ZERO),
            Policy::fibonacci(Duration::ZERO),
            Policy::decorrelated(Duration::ZERO),
        ] {
            let delays = endless(policy.jitter(jitter)).delays(7).take(100).collect::<Vec<_>>();
            assert_eq!(delays, [Duration::ZERO; 100], "{policy:?}");
        }
        // A third of these, in whole nanoseconds, is 0.
        for nanos in [1, 2] {
            let base = Duration::from_nanos(nanos);
            assert!(endless(Policy::constant(base).jitter(jitter)).delays(7).take(100).all(|delay| delay <= 2 * base));
        }
    }
}

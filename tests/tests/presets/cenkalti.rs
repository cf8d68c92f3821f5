//! Cenkalti: 500 ms × 1.5, ± 50 %, for 15 minutes.

use std::time::Duration;

use insist_core::{Action, Jitter, Policy, Reason, Script, Verdict, play};
use insist_tests::by_hand::{at, ms};

use crate::{assert_ranges, failing, gave_up, sends, waits};

const LIMIT: u64 = 15 * 60 * 1000;

#[test]
fn its_numbers() {
    let cenkalti = Policy::cenkalti();
    assert_eq!((cenkalti.get_cap(), cenkalti.get_cap_stops()), (Some(ms(60_000)), false));
    assert_eq!((cenkalti.get_attempts(), cenkalti.get_deadline()), (None, Some(ms(LIMIT))));
}

#[test]
fn each_wait_is_drawn_from_half_less_up_to_half_more_and_is_cut_at_the_cap() {
    let mut ranges = Vec::new();
    let mut delay = 0.5;
    for _ in 0..16 {
        let cut: f64 = f64::min(delay, 60.0);
        ranges.push((Duration::from_secs_f64(cut / 2.0), Duration::from_secs_f64(f64::min(cut * 1.5, 60.0))));
        delay *= 1.5;
    }
    assert_eq!(ranges[0], (ms(250), ms(750)));
    assert_eq!(ranges[15], (ms(30_000), ms(60_000)));
    assert_ranges(&Policy::cenkalti(), &ranges);
}

#[test]
fn it_sends_as_long_as_there_is_time() {
    for seed in 0..50 {
        let failed = failing(&Policy::cenkalti(), seed);
        let sends = sends(&failed);
        let last = *sends.last().unwrap();
        // Twelve waits below the cap take about 129 s, and then each takes from 30 s up to 60 s.
        assert!((23..=45).contains(&sends.len()), "seed {seed}: {} sends", sends.len());
        assert!(last < at(LIMIT) && last >= at(LIMIT - 60_000), "seed {seed}: the last at {last}");
        assert_eq!(gave_up(&failed), (Reason::Deadline, last), "no wait is begun that is too long");
    }
}

#[test]
fn c1_intervals_double_up_to_the_cap_and_spread_by_a_tenth() {
    let policy = Policy::exponential(ms(500)).cap(ms(5000)).jitter(Jitter::fraction(0.1)).attempts(11);
    let exact = [500, 1000, 2000, 4000, 5000, 5000, 5000, 5000, 5000, 5000].map(ms);
    assert_eq!(waits(&policy.jitter(Jitter::None), 99), exact);
    assert_ranges(&policy, &exact.map(|wait| (wait * 9 / 10, (wait * 11 / 10).min(ms(5000)))));
}

#[test]
fn c8_time_that_has_passed_ends_it() {
    let script = Script::new().outcome(1, ms(LIMIT + 1), Verdict::retry());
    let timeline = play(&Policy::cenkalti(), 7, &script);
    assert_eq!((sends(&timeline).len(), gave_up(&timeline)), (1, (Reason::Deadline, at(LIMIT))));
}

#[test]
fn c10_the_largest_numbers_do_not_wrap() {
    let most = i64::MAX as u64;
    let span = Duration::from_nanos;
    let policy = Policy::exponential(span(most / 2)).cap(span(most)).jitter(Jitter::None).attempts(5);
    assert_eq!(waits(&policy, 9), [most / 2, most - 1, most, most].map(span));
}

#[test]
fn c12_a_number_of_retries_is_kept_and_starts_anew_for_the_next_call() {
    for retries in 17..29 {
        let policy = Policy::zero().attempts(retries + 1);
        let mut given_up = policy.delays(0);
        assert_eq!(given_up.by_ref().take(retries as usize / 2).count(), retries as usize / 2);
        let mut waits = policy.delays(0);
        assert_eq!(waits.by_ref().count(), retries as usize);
        assert_eq!([(); 7].map(|()| waits.next()), [None; 7]);
        assert!(policy.delays(0).next().is_some());
    }
}

#[test]
fn c14_what_is_permanent_is_sent_once() {
    let policy = Policy::cenkalti();
    for (verdict, sent) in [(Verdict::Accept, 1), (Verdict::Stop, 1), (Verdict::retry(), 2)] {
        let script = Script::new().outcome(1, ms(1), verdict).outcome(2, ms(1), Verdict::Accept);
        let timeline = play(&policy, 7, &script);
        assert_eq!(sends(&timeline).len(), sent, "{verdict:?}");
        let returns = matches!(timeline.steps.last().map(|step| step.action), Some(Action::Return(_)));
        assert_eq!(returns, verdict != Verdict::Stop, "{verdict:?}");
    }
}

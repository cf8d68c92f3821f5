//! Elastic: 10 ms × 2, each delay times a number drawn from 1 up to 2, until one reaches 8 s.

use std::time::Duration;

use insist_core::{AtEnd, Jitter, List, Policy, Reason, RetryContext, Script, Verdict, play};
use insist_tests::by_hand::ms;

use crate::{SEEDS, assert_ranges, failing, gave_up, sends, waits};

#[test]
fn its_numbers() {
    let elastic = Policy::elastic();
    assert_eq!((elastic.get_cap(), elastic.get_cap_stops()), (Some(ms(8000)), true));
    assert_eq!((elastic.get_attempts(), elastic.get_lane_attempts(), elastic.get_deadline()), (None, None, None));
}

#[test]
fn each_wait_is_drawn_from_a_delay_up_to_twice_that() {
    let ranges: Vec<_> = (0..9).map(|n| (ms(10 << n), ms(20 << n))).collect();
    assert_ranges(&Policy::elastic(), &ranges);
}

#[test]
fn it_ends_after_nine_or_ten_retries_as_the_draw_will() {
    let mut tens = 0;
    for seed in 0..SEEDS {
        let drawn: Vec<_> = Policy::elastic().delays(seed).collect();
        assert!(drawn.iter().all(|wait| *wait < ms(8000)));
        match drawn.len() {
            9 => {}
            10 => {
                tens += 1;
                assert!(drawn[9] >= ms(5120));
            }
            retries => panic!("seed {seed} has {retries} retries"),
        }
    }
    // The tenth is drawn from 5.12 s up to 10.24 s: 56.25 % of the draws lie below 8 s.
    let share = f64::from(tens) / SEEDS as f64;
    assert!((0.52..0.61).contains(&share), "{share}");
}

#[test]
fn a_call_sends_once_more_than_it_waits() {
    for seed in 0..20 {
        let failed = failing(&Policy::elastic(), seed);
        assert_eq!(sends(&failed).len(), Policy::elastic().delays(seed).count() + 1);
        assert_eq!(gave_up(&failed).0, Reason::Backoff);
    }
}

#[test]
fn e1_a_list_has_each_of_its_waits_once() {
    let list = Policy::list(List::new(&[ms(1), ms(2), ms(7)]), AtEnd::Stop).jitter(Jitter::None).attempts(9);
    let mut waits = list.delays(0);
    assert_eq!([(); 5].map(|()| waits.next()), [Some(ms(1)), Some(ms(2)), Some(ms(7)), None, None]);
}

#[test]
fn e3_zero_goes_on_stop_stops_and_constant_stays() {
    assert_eq!(waits(&Policy::zero().attempts(50), 99), [Duration::ZERO; 49]);
    assert_eq!(waits(&Policy::stop().attempts(50), 99), []);
    assert_eq!(waits(&Policy::constant(ms(1000)).jitter(Jitter::None).attempts(50), 99), [ms(1000); 49]);
}

#[test]
fn e5_a_backoff_of_ones_own_that_stops_at_five_makes_five_sends() {
    let own = |retry: RetryContext| (retry.number < 5).then_some(ms(1));
    let policy = Policy::new(own).unlimited_attempts();
    let script = (1..9).fold(Script::new(), |script, id| script.outcome(id, ms(0), Verdict::retry()));
    let failed = play(&policy, 7, &script);
    assert_eq!(sends(&failed).len(), 5);
    assert_eq!(gave_up(&failed).0, Reason::Backoff);
}

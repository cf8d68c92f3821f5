//! The budget against an exact model at every ratio: a list of everything that happened, and whole numbers.

use core::time::Duration;

use insist_core::{Budget, Cause, Gate, Instant, Settled};
use insist_tests::by_hand::RETRY;
use insist_tests::random::config;
use insist_tests::words::{at, retries_left, send_firsts};
use proptest::prelude::*;

const MS: u64 = 1_000_000;

/// Every thousandth from 0.001 to 10.
#[test]
fn every_ratio_lets_through_what_it_says() {
    for thousandths in 1..=10_000_u64 {
        let ratio = thousandths as f64 / 1000.0;
        for (firsts, reserve) in [(0, 3), (1, 0), (10, 0), (97, 0), (1000, 2)] {
            let budget = Budget::new(ratio).with_reserve(reserve);
            send_firsts(&budget, at(0), firsts);
            let expected = thousandths * firsts / 1000 + u64::from(reserve);
            assert_eq!(budget.state(at(0)).left, expected, "left at ratio {ratio} of {firsts}");
            if thousandths <= 1000 || thousandths % 100 == 0 {
                assert_eq!(retries_left(&budget, at(0)), expected, "ratio {ratio} of {firsts} and {reserve}");
                assert_eq!(budget.state(at(0)).left, 0);
            }
        }
    }
}

/// Ratios that no thousandth is: within one of the exact number, as quotients exactly.
#[test]
fn ratios_between_the_thousandths_are_exact_too() {
    for below in 1..=200_u64 {
        for above in (1..=below * 10).step_by(7) {
            let ratio = above as f64 / below as f64;
            if ratio < 0.001 {
                continue;
            }
            let budget = Budget::new(ratio).with_reserve(0);
            send_firsts(&budget, at(0), below);
            assert_eq!(budget.state(at(0)).left, above, "{above} for {below}");
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Event {
    Pass(u64),
    Send(u8),
    Retry(u8),
    Hedge,
    /// Refunds what was reserved so many charges ago.
    Refund(usize),
    Unsent,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0..300 * MS).prop_map(Event::Pass),
        1 => (0..3000 * MS).prop_map(Event::Pass),
        4 => (1..40_u8).prop_map(Event::Send),
        4 => (1..20_u8).prop_map(Event::Retry),
        1 => Just(Event::Hedge),
        2 => (0..5_usize).prop_map(Event::Refund),
        1 => Just(Event::Unsent),
    ]
}

proptest! {
    #![proptest_config(config(300, 400))]

    /// Whatever happens, in whatever order, at whatever ratio: the same answers and the same counts as the model.
    #[test]
    fn one_thread_agrees_with_the_model(
        thousandths in prop_oneof![1..=10_000_u64, 1..=1000_u64],
        reserve in 0..4_u32,
        events in proptest::collection::vec(event(), 1..120),
    ) {
        let budget =
            Budget::new(thousandths as f64 / 1000.0).with_reserve(reserve).window(Duration::from_secs(1));
        let mut model = Model::new(thousandths, u64::from(reserve), 100 * MS);
        let mut now = 0;
        let mut charged = Vec::new();
        for event in events {
            let instant = Instant::from_nanos(now);
            match event {
                Event::Pass(span) => now += span,
                Event::Send(firsts) => (0..firsts).for_each(|_| {
                    let _ = budget.admit(instant, &Cause::FIRST);
                    model.send(now);
                }),
                Event::Retry(_) | Event::Hedge => {
                    let (cause, wanted) = if let Event::Retry(wanted) = event { (RETRY, wanted) } else { (Cause::HEDGE, 1) };
                    for _ in 0..wanted {
                        let answer = budget.reserve(instant, &cause).is_ok();
                        prop_assert_eq!(answer, model.charge(now));
                        if answer {
                            charged.push((now, cause));
                        }
                    }
                }
                Event::Refund(back) => {
                    if back < charged.len() {
                        let (reserved, cause) = charged.remove(charged.len() - 1 - back);
                        budget.refund(instant, &cause, Instant::from_nanos(reserved));
                        model.refund(reserved);
                    }
                }
                Event::Unsent => {
                    let _ = budget.admit(instant, &Cause::FIRST);
                    budget.settle(instant, &Cause::FIRST, &Settled::Unsent(instant));
                    model.send(now);
                    model.unsend();
                }
            }
            let state = budget.state(Instant::from_nanos(now));
            prop_assert_eq!((state.firsts, state.charged), model.counts(now));
            prop_assert_eq!(state.left, model.left(now));
        }
    }
}

#[test]
fn a_refund_after_its_slot_has_passed_gives_nothing() {
    let budget = Budget::new(1.0).with_reserve(1).window(Duration::from_secs(1));
    assert_eq!(budget.reserve(at(0), &RETRY), Ok(()));
    assert_eq!(budget.reserve(at(1050), &RETRY), Ok(()), "the charge has left the window");
    budget.refund(at(1060), &RETRY, at(0));
    assert!(budget.reserve(at(1060), &RETRY).is_err(), "the refund was for a slot that is another's by now");
    budget.refund(at(1070), &RETRY, at(1050));
    assert_eq!(budget.reserve(at(1070), &RETRY), Ok(()));
}

#[test]
fn time_that_goes_backwards_stands_still() {
    let budget = Budget::new(1.0).with_reserve(0).window(Duration::from_secs(1));
    send_firsts(&budget, at(5000), 1);
    send_firsts(&budget, at(10), 1);
    assert_eq!(budget.state(at(0)).firsts, 2, "both count in the newest slot");
    assert_eq!(retries_left(&budget, at(10)), 2);
    assert_eq!(budget.state(at(5900)).charged, 2);
    assert_eq!(budget.state(at(6000)).charged, 0);
}

#[test]
fn the_last_instants_there_are_do_no_harm() {
    let budget = Budget::new(0.5).with_reserve(1).window(Duration::from_millis(10));
    let last = Instant::from_nanos(u64::MAX);
    send_firsts(&budget, last, 4);
    assert_eq!(retries_left(&budget, last), 3);
    let endless = Budget::new(0.5).with_reserve(0).window(Duration::MAX);
    send_firsts(&endless, last, 4);
    assert_eq!(retries_left(&endless, last), 2);
}

#[test]
fn what_makes_no_sense_is_said_and_refused() {
    for ratio in [0.0, 0.0009, 10.1, -1.0, f64::NAN, f64::INFINITY] {
        let budget = Budget::new(ratio);
        let said = budget.validate().unwrap_err().to_string();
        assert_eq!(said, "the ratio of the budget is not a number from 0.001 to 10");
        send_firsts(&budget, at(0), 100);
        assert_eq!(budget.reserve(at(0), &RETRY).unwrap_err().reason(), "budget is invalid");
        assert_eq!(budget.state(at(0)).left, 0);
    }
    let said = Budget::new(0.1).window(Duration::ZERO).validate().unwrap_err().to_string();
    assert_eq!(said, "the window of the budget is 0ns; it needs at least 10ms, a millisecond a slot");
    assert_eq!(Budget::default().validate(), Ok(()));
}

/// Holds what a budget should let through, for a ratio in thousandths.
#[derive(Clone, Debug)]
struct Model {
    thousandths: u64,
    reserve: u64,
    slot: u64,
    firsts: Vec<u64>,
    charges: Vec<u64>,
}

impl Model {
    const fn new(thousandths: u64, reserve: u64, slot: u64) -> Self {
        Self { thousandths, reserve, slot, firsts: Vec::new(), charges: Vec::new() }
    }

    /// Returns how many of these lie in the ten slots that end with now's.
    fn in_window(&self, nanos: &[u64], now: u64) -> u64 {
        let newest = now / self.slot;
        nanos.iter().map(|at| at / self.slot).filter(|slot| *slot <= newest && newest - slot < 10).count() as u64
    }

    fn send(&mut self, now: u64) {
        self.firsts.push(now);
    }

    /// A first send that was not sent after all.
    fn unsend(&mut self) {
        self.firsts.pop();
    }

    fn charge(&mut self, now: u64) -> bool {
        let may = self.left(now) > 0;
        if may {
            self.charges.push(now);
        }
        may
    }

    fn refund(&mut self, reserved: u64) {
        let same = |at: &u64| at / self.slot == reserved / self.slot;
        if let Some(place) = self.charges.iter().position(same) {
            self.charges.swap_remove(place);
        }
    }

    fn left(&self, now: u64) -> u64 {
        let (firsts, charges) = (self.in_window(&self.firsts, now), self.in_window(&self.charges, now));
        (self.thousandths * firsts / 1000 + self.reserve).saturating_sub(charges)
    }

    fn counts(&self, now: u64) -> (u64, u64) {
        (self.in_window(&self.firsts, now), self.in_window(&self.charges, now))
    }
}

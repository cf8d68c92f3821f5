//! What should have been sent by now: spread by its jitter, but never much later.

use core::time::Duration;

use insist_core::{Action, Call, Instant, Jitter, Policy, State, Verdict};
use insist_tests::by_hand::{retries, sent, waits_until};
use insist_tests::expected;
use insist_tests::words::{at, ms};

const HOUR: Duration = Duration::from_secs(3600);

const POLICY: Policy = Policy::constant(HOUR).jitter(Jitter::Full).attempts(9);

/// An attempt failed at 0, and the retry is due by this policy.
fn failed(policy: &Policy, seed: u64) -> State {
    let mut call = Call::new(policy, &(), at(0), seed);
    assert_eq!(sent(call.poll(at(0))), 1);
    retries(call.handle(at(0), 1, Verdict::retry()));
    call.suspend()
}

/// When the retry comes if the call is taken up at that instant.
fn due(policy: &Policy, now: Instant, state: State) -> u64 {
    match Call::try_resume(policy, &(), now, state).expect("it fits").poll(now) {
        Action::Send(_) => now.as_nanos(),
        Action::Wait { until: Some(until), .. } => until.as_nanos(),
        other => panic!("{other}"),
    }
}

/// Pearson's statistic of so many in a hundred equal parts of a range, with 99 degrees of freedom.
fn chi_squared(dues: &[u64], low: u64, high: u64) -> f64 {
    let mut parts = [0_u32; 100];
    for due in dues {
        let place = u128::from(due - low) * 100 / (u128::from(high - low) + 1);
        parts[place as usize] += 1;
    }
    let mean = dues.len() as f64 / 100.0;
    parts.iter().map(|count| (f64::from(*count) - mean).powi(2) / mean).sum()
}

/// All of them, taken up at one instant after an outage of ten hours.
fn after_an_outage(policy: &Policy) -> Vec<u64> {
    let now = Instant::from_nanos(expected::nanos(10 * HOUR));
    let mut dues: Vec<u64> = (0..10_000).map(|seed| due(policy, now, failed(policy, seed)) - now.as_nanos()).collect();
    dues.sort_unstable();
    dues
}

#[test]
fn ten_thousand_that_are_overdue_at_once_are_spread_evenly_over_their_jitter() {
    let hour = expected::nanos(HOUR);
    let decorrelated = Policy::decorrelated(HOUR).cap(HOUR * 3 / 2).attempts(9);
    for (policy, low, high) in [
        (POLICY, 0, hour),
        (POLICY.jitter(Jitter::Equal), hour / 2, hour),
        (POLICY.jitter(Jitter::fraction(0.25)), hour / 4 * 3, hour / 4 * 5),
        (POLICY.floor(HOUR / 4).cap(HOUR / 2), hour / 4, hour / 2),
        (decorrelated, hour, hour / 2 * 3),
    ] {
        let dues = after_an_outage(&policy);
        assert!(dues.iter().all(|due| (low..=high).contains(due)), "{policy:?}");
        // No two of 10,000 draws from at least 10^12 nanoseconds meet, but by a chance of one in ten thousand.
        assert!(dues.windows(2).all(|pair| pair[0] < pair[1]), "two at once: {policy:?}");
        let statistic = chi_squared(&dues, low, high);
        // Between these lie 99.98 % of all seeds, and these are always the same.
        assert!((55.0..=161.0).contains(&statistic), "{statistic}: {policy:?}");
    }
}

#[test]
fn what_is_put_off_is_no_echo_of_the_wait_before() {
    let hour = expected::nanos(HOUR);
    let now = at(36_000_000);
    // Drawn anew: the correlation of the two waits of a thousand calls is small.
    let pairs: Vec<(f64, f64)> = (0..1000)
        .map(|seed| {
            let before = due(&POLICY, at(0), failed(&POLICY, seed));
            let after = due(&POLICY, now, failed(&POLICY, seed)) - now.as_nanos();
            (before as f64 / hour as f64 - 0.5, after as f64 / hour as f64 - 0.5)
        })
        .collect();
    let correlation = pairs.iter().map(|(before, after)| before * after).sum::<f64>() / 1000.0 * 12.0;
    assert!(correlation.abs() < 0.1, "{correlation}");
}

/// This number never changes, as no wait does.
#[test]
fn law_14_what_is_overdue_is_put_off_by_what_it_always_was() {
    let now = at(36_000_000);
    let span = due(&POLICY, now, failed(&POLICY, 42)) - now.as_nanos();
    let word = expected::first_word(42_u64.wrapping_add(0xd134_2543_de82_ef95 << 40), 0, 1);
    assert_eq!(span, ((u128::from(word) * (u128::from(expected::nanos(HOUR)) + 1)) >> 64) as u64);
    assert_eq!(span, 1_027_839_232_870);
}

/// Takes many calls up a little late, as one does who looks in every few seconds, and each goes on as if nothing had
/// been.
#[test]
fn what_is_late_by_less_than_a_minute_is_due_and_from_then_on_it_is_put_off_by_no_more_than_it_is_late() {
    const MINUTE: u64 = 60_000_000_000;
    let mut put_off = 0;
    for seed in 0..1000 {
        let on_time = due(&POLICY, at(0), failed(&POLICY, seed));
        for late in [0, 1, 1_000_000, MINUTE - 1] {
            let now = Instant::from_nanos(on_time + late);
            assert_eq!(due(&POLICY, now, failed(&POLICY, seed)), now.as_nanos(), "{late} ns late");
        }
        for late in [MINUTE, MINUTE + 1, 2 * MINUTE] {
            let now = Instant::from_nanos(on_time + late);
            let until = due(&POLICY, now, failed(&POLICY, seed));
            assert!((now.as_nanos()..=now.as_nanos() + late).contains(&until), "{late} ns late, and due at {until}");
            put_off += u32::from(until > now.as_nanos());
        }
    }
    assert_eq!(put_off, 3000, "all are put off");
}

#[test]
fn what_is_still_to_come_comes_when_it_was_to_come() {
    let policy = POLICY.jitter(Jitter::Equal).hint_limit(HOUR * 2);
    let mut call = Call::new(&policy, &(), at(0), 1);
    assert_eq!(sent(call.poll(at(0))), 1);
    retries(call.handle(at(0), 1, Verdict::retry().after(HOUR)));
    let until = waits_until(call.poll(at(0)));
    let mut call: Call<_, _, 1> = Call::try_resume(&policy, &(), at(until - 1), call.suspend()).expect("it fits");
    assert_eq!(waits_until(call.poll(at(until - 1))), until);
}

#[test]
fn a_wait_is_put_off_only_once_so_that_one_who_looks_in_now_and_then_sends() {
    let now = at(36_000_000);
    for seed in 0..100 {
        let state = failed(&POLICY, seed);
        let mut call: Call<_, _, 1> = Call::try_resume(&POLICY, &(), now, state).expect("it fits");
        let until = waits_until(call.poll(now));
        // Not yet due: it stays. Overdue for the second time: it goes.
        call = Call::try_resume(&POLICY, &(), at(until - 1), call.suspend()).expect("it fits");
        assert_eq!(waits_until(call.poll(at(until - 1))), until);
        let later = at(until + 3_600_000);
        call = Call::try_resume(&POLICY, &(), later, call.suspend()).expect("it fits");
        assert_eq!(sent(call.poll(later)), 2);
        // The next wait is another, and may be put off again.
        retries(call.handle(later, 2, Verdict::retry()));
        let next = later.checked_add(HOUR * 10).unwrap();
        call = Call::try_resume(&POLICY, &(), next, call.suspend()).expect("it fits");
        assert!(matches!(call.poll(next), Action::Wait { .. }));
    }
}

#[test]
fn law_6_what_is_put_off_comes_before_the_deadline() {
    let policy = POLICY.deadline(HOUR * 2);
    let deadline = expected::nanos(HOUR * 2);
    let now = Instant::from_nanos(deadline - 10_000_000_000);
    let mut dues: Vec<u64> = (0..10_000).map(|seed| due(&policy, now, failed(&policy, seed))).collect();
    dues.sort_unstable();
    assert!(dues.iter().all(|due| (now.as_nanos()..deadline).contains(due)));
    // What is left is shared evenly as well.
    let statistic = chi_squared(&dues, now.as_nanos(), deadline - 1);
    assert!((55.0..=161.0).contains(&statistic), "{statistic}");
}

#[test]
fn without_jitter_nothing_is_put_off_and_nor_is_a_first_send() {
    let policy = POLICY.jitter(Jitter::None);
    let now = at(36_000_000);
    assert_eq!(due(&policy, now, failed(&policy, 1)), now.as_nanos());
    let new = Call::new(&POLICY, &(), at(0), 1).suspend();
    assert_eq!(due(&POLICY, now, new), now.as_nanos());
}

/// Draws decorrelated jitter from the wait, and not from the outage.
#[test]
fn law_8_an_outage_does_not_count_as_a_wait() {
    let policy = Policy::decorrelated(ms(1000)).attempts(9).no_cap();
    for seed in 0..100 {
        let waited = due(&policy, at(0), failed(&policy, seed));
        let now = at(36_000_000);
        let mut call: Call<_, _, 1> = Call::try_resume(&policy, &(), now, failed(&policy, seed)).expect("it fits");
        let Action::Wait { until: Some(until), .. } = call.poll(now) else { panic!("it is put off") };
        let longer = waited.max(until.as_nanos() - now.as_nanos());
        assert_eq!(sent(call.poll(until)), 2);
        retries(call.handle(until, 2, Verdict::retry()));
        let Action::Wait { until: Some(next), .. } = call.poll(until) else { panic!("it waits") };
        let delay = next.as_nanos() - until.as_nanos();
        assert_eq!(Some(delay), expected::delay(&policy, seed, 0, 2, longer));
    }
}

#[test]
fn what_is_overdue_at_the_end_of_time_stays_due() {
    let end = Instant::from_nanos(u64::MAX);
    // A call that was made late enough for the end of time to be of its origin.
    let late = Instant::from_nanos(u64::MAX - 2 * expected::nanos(HOUR));
    let mut call = Call::new(&POLICY, &(), late, 7);
    assert_eq!(sent(call.poll(late)), 1);
    assert!(call.handle(late, 1, Verdict::retry()).counts());
    let call: Call<_, _> = Call::try_resume(&POLICY, &(), end, call.suspend()).expect("it fits");
    let state = call.suspend();
    let mut buffer = [0; State::<1>::BYTES];
    assert_eq!(state.encode(&mut buffer).map(State::decode), Ok(Ok(state.clone())));
    assert_eq!(due(&POLICY, end, state), u64::MAX);
}

//! Many lanes: the stack that they take, and the turns that they have.

use std::future::{Future, pending};
use std::task::Poll;
use std::time::Duration;

use insist_futures::{Attempt, Policy, VirtualTimer, race};

/// An attempt whose future takes 16 KiB.
async fn large(timer: &VirtualTimer, attempt: Attempt) -> Result<u32, &'static str> {
    let ballast = [attempt.lane; 16 * 1024];
    timer.sleep(Duration::from_millis(5)).await;
    if attempt.lane < 15 {
        pending::<()>().await;
    }
    Ok(u32::from(ballast[ballast.len() - 1]))
}

/// Sixteen lanes of 16 KiB fit the stack of a test's thread in a debug build.
#[test]
fn sixteen_large_lanes_fit_the_stack_of_a_tests_thread() {
    // Two MiB, as the test harness has it, whatever this run was told.
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(|| {
        let timer = VirtualTimer::new();
        let policy = Policy::zero().lanes(16).attempts(16);
        timer.block_on(race(timer.clone(), policy, |attempt| large(&timer, attempt)).room::<16>().call())
    });
    assert_eq!(thread.unwrap().join().unwrap(), Ok(15));
}

/// Boxed attempts take a pointer each.
#[test]
fn boxed_attempts_take_a_pointer_each() {
    let timer = VirtualTimer::new();
    let policy = Policy::zero().lanes(16).attempts(16);
    let call = race(timer.clone(), policy, |attempt| Box::pin(large(&timer, attempt))).room::<16>().call();
    assert!(size_of_val(&call) < 4096, "{}", size_of_val(&call));
    assert_eq!(timer.block_on(call), Ok(15));
}

/// At each wake another lane is polled first.
#[test]
fn at_each_wake_another_lane_is_polled_first() {
    let timer = VirtualTimer::new();
    let first = std::cell::RefCell::new(Vec::new());
    let operation = |attempt: Attempt| {
        let (mut polls, first) = (0, &first);
        std::future::poll_fn(move |context| {
            polls += 1;
            first.borrow_mut().push(attempt.id);
            context.waker().wake_by_ref();
            if polls < 7 { Poll::Pending } else { Poll::Ready(Ok::<_, &str>(attempt.id)) }
        })
    };
    let call = race(timer.clone(), Policy::zero().lanes(3), operation).call();
    assert!(timer.block_on(call).is_ok());
    let first: Vec<_> = first.into_inner().chunks(3).map(<[u32]>::to_vec).collect();
    assert_eq!(first[..4], [vec![1, 2, 3], vec![2, 3, 1], vec![3, 1, 2], vec![1, 2, 3]]);
}

/// Thousands of calls wait by a virtual timer, and none looks through the others.
#[test]
fn a_virtual_timer_has_room_for_many_calls() {
    let timer = VirtualTimer::new();
    let started = std::time::Instant::now();
    let sleeps: Vec<_> = (0..16_000).map(|number| timer.sleep(Duration::from_micros(number))).collect();
    let mut sleeps: Vec<_> = sleeps.into_iter().map(Box::pin).collect();
    timer.block_on(std::future::poll_fn(|context| {
        sleeps.retain_mut(|sleep| sleep.as_mut().poll(context).is_pending());
        // Half of them are dropped early.
        if sleeps.len() > 8_000 {
            sleeps.truncate(8_000);
        }
        if sleeps.len() > 7_900 { Poll::Pending } else { Poll::Ready(()) }
    }));
    drop(sleeps);
    assert_eq!(timer.sleepers(), 0);
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

/// A wake polls each attempt once, also if one of them has ended and another is sent.
#[test]
fn a_wake_polls_each_attempt_once() {
    let timer = VirtualTimer::new();
    let polls = std::cell::RefCell::new(Vec::new());
    let operation = |attempt: Attempt| {
        let (polls, timer) = (&polls, timer.clone());
        let mut sleep = Box::pin(timer.sleep(Duration::from_millis(10 * u64::from(attempt.id))));
        std::future::poll_fn(move |context| {
            polls.borrow_mut().push((timer.elapsed().as_millis(), attempt.id));
            sleep.as_mut().poll(context).map(|()| if attempt.id < 4 { Err("no") } else { Ok(attempt.id) })
        })
    };
    let call = race(timer.clone(), Policy::zero().lanes(3).attempts(4), operation).call();
    assert_eq!(timer.block_on(call), Ok(4));
    let mut polls = polls.into_inner();
    let count = polls.len();
    polls.sort_unstable();
    polls.dedup();
    assert_eq!(polls.len(), count, "{polls:?}");
}

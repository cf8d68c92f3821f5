//! A loser does not hold up the winner: it is dropped, never waited for. What its drop does itself is done first.

use std::cell::RefCell;
use std::future::pending;
use std::time::Duration;

use insist_futures::{Policy, VirtualTimer, race};

const POLICY: Policy = Policy::zero().lanes(2);

/// Says when it is dropped.
struct Leaving<'a>(&'a RefCell<Vec<&'static str>>);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.borrow_mut().push("the loser begins to leave");
        // What a socket's `close` may take, for example.
        std::thread::sleep(Duration::from_millis(5));
        self.0.borrow_mut().push("the loser has left");
    }
}

fn events_of_a_race(loser_millis: Option<u64>) -> (Vec<&'static str>, Duration) {
    let (timer, events) = (VirtualTimer::new(), RefCell::default());
    timer.block_on(async {
        let operation = |attempt: insist_futures::Attempt| {
            let (timer, leaving) = (timer.clone(), (attempt.lane == 0).then(|| Leaving(&events)));
            async move {
                let _leaving = leaving;
                match (attempt.lane, loser_millis) {
                    (0, None) => pending().await,
                    (0, Some(millis)) => timer.sleep(Duration::from_millis(millis)).await,
                    _ => timer.sleep(Duration::from_millis(20)).await,
                }
                Ok::<_, ()>(attempt.lane)
            }
        };
        let winner = race(timer.clone(), &POLICY, operation).await;
        assert_eq!(winner.ok(), Some(1));
        events.borrow_mut().push("the winner is returned");
    });
    (events.into_inner(), timer.elapsed())
}

#[test]
fn a_loser_that_never_ends_is_dropped_and_the_winner_is_returned_at_once() {
    let (events, elapsed) = events_of_a_race(None);
    assert_eq!(elapsed, Duration::from_millis(20));
    assert_eq!(events.last(), Some(&"the winner is returned"));
}

#[test]
fn a_loser_that_would_end_later_is_not_waited_for() {
    assert_eq!(events_of_a_race(Some(60_000)).1, Duration::from_millis(20));
}

#[test]
fn a_drop_that_blocks_its_thread_is_over_before_the_winner_is_returned() {
    let (events, _) = events_of_a_race(None);
    assert_eq!(events, ["the loser begins to leave", "the loser has left", "the winner is returned"]);
}

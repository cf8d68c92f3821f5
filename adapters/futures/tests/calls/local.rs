//! `retry_local`: operations that borrow mutably, with the finishers of every other call.

use std::cell::RefCell;
use std::future::pending;
use std::pin::pin;
use std::time::Duration;

use insist_futures::{Budget, Policy, Reason, Terms, Verdict, VirtualTimer, retry_local};

use crate::counting::{Counting, Open, poll};

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

const FIXED: Policy = Policy::constant(ms(100)).attempts(4);

/// A connection that answers after some queries.
struct Connection {
    timer: VirtualTimer,
    queries: u32,
}

impl Connection {
    fn new(timer: &VirtualTimer) -> Self {
        Self { timer: timer.clone(), queries: 0 }
    }

    async fn query(&mut self, good: u32) -> Result<u32, &'static str> {
        self.queries += 1;
        self.timer.sleep(ms(10)).await;
        if self.queries < good { Err("busy") } else { Ok(self.queries) }
    }
}

/// A mutable connection is retried, with every finisher.
#[test]
fn a_mutable_connection_can_be_retried_with_every_finisher() {
    let timer = VirtualTimer::new();
    let connection = &mut Connection::new(&timer);
    let call = retry_local(timer.clone(), &FIXED, async |_| connection.query(3).await);
    assert_eq!(timer.block_on(call.call()), Ok(3));
    assert_eq!(timer.elapsed(), ms(230));

    connection.queries = 0;
    let call = retry_local(timer.clone(), FIXED, async |_| connection.query(9).await).gate(Budget::default());
    let gave_up = timer.block_on(call.try_call()).unwrap_err();
    assert_eq!((gave_up.reason, gave_up.attempts, gave_up.last), (Reason::Attempts, 4, Some(Err("busy"))));

    connection.queries = 0;
    let terms = Terms::new(FIXED).judge(|outcome: &Result<u32, &str>| match outcome {
        Ok(_) => Verdict::Accept,
        Err(_) => Verdict::Stop,
    });
    let call = retry_local(timer.clone(), &terms, async |_| connection.query(9).await);
    let (result, report) = timer.block_on(call.report_with(|outcome| format!("{outcome:?}")));
    assert_eq!(result.unwrap_err().reason, Reason::Stopped);
    assert_eq!(report.log.entries()[0].detail.as_deref(), Some("Err(\"busy\")"));

    connection.queries = 0;
    let call = retry_local(timer.clone(), FIXED, async |_| connection.query(9).await).fallback(|_| 77);
    assert_eq!(timer.block_on(call.call()), 77);
    connection.queries = 0;
    let call = retry_local(timer.clone(), FIXED, async |_| connection.query(9).await).fallback(|_| 77);
    let (value, report) = timer.block_on(call.report());
    assert_eq!((value, report.fell_back), (77, true));
    assert_eq!(connection.queries, 4);
}

/// Notes when it is dropped.
struct Noted<'a>(&'a RefCell<Vec<String>>, u32);

impl Drop for Noted<'_> {
    fn drop(&mut self) {
        self.0.borrow_mut().push(format!("{} dropped", self.1));
    }
}

/// An attempt that takes too long is dropped before the next is made.
#[test]
fn an_attempt_that_takes_too_long_is_dropped_before_the_next_is_made() {
    for policy in [Policy::zero(), FIXED] {
        let (timer, notes) = (VirtualTimer::new(), RefCell::new(Vec::new()));
        let policy = policy.attempts(3).attempt_timeout(ms(50));
        let call = retry_local(timer.clone(), policy, async |attempt| {
            notes.borrow_mut().push(format!("{} made", attempt.id));
            let _noted = Noted(&notes, attempt.id);
            if attempt.id < 3 {
                pending::<()>().await;
            }
            Ok::<_, &str>(attempt.id)
        });
        assert_eq!(timer.block_on(call.call()), Ok(3));
        assert_eq!(notes.into_inner(), ["1 made", "1 dropped", "2 made", "2 dropped", "3 made", "3 dropped"]);
    }
}

/// A deadline drops the attempt in flight, and so does whoever drops the call.
#[test]
fn what_is_in_flight_is_dropped_with_the_call() {
    let (timer, notes) = (VirtualTimer::new(), RefCell::new(Vec::new()));
    let hangs = async |attempt: insist_futures::Attempt| {
        let _noted = Noted(&notes, attempt.id);
        pending::<Result<(), &str>>().await
    };
    let call = retry_local(timer.clone(), FIXED.deadline(ms(20)), hangs);
    assert_eq!(timer.block_on(call.try_call()).unwrap_err().reason, Reason::Deadline);
    assert_eq!(timer.elapsed(), ms(20));
    assert_eq!(*notes.borrow(), ["1 dropped"]);

    let counting = Counting::default();
    {
        let mut call = pin!(retry_local(timer.clone(), FIXED, hangs).gate(&counting).call());
        assert!(poll(call.as_mut()).is_pending());
        assert_eq!(counting.open(), Open { reserved: 0, admitted: 1, alive: 0 });
    }
    assert_eq!(counting.open(), Open::NOTHING);
    assert_eq!(*notes.borrow(), ["1 dropped", "1 dropped"]);
}

/// A policy with more lanes is refused, for a borrowed operation can be run once at a time.
#[test]
fn a_policy_with_more_lanes_is_refused() {
    let timer = VirtualTimer::new();
    let call = retry_local(timer.clone(), FIXED.lanes(2), async |_| Ok::<(), &str>(()));
    assert_eq!(timer.block_on(call.try_call()).unwrap_err().reason, Reason::Invalid);
}

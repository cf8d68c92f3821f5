//! Random calls, all at once: what is asked of a runtime, and what must not be left of it. The soaks of all runtimes
//! include this file.

use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::SeqCst};
use std::task::Poll;
use std::time::Duration;

use insist_core::{Admission, Cause, Gate, Kind, Refusal, Settled};
use insist_futures::{Attempt, Bulkhead, Instant, Policy, Timer, Verdict, race, retry};

/// Returns how many calls to make at once: as many as `INSIST_CASES` says, or few enough for an ordinary test.
pub(crate) fn cases(ordinarily: u64) -> u64 {
    std::env::var("INSIST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(ordinarily)
}

/// Everything that a call may leave behind.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    alive: AtomicI64,
    reserved: AtomicI64,
    admitted: AtomicI64,
    sent: AtomicU64,
    pub(crate) polls: AtomicU64,
    pub(crate) ended: AtomicU64,
    pub(crate) dropped: AtomicU64,
    pub(crate) panicked: AtomicU64,
}

impl Gate for Counts {
    fn reserve(&self, _: Instant, _: &Cause) -> Result<(), Refusal> {
        self.reserved.fetch_add(1, SeqCst);
        Ok(())
    }

    fn refund(&self, _: Instant, _: &Cause, _: Instant) {
        self.reserved.fetch_sub(1, SeqCst);
    }

    fn admit(&self, _: Instant, cause: &Cause) -> Admission {
        self.reserved.fetch_sub(i64::from(cause.kind != Kind::First), SeqCst);
        self.admitted.fetch_add(1, SeqCst);
        Admission::Yes
    }

    fn settle(&self, _: Instant, _: &Cause, _: &Settled) {
        self.admitted.fetch_sub(1, SeqCst);
    }
}

struct Alive(Arc<Counts>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.alive.fetch_sub(1, SeqCst);
    }
}

/// splitmix64.
fn random(state: &mut u64, below: u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut word = *state;
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (word ^ (word >> 31)) % below
}

/// The calls of one soak, in spans of this many milliseconds.
#[derive(Clone)]
pub(crate) struct Load<M> {
    pub(crate) timer: M,
    pub(crate) counts: Arc<Counts>,
    pub(crate) bulkhead: Arc<Bulkhead>,
    pub(crate) span: u64,
}

impl<M: Timer + Clone> Load<M> {
    pub(crate) fn new(timer: M, span: u64) -> Self {
        let bulkhead = Arc::new(Bulkhead::new(u32::MAX));
        Self { timer, counts: Arc::default(), bulkhead, span }
    }

    fn sleep(&self, millis: u64) -> M::Sleep {
        let until = self.timer.now().checked_add(Duration::from_millis(millis));
        self.timer.sleep_until(until.unwrap_or(Instant::ZERO))
    }

    /// Ends well or ill, never, or in a panic, sooner or later.
    fn attempt(&self, number: u64, attempt: Attempt) -> impl Future<Output = Result<u32, &'static str>> + use<M> {
        let mut state = number << 32 | u64::from(attempt.id);
        let alive = Alive(Arc::clone(&self.counts));
        self.counts.alive.fetch_add(1, SeqCst);
        self.counts.sent.fetch_add(1, SeqCst);
        let (kind, millis) = (random(&mut state, 1000), random(&mut state, self.span));
        let sleep = (random(&mut state, 4) > 0).then(|| self.sleep(millis));
        async move {
            let _alive = alive;
            if let Some(sleep) = sleep {
                sleep.await;
            }
            match kind {
                0..5 => panic!("an attempt panics"),
                5..30 => pending().await,
                30..60 => Err("stop"),
                60..500 => Err("busy"),
                _ => Ok(attempt.id),
            }
        }
    }

    /// A call that is random in every way. It may be dropped before its end.
    pub(crate) async fn call(self, number: u64) {
        let mut state = number ^ 0x5eed;
        let span = Duration::from_millis(self.span);
        let lanes = 1 + random(&mut state, 4) as u8;
        let policy = match random(&mut state, 3) {
            0 => Policy::zero(),
            1 => Policy::exponential(span / 4).cap(span),
            _ => Policy::constant(span / 3),
        };
        let mut policy = policy.attempts(1 + random(&mut state, 6) as u32).attempt_timeout(span).deadline(span * 5);
        if lanes > 1 {
            policy = policy.lanes(lanes).hedge_after(span * random(&mut state, 3) as u32 / 4);
        }
        let judge = |outcome: &Result<u32, &str>| match outcome {
            Ok(_) => Verdict::Accept,
            Err("stop") => Verdict::Stop,
            Err(_) => Verdict::retry(),
        };
        let gate = (&*self.counts, &*self.bulkhead);
        let operation = |attempt| self.attempt(number, attempt);
        let millis = random(&mut state, self.span * 3);
        let leaves = (random(&mut state, 5) == 0).then(|| self.sleep(millis));
        let ended = if lanes == 1 {
            self.watched(retry(self.timer.clone(), policy, operation).judge(judge).gate(gate).try_call(), leaves).await
        } else {
            self.watched(race(self.timer.clone(), policy, operation).judge(judge).gate(gate).try_call(), leaves).await
        };
        let count = match ended {
            Some(true) => &self.counts.ended,
            Some(false) => &self.counts.panicked,
            None => &self.counts.dropped,
        };
        count.fetch_add(1, SeqCst);
    }

    /// Counts the polls of a call. `None` if it was left, `false` if it panicked.
    async fn watched<F: Future>(&self, call: F, leaves: Option<M::Sleep>) -> Option<bool> {
        let (mut call, mut leaves) = (pin!(call), pin!(leaves));
        poll_fn(|context| {
            self.counts.polls.fetch_add(1, SeqCst);
            match catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(context))) {
                Err(_) => return Poll::Ready(Some(false)),
                Ok(Poll::Ready(_)) => return Poll::Ready(Some(true)),
                Ok(Poll::Pending) => {}
            }
            match leaves.as_mut().as_pin_mut().map(|leaves| leaves.poll(context)) {
                Some(Poll::Ready(())) => Poll::Ready(None),
                Some(Poll::Pending) | None => Poll::Pending,
            }
        })
        .await
    }

    /// All have ended, in every way, and nothing is left.
    pub(crate) fn check(&self, calls: u64) {
        let counts = &self.counts;
        let read = |count: &AtomicU64| count.load(SeqCst);
        let (ended, dropped, panicked) = (read(&counts.ended), read(&counts.dropped), read(&counts.panicked));
        let (sent, polls) = (read(&counts.sent), read(&counts.polls));
        println!("{calls} calls: {ended} ended, {dropped} dropped, {panicked} panicked; {sent} sends, {polls} polls");
        assert_eq!(ended + dropped + panicked, calls, "every call has one end");
        assert!(ended > 0 && dropped > 0 && panicked > 0, "{ended} {dropped} {panicked}");
        assert_eq!(counts.alive.load(SeqCst), 0, "attempts that are alive");
        assert_eq!(counts.reserved.load(SeqCst), 0, "what was reserved and neither sent nor refunded");
        assert_eq!(counts.admitted.load(SeqCst), 0, "what was admitted and not settled");
        assert_eq!(self.bulkhead.in_flight(), 0, "places that are taken");
        // An attempt wakes its call once or twice, and so do a wait, a timeout and a hedge.
        assert!(polls <= 3 * calls + 4 * sent, "woken too often: {polls} polls for {sent} sends of {calls} calls");
    }
}

/// The panics of attempts are meant, and not worth a page of output each.
pub(crate) fn hush() {
    std::panic::set_hook(Box::new(|panic| {
        if panic.payload().downcast_ref() != Some(&"an attempt panics") {
            eprintln!("{panic}");
        }
    }));
}

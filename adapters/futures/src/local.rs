//! `retry_local`: async closures that borrow what they captured, on the task that they were made on.

use core::marker::PhantomData;
use core::ops::Deref;

use insist_core::{Attempt, Backoff, Gate, GaveUp, Hook, Judge, Policy};
#[cfg(feature = "alloc")]
use insist_core::{NoDetail, Report};

use crate::driver::Driver;
use crate::operation::Outcomes;
use crate::run::Described;
use crate::slots::{Lanes, Room};
use crate::timer::Timer;

/// An async closure, and what its attempts end with.
#[derive(Debug)]
pub struct Local<F, T, E> {
    operation: F,
    outcomes: PhantomData<fn() -> Result<T, E>>,
}

impl<F, T, E> Outcomes for Local<F, T, E> {
    type Value = T;
    type Error = E;
}

/// A call of an async closure that borrows what it captured. It takes the same words as [`retry`](crate::retry()), and
/// ends with [`run`](Driver::run) or `run_and_report` in place of `.await`.
///
/// It is for executors that keep a task on its thread: the compiler cannot see that such a call could be sent to
/// another. With [`room`](Driver::room) it races.
///
/// ```
/// use core::cell::RefCell;
/// use insist_futures::{Policy, VirtualTimer, retry_local};
///
/// let timer = VirtualTimer::new();
/// let lines = RefCell::new(vec!["42", ""]);
/// let number = timer.block_on(
///     retry_local(timer.clone(), &Policy::default(), async |_| {
///         let line = lines.borrow_mut().pop().unwrap(); // borrowed, not cloned
///         timer.sleep(core::time::Duration::from_secs(1)).await;
///         line.parse::<u32>()
///     })
///     .when(|error| error.to_string().contains("empty"))
///     .run(),
/// );
/// assert_eq!(number.unwrap(), 42);
/// ```
#[inline]
pub fn retry_local<M, P, B, F, T, E>(timer: M, policy: P, operation: F) -> Driver<M, P, Local<F, T, E>>
where
    P: Deref<Target = Policy<B>>,
    B: Backoff,
    F: AsyncFn(Attempt) -> Result<T, E>,
{
    Driver::new(timer, policy, Local { operation, outcomes: PhantomData })
}

impl<M, P, B, F, T, E, J, H, G, const LANES: usize> Driver<M, P, Local<F, T, E>, J, H, G, LANES>
where
    M: Timer,
    P: Deref<Target = Policy<B>>,
    B: Backoff,
    F: AsyncFn(Attempt) -> Result<T, E>,
    J: Judge<T, E>,
    H: Hook<T, E>,
    G: Gate,
    Lanes<LANES>: Room,
{
    /// Carries it out, and says why if it gives up.
    ///
    /// # Errors
    ///
    /// [`GaveUp`], with the result of the last attempt in it if there is one.
    pub async fn run(self) -> Result<T, GaveUp<T, E>> {
        let Described { timer, policy, operation: Local { operation, .. }, judge, hook, gate, repeat, seed } =
            self.described;
        let operation = |attempt| operation(attempt);
        let described = Described { timer, policy, operation, judge, hook, gate, repeat, seed };
        Driver::<_, _, _, _, _, _, LANES> { described }.try_call().await
    }

    /// Carries it out, and reports whatever came of it.
    #[cfg(feature = "alloc")]
    pub async fn run_and_report(self) -> (Result<T, GaveUp<T, E>>, Report) {
        let Described { timer, policy, operation: Local { operation, .. }, judge, hook, gate, repeat, seed } =
            self.described;
        let operation = |attempt| operation(attempt);
        let described = Described { timer, policy, operation, judge, hook, gate, repeat, seed };
        Driver::<_, _, _, _, _, _, LANES> { described }.report_with(|_| NoDetail).await
    }
}

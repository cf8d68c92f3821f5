//! Thousands of calls at once in virtual time, with random outcomes, drops and panics: nothing is left. `INSIST_CASES`
//! says how many.

mod load;

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use insist_futures::VirtualTimer;

/// The tasks that were woken, and the waker of whoever polls them.
#[derive(Default)]
struct Woken(Mutex<(VecDeque<usize>, Option<Waker>)>);

struct Task {
    number: usize,
    woken: Arc<Woken>,
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        let (tasks, waker) = &mut *self.woken.0.lock().unwrap();
        tasks.push_back(self.number);
        if let Some(waker) = waker {
            waker.wake_by_ref();
        }
    }
}

/// Polls each task when it was woken, until all have ended.
async fn run(tasks: impl Iterator<Item = Pin<Box<dyn Future<Output = ()>>>>) {
    let woken = Arc::new(Woken::default());
    let mut tasks: Vec<_> = tasks
        .enumerate()
        .map(|(number, task)| Some((task, Waker::from(Arc::new(Task { number, woken: Arc::clone(&woken) })))))
        .collect();
    let mut left = tasks.len();
    woken.0.lock().unwrap().0.extend(0..left);
    poll_fn(|context| {
        woken.0.lock().unwrap().1 = Some(context.waker().clone());
        loop {
            let Some(number) = woken.0.lock().unwrap().0.pop_front() else { break };
            let Some((task, waker)) = &mut tasks[number] else { continue };
            if task.as_mut().poll(&mut Context::from_waker(waker)).is_ready() {
                tasks[number] = None;
                left -= 1;
            }
        }
        if left == 0 { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// A minute of virtual time.
#[test]
fn nothing_is_left_of_calls_in_virtual_time() {
    load::hush();
    let calls = load::cases(4_000);
    let timer = VirtualTimer::new();
    let load = load::Load::new(timer.clone(), 12_000);
    let call = |number| Box::pin(load.clone().call(number)) as Pin<Box<dyn Future<Output = ()>>>;
    let all: Vec<_> = (0..calls).map(call).collect();
    timer.block_on(run(all.into_iter()));
    load.check(calls);
    assert_eq!(timer.sleepers(), 0);
}

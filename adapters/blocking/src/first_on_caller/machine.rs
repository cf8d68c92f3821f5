//! The machine of a call, with the judge and the hook that it is used with: by one thread at a time.

use insist_core::{Action, AsPolicy, Call, Decision, Event, Gate, Hook, Instant, Judge, Judged, Verdict, during};

use crate::race::LANES;

pub(super) struct Machine<T, E, P: AsPolicy, J, H, G: Gate> {
    pub(super) call: Call<P, G, LANES>,
    pub(super) judge: J,
    pub(super) hook: H,
    pub(super) is_listening: bool,
    pub(super) started: Instant,
    pub(super) now: Instant,
    pub(super) last: Option<Result<T, E>>,
}

impl<T, E, P: AsPolicy, J: Judge<T, E>, H: Hook<T, E>, G: Gate> Machine<T, E, P, J, H, G> {
    /// Returns the next action, which the hook has been told of.
    pub(super) fn poll(&mut self) -> Action {
        let action = self.call.poll(self.now);
        if self.is_listening {
            self.hook.on_event(&Event::new(self.started, self.now, Decision::Action(action)));
        }
        action
    }

    /// Does the work of sending an attempt in the hook's context.
    pub(super) fn sending<R>(&mut self, attempt: u32, work: impl FnOnce() -> R) -> R {
        if self.is_listening { during(&mut self.hook, attempt, work) } else { work() }
    }

    /// Judges the end of an attempt, and hands it in; `None` if the attempt could not be started.
    pub(super) fn ended(&mut self, attempt: u32, result: Option<Result<T, E>>) {
        let verdict = match &result {
            Some(result) => self.judge.judge_attempt(attempt, result),
            None => Verdict::retry().unsent(),
        };
        self.now = Instant::now();
        let handled = self.call.handle(self.now, attempt, verdict);
        if self.is_listening {
            let judged = Judged::new(attempt, result.as_ref(), verdict, handled);
            self.hook.on_event(&Event::new(self.started, self.now, Decision::Judged(judged)));
        }
        // An attempt that could not be started leaves the result of the one before.
        if result.is_some() {
            self.last = result;
        }
    }
}

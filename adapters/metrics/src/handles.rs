//! The handles of a call's metrics. Those that are used again and again are looked up when their labels change.

use std::time::Duration;

use insist_core::{Kind, Refusal, WaitReason};
use metrics::{Counter, Histogram, Label, counter, histogram};

use crate::names;

/// Records a call's metrics. Their labels are the name of the call, if it has one, and others.
#[derive(Debug)]
pub(crate) struct Handles {
    name: Option<&'static str>,
    attempt: Option<AttemptHandles>,
    wait: Option<(WaitReason, Histogram)>,
}

/// The handles of the attempt that ended last.
#[derive(Debug)]
struct AttemptHandles {
    kind: Kind,
    end: &'static str,
    count: Counter,
    duration: Option<Histogram>,
}

impl Handles {
    pub(crate) const fn new(name: Option<&'static str>) -> Self {
        Self { name, attempt: None, wait: None }
    }

    /// Counts an attempt that has ended, and the time that it took if that is known.
    pub(crate) fn attempt(&mut self, kind: Kind, end: &'static str, took: Option<Duration>) {
        let name = self.name;
        let handles = match self.attempt.take() {
            Some(handles) if handles.kind == kind && handles.end == end => handles,
            _ => {
                let count = counter!(names::ATTEMPTS, labels(name, [("kind", kind.as_str()), ("end", end)]));
                AttemptHandles { kind, end, count, duration: None }
            }
        };
        let handles = self.attempt.insert(handles);
        handles.count.increment(1);
        if let Some(took) = took {
            let look_up = || histogram!(names::ATTEMPT_DURATION, labels(name, [("end", end)]));
            handles.duration.get_or_insert_with(look_up).record(took);
        }
    }

    /// Records a wait that is over.
    pub(crate) fn wait(&mut self, reason: WaitReason, took: Duration) {
        let name = self.name;
        let handle = match self.wait.take() {
            Some((same, handle)) if same == reason => handle,
            _ => histogram!(names::WAIT_DURATION, labels(name, [("reason", reason.as_str())])),
        };
        self.wait.insert((reason, handle)).1.record(took);
    }

    /// Counts a call that ended because a gate refused.
    pub(crate) fn refusal(&self, refusal: Refusal) {
        counter!(names::REFUSALS, labels(self.name, [("refusal", refusal.reason())])).increment(1);
    }

    /// Counts a call that has ended, and the time that it took if that is known.
    pub(crate) fn call(&self, result: &'static str, took: Option<Duration>) {
        counter!(names::CALLS, labels(self.name, [("result", result)])).increment(1);
        if let Some(took) = took {
            histogram!(names::CALL_DURATION, labels(self.name, [("result", result)])).record(took);
        }
    }
}

fn labels<const N: usize>(name: Option<&'static str>, words: [(&'static str, &'static str); N]) -> Vec<Label> {
    let mut labels = Vec::with_capacity(N + 1);
    labels.extend(name.map(|name| Label::from_static_parts("call", name)));
    labels.extend(words.map(|(key, word)| Label::from_static_parts(key, word)));
    labels
}

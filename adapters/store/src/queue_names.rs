//! Queues by name and by number. What is known of them never changes, so it is kept in memory.

use std::collections::HashMap;
use std::sync::Arc;

/// The most queues that are kept in memory.
const KEPT: usize = 10_000;

/// A target with a policy.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Queue {
    pub(crate) target: String,
    pub(crate) policy: String,
}

impl Queue {
    pub(crate) fn new(target: &str, policy: &str) -> Self {
        Self { target: target.into(), policy: policy.into() }
    }
}

#[derive(Default)]
pub(crate) struct QueueNames {
    by_id: HashMap<i64, Arc<Queue>>,
    ids: HashMap<Arc<Queue>, i64>,
}

impl QueueNames {
    /// Forgets all: a transaction that is undone may have made some.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Returns the number of a queue, if it is known.
    pub(crate) fn id(&self, queue: &Queue) -> Option<i64> {
        self.ids.get(queue).copied()
    }

    /// Returns the queue with this number, if it is known.
    pub(crate) fn queue(&self, id: i64) -> Option<Arc<Queue>> {
        self.by_id.get(&id).cloned()
    }

    /// Keeps a queue and its number.
    pub(crate) fn keep(&mut self, id: i64, queue: Queue) -> Arc<Queue> {
        if self.by_id.len() >= KEPT {
            self.forget();
        }
        let queue = Arc::new(queue);
        self.by_id.insert(id, Arc::clone(&queue));
        self.ids.insert(Arc::clone(&queue), id);
        queue
    }
}

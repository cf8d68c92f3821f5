//! A service that is called only when it was polled ready, counts, and answers as it is told.

use std::future::Future;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

use tower::Service;

/// Counts how often it was asked, called and cloned.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    asked: AtomicU32,
    calls: AtomicU32,
    clones: AtomicU32,
}

impl Counts {
    pub(crate) fn asked(&self) -> u32 {
        self.asked.load(Ordering::Relaxed)
    }

    pub(crate) fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }

    pub(crate) fn clones(&self) -> u32 {
        self.clones.load(Ordering::Relaxed)
    }
}

/// The function is given the number of the call, from 1, and the request.
#[derive(Debug)]
pub(crate) struct Strict<F> {
    is_ready: bool,
    counts: Arc<Counts>,
    answer: F,
}

impl<F> Strict<F> {
    pub(crate) fn new(answer: F) -> (Self, Arc<Counts>) {
        let counts = Arc::<Counts>::default();
        (Self { is_ready: false, counts: Arc::clone(&counts), answer }, counts)
    }
}

/// A clone is not ready.
impl<F: Clone> Clone for Strict<F> {
    fn clone(&self) -> Self {
        self.counts.clones.fetch_add(1, Ordering::Relaxed);
        Self { is_ready: false, counts: Arc::clone(&self.counts), answer: self.answer.clone() }
    }
}

impl<F, Req, A, T, E> Service<Req> for Strict<F>
where
    F: FnMut(u32, Req) -> A,
    A: Future<Output = Result<T, E>>,
{
    type Response = T;
    type Error = E;
    type Future = A;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), E>> {
        self.counts.asked.fetch_add(1, Ordering::Relaxed);
        self.is_ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Req) -> A {
        assert!(mem::take(&mut self.is_ready), "called without being ready");
        let number = 1 + self.counts.calls.fetch_add(1, Ordering::Relaxed);
        (self.answer)(number, request)
    }
}

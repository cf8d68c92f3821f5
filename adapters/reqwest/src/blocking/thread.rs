//! The thread of a blocking client: a runtime on which its calls are driven.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll};
use std::thread;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use reqwest::{Body, Error};
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// A runtime on a thread of its own, which ends when this is dropped.
#[derive(Debug)]
pub(super) struct Thread {
    handle: Handle,
    _stop: oneshot::Sender<()>,
}

impl Thread {
    pub(super) fn start() -> io::Result<Arc<Self>> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        thread::Builder::new().name("insist-reqwest".into()).spawn(move || {
            // An error means that the thread's owner is gone, too.
            let _ = runtime.block_on(stopped);
        })?;
        Ok(Arc::new(Self { handle, _stop: stop }))
    }

    /// Runs a future on the thread, and waits for it on this one.
    ///
    /// # Panics
    ///
    /// If the future panics.
    pub(super) fn wait<T: Send + 'static>(&self, future: impl Future<Output = T> + Send + 'static) -> T {
        let (give, taken) = mpsc::sync_channel(1);
        self.handle.spawn(async move {
            // Nobody takes it if the waiting thread is gone.
            let _ = give.send(future.await);
        });
        match taken.recv() {
            Ok(value) => value,
            Err(_) => panic!("a call panicked on the thread of its client"),
        }
    }
}

/// A body that keeps the thread which its connection is driven on.
pub(super) struct Held {
    pub(super) body: Body,
    pub(super) _thread: Arc<Thread>,
}

impl http_body::Body for Held {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

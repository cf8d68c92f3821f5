//! Bodies that can be sent again: what has been read of one is kept, up to a limit, and the next attempt begins with it.
//!
//! Nothing is read ahead, so a stream that is fed while it is sent works as ever.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};

use crate::error::BoxError;

/// The default limit of what is kept of a body: 64 KiB.
pub const REPLAY_LIMIT: usize = 64 << 10;

/// A body that can be sent again. Each clone begins at the beginning; all share one source, and what was read of it.
///
/// Up to a limit of bytes is kept, frame by frame as it is read. A body that is longer, or whose source failed, goes on
/// where it is, but cannot be sent again: [`can_be_replayed`](Self::can_be_replayed) says so, and a clone that would
/// need what was not kept ends with [`NotKept`]. The body's own errors are boxed as they are.
///
/// ```
/// use http_body_util::BodyExt;
/// use insist_http::{REPLAY_LIMIT, Replay};
///
/// # let wait = futures_lite_block_on;
/// # fn futures_lite_block_on<F: Future>(future: F) -> F::Output {
/// #     let mut future = std::pin::pin!(future);
/// #     loop {
/// #         let mut context = std::task::Context::from_waker(std::task::Waker::noop());
/// #         if let std::task::Poll::Ready(value) = future.as_mut().poll(&mut context) {
/// #             return value;
/// #         }
/// #     }
/// # }
/// let body = Replay::new(String::from("hello"), REPLAY_LIMIT);
/// let again = body.clone();
/// assert_eq!(wait(body.collect()).unwrap().to_bytes(), "hello");
/// assert_eq!(wait(again.collect()).unwrap().to_bytes(), "hello");
/// ```
pub struct Replay<B> {
    /// `None` for a body without a frame, which needs no memory.
    shared: Option<Arc<Shared<B>>>,
    /// The number of frames that this clone has read.
    at: usize,
    hint: SizeHint,
}

struct Shared<B> {
    state: Mutex<State<B>>,
    readers: Arc<Readers>,
}

struct State<B> {
    source: Pin<Box<B>>,
    kept: Vec<Kept>,
    /// The number of frames that were read of the source.
    read: usize,
    room: usize,
    has_ended: bool,
    /// True once the source cannot be read from its beginning any more.
    is_spent: bool,
}

#[derive(Clone)]
enum Kept {
    Data(Bytes),
    Trailers(http::HeaderMap),
}

/// The tasks that wait for the source: those of all clones, for any of them may be dropped.
#[derive(Default)]
struct Readers(Mutex<Vec<Waker>>);

impl Readers {
    fn add(&self, waker: &Waker) {
        let mut wakers = lock(&self.0);
        if !wakers.iter().any(|known| known.will_wake(waker)) {
            wakers.push(waker.clone());
        }
    }
}

impl Wake for Readers {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let wakers = std::mem::take(&mut *lock(&self.0));
        wakers.into_iter().for_each(Waker::wake);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<B: Body> Replay<B> {
    /// Wraps a body, of which at most `limit` bytes are kept. A body that is empty allocates nothing.
    pub fn new(source: B, limit: usize) -> Self {
        let hint = source.size_hint();
        let shared = (!source.is_end_stream()).then(|| {
            let state = State {
                source: Box::pin(source),
                kept: Vec::new(),
                read: 0,
                room: limit,
                has_ended: false,
                is_spent: false,
            };
            Arc::new(Shared { state: Mutex::new(state), readers: Arc::default() })
        });
        Self { shared, at: 0, hint }
    }

    /// Returns whether a clone could be sent from the beginning now.
    #[must_use]
    pub fn can_be_replayed(&self) -> bool {
        self.shared.as_ref().is_none_or(|shared| !lock(&shared.state).is_spent)
    }

    /// Returns whether the body is known to fit into the limit, so that several attempts at once can send it.
    #[must_use]
    pub fn fits(&self) -> bool {
        let Some(shared) = &self.shared else { return true };
        let state = lock(&shared.state);
        let room = state.room as u64;
        !state.is_spent && (state.has_ended || self.hint.upper().is_some_and(|upper| upper <= room))
    }
}

impl<B> Clone for Replay<B> {
    /// Makes a body that begins at the beginning.
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), at: 0, hint: self.hint }
    }
}

impl<B: Body> State<B> {
    /// Reads the next frame of the source, and keeps it if there is room.
    fn read(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let frame = match std::task::ready!(self.source.as_mut().poll_frame(context)) {
            None => {
                self.has_ended = true;
                return Poll::Ready(None);
            }
            Some(Ok(frame)) => frame.map_data(|mut data| data.copy_to_bytes(data.remaining())),
            Some(Err(error)) => {
                self.spend();
                return Poll::Ready(Some(Err(error)));
            }
        };
        self.read += 1;
        if !self.is_spent {
            match keep(&frame).filter(|kept| kept.len() <= self.room) {
                Some(kept) => {
                    self.room -= kept.len();
                    self.kept.push(kept);
                }
                None => self.spend(),
            }
        }
        Poll::Ready(Some(Ok(frame)))
    }

    /// Returns whether nothing comes after this number of frames.
    fn is_at_end(&self, at: usize) -> bool {
        at == self.read && (self.has_ended || (at > 0 && self.source.is_end_stream()))
    }

    fn spend(&mut self) {
        self.is_spent = true;
        self.kept = Vec::new();
    }
}

impl Kept {
    fn len(&self) -> usize {
        match self {
            Self::Data(data) => data.len(),
            Self::Trailers(_) => 0,
        }
    }

    fn frame(&self) -> Frame<Bytes> {
        match self {
            Self::Data(data) => Frame::data(data.clone()),
            Self::Trailers(trailers) => Frame::trailers(trailers.clone()),
        }
    }
}

fn keep(frame: &Frame<Bytes>) -> Option<Kept> {
    let data = frame.data_ref().map(|data| Kept::Data(data.clone()));
    data.or_else(|| frame.trailers_ref().map(|trailers| Kept::Trailers(trailers.clone())))
}

impl<B: Body<Error: Into<BoxError>>> Body for Replay<B> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        let Some(shared) = &this.shared else { return Poll::Ready(None) };
        let mut state = lock(&shared.state);
        if let Some(kept) = state.kept.get(this.at) {
            this.at += 1;
            return Poll::Ready(Some(Ok(kept.frame())));
        }
        if this.at < state.read || (state.is_spent && this.at == 0) {
            return Poll::Ready(Some(Err(NotKept.into())));
        }
        if state.has_ended {
            return Poll::Ready(None);
        }
        shared.readers.add(context.waker());
        let waker = Waker::from(Arc::clone(&shared.readers));
        let polled = state.read(&mut Context::from_waker(&waker));
        drop(state);
        if polled.is_ready() {
            // The others may go on too.
            shared.readers.wake_by_ref();
        }
        match std::task::ready!(polled) {
            None => Poll::Ready(None),
            Some(Ok(frame)) => {
                this.at += 1;
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(error)) => Poll::Ready(Some(Err(error.into()))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.shared.as_ref().is_none_or(|shared| lock(&shared.state).is_at_end(self.at))
    }

    /// Returns what the source said of its size before it was read.
    fn size_hint(&self) -> SizeHint {
        if self.at == 0 {
            return self.hint;
        }
        SizeHint::default()
    }
}

impl<B> fmt::Debug for Replay<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replay").field("size", &self.hint).finish_non_exhaustive()
    }
}

/// The error of a body that is to be sent again and cannot be: it is longer than what is kept of one, or its source failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotKept;

impl fmt::Display for NotKept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the beginning of the body was not kept, so it cannot be sent again")
    }
}

impl Error for NotKept {}

#[cfg(test)]
mod tests;

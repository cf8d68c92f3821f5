use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use http_body_util::{Empty, Full};

use super::*;

/// A body that gives the frames that it is fed, and is pending in between.
#[derive(Clone, Default)]
struct Fed(Arc<Mutex<Line>>);

/// The frames that wait, who waits for them, and whether they are the last.
type Line = (VecDeque<Fresh>, Option<Waker>, bool);

type Fresh = Result<Frame<Bytes>, &'static str>;

impl Fed {
    fn feed(&self, data: &'static str) {
        self.put(Ok(Frame::data(Bytes::from_static(data.as_bytes()))));
    }

    fn put(&self, frame: Fresh) {
        let mut fed = self.0.lock().unwrap();
        fed.0.push_back(frame);
        if let Some(waker) = fed.1.take() {
            waker.wake();
        }
    }

    fn end(&self) {
        self.0.lock().unwrap().2 = true;
    }
}

impl Body for Fed {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        let mut fed = self.0.lock().unwrap();
        match fed.0.pop_front() {
            Some(frame) => Poll::Ready(Some(frame)),
            None if fed.2 => Poll::Ready(None),
            None => {
                fed.1 = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

#[derive(Default)]
struct Woken(AtomicU32);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

type Polled = Poll<Option<Result<Result<Bytes, http::HeaderMap>, String>>>;

fn poll_with(body: &mut Replay<Fed>, waker: &Waker) -> Polled {
    let frame = Pin::new(body).poll_frame(&mut Context::from_waker(waker));
    frame.map_ok(|frame| frame.into_data().map_err(|frame| frame.into_trailers().unwrap())).map_err(|e| e.to_string())
}

fn poll(body: &mut Replay<Fed>) -> Polled {
    poll_with(body, Waker::noop())
}

fn data(data: &'static str) -> Polled {
    Poll::Ready(Some(Ok(Ok(Bytes::from_static(data.as_bytes())))))
}

const END: Polled = Poll::Ready(None);

fn not_kept() -> Polled {
    Poll::Ready(Some(Err(NotKept.to_string())))
}

#[test]
fn each_clone_begins_at_the_beginning_and_goes_on_where_the_source_is() {
    let fed = Fed::default();
    let mut first = Replay::new(fed.clone(), 10);
    fed.feed("one");
    assert_eq!(poll(&mut first), data("one"));
    let mut second = first.clone();
    fed.feed("two");
    fed.end();
    assert_eq!(poll(&mut second), data("one"));
    assert_eq!(poll(&mut second), data("two"));
    assert_eq!(poll(&mut second), END);
    assert_eq!(poll(&mut first), data("two"));
    assert_eq!(poll(&mut first), END);
    assert!(first.can_be_replayed());
}

#[test]
fn nothing_is_read_ahead() {
    let fed = Fed::default();
    let mut body = Replay::new(fed.clone(), 10);
    fed.feed("one");
    fed.feed("two");
    assert_eq!(poll(&mut body), data("one"));
    assert_eq!(fed.0.lock().unwrap().0.len(), 1);
}

#[test]
fn trailers_are_sent_again_too() {
    let fed = Fed::default();
    let body = Replay::new(fed.clone(), 10);
    let trailers = http::HeaderMap::from_iter([(http::header::ETAG, "x".parse().unwrap())]);
    fed.put(Ok(Frame::trailers(trailers.clone())));
    fed.end();
    for mut again in [body.clone(), body] {
        assert_eq!(poll(&mut again), Poll::Ready(Some(Ok(Err(trailers.clone())))));
        assert_eq!(poll(&mut again), END);
    }
}

#[test]
fn a_body_longer_than_the_limit_goes_on_and_cannot_be_sent_again() {
    let fed = Fed::default();
    let mut body = Replay::new(fed.clone(), 5);
    let mut behind = body.clone();
    fed.feed("four");
    assert_eq!(poll(&mut body), data("four"));
    assert!(body.can_be_replayed());
    fed.feed("more");
    fed.end();
    assert_eq!(poll(&mut body), data("more"));
    assert!(!body.can_be_replayed());
    assert_eq!(poll(&mut body), END);
    assert_eq!(poll(&mut behind), not_kept());
    assert_eq!(poll(&mut body.clone()), not_kept());
}

#[test]
fn a_body_of_just_the_limit_is_kept() {
    let fed = Fed::default();
    let mut body = Replay::new(fed.clone(), 4);
    fed.feed("four");
    fed.end();
    assert_eq!(poll(&mut body), data("four"));
    assert_eq!(poll(&mut body), END);
    assert!(body.can_be_replayed());
    assert!(body.fits(), "it has ended");
}

#[test]
fn a_source_that_failed_cannot_be_sent_again() {
    let fed = Fed::default();
    let mut body = Replay::new(fed.clone(), 10);
    fed.put(Err("no"));
    assert_eq!(poll(&mut body), Poll::Ready(Some(Err("no".into()))));
    assert!(!body.can_be_replayed());
    assert_eq!(poll(&mut body.clone()), not_kept());
}

#[test]
fn all_that_wait_are_woken_also_if_the_last_that_asked_is_dropped() {
    let fed = Fed::default();
    let mut first = Replay::new(fed.clone(), 10);
    let mut second = first.clone();
    let (one, other) = (Arc::new(Woken::default()), Arc::new(Woken::default()));
    assert!(poll_with(&mut first, &Arc::clone(&one).into()).is_pending());
    assert!(poll_with(&mut second, &Arc::clone(&other).into()).is_pending());
    drop(second);
    fed.feed("one");
    assert_eq!(one.0.load(SeqCst), 1);
    assert_eq!(other.0.load(SeqCst), 1);
    assert_eq!(poll(&mut first), data("one"));
}

#[test]
fn an_empty_body_allocates_nothing_and_a_short_one_fits() {
    assert!(Replay::new(Empty::<Bytes>::new(), 0).shared.is_none());
    assert!(Replay::new(Full::<Bytes>::from("four"), 4).fits());
    assert!(!Replay::new(Full::<Bytes>::from("fours"), 4).fits());
    assert!(!Replay::new(Fed::default(), 4).fits(), "nobody knows how long it is");
}

#[test]
fn its_length_and_its_end_are_those_of_the_source() {
    let mut body = Replay::new(Full::<Bytes>::from("four"), 9);
    assert_eq!(body.size_hint().exact(), Some(4));
    assert!(!body.is_end_stream());
    let again = body.clone();
    assert!(Pin::new(&mut body).poll_frame(&mut Context::from_waker(Waker::noop())).is_ready());
    assert!(body.is_end_stream());
    assert!(!again.is_end_stream());
    assert_eq!(again.size_hint().exact(), Some(4));
}

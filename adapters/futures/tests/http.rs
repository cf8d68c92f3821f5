//! The layer for HTTP: what is retried, what is sent again, and what each attempt is told.

use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_body_util::{BodyExt, Full, StreamBody};
use insist_core::{Attempt, Budget, Policy, Reason, Report};
use insist_futures::VirtualTimer;
use insist_futures::tower::{BoxError, Error, Layer};
use insist_http::http::header::RETRY_AFTER;
use insist_http::http::{HeaderName, HeaderValue, Request, Response, Uri};
use insist_http::{CallHeaders, IDEMPOTENCY_KEY, Replay, Rules};
use tower::{Layer as _, Service, ServiceExt, service_fn};

type Http<L> = Layer<VirtualTimer, L>;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Holds what a server was sent.
#[derive(Clone, Debug)]
struct Seen {
    uri: Uri,
    headers: insist_http::http::HeaderMap,
    body: String,
}

/// A server that gives these answers, one after the other, and remembers what it was sent.
#[derive(Clone, Default)]
struct Server(Arc<Mutex<State>>);

/// The answers that are left, the next one last, and what was sent.
type State = (Vec<io::Result<Response<()>>>, Vec<Seen>);

impl Server {
    fn new(answers: impl IntoIterator<Item = io::Result<Response<()>>>) -> Self {
        let mut answers: Vec<_> = answers.into_iter().collect();
        answers.reverse();
        Self(Arc::new(Mutex::new((answers, Vec::new()))))
    }

    fn seen(&self) -> Vec<Seen> {
        self.0.lock().unwrap().1.clone()
    }

    fn bodies(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.body).collect()
    }

    fn service<B>(
        &self,
    ) -> impl Service<Request<B>, Response = Response<()>, Error = io::Error, Future: Send> + Clone + use<B>
    where
        B: http_body::Body<Error: std::fmt::Debug, Data: Send> + Send,
    {
        let server = self.clone();
        service_fn(move |request: Request<B>| {
            let server = server.clone();
            async move {
                let (head, body) = request.into_parts();
                let body = body.collect().await.expect("a body").to_bytes();
                let mut state = server.0.lock().unwrap();
                let body = String::from_utf8(body.to_vec()).unwrap();
                state.1.push(Seen { uri: head.uri, headers: head.headers, body });
                state.0.pop().expect("an answer for each attempt")
            }
        })
    }
}

fn status(status: u16) -> io::Result<Response<()>> {
    Ok(Response::builder().status(status).body(()).unwrap())
}

fn reset() -> io::Result<Response<()>> {
    Err(io::ErrorKind::ConnectionReset.into())
}

fn post(body: &str) -> Request<String> {
    Request::post("http://example.com/").body(body.to_string()).unwrap()
}

fn put(body: &str) -> Request<String> {
    Request::put("http://example.com/").body(body.to_string()).unwrap()
}

/// A body in pieces, of which nobody knows the length.
fn stream(pieces: &[&'static str]) -> impl http_body::Body<Data = bytes::Bytes, Error = Infallible> + Send + use<> {
    let pieces: Vec<_> = pieces.iter().map(|piece| Ok(http_body::Frame::data(bytes::Bytes::from(*piece)))).collect();
    StreamBody::new(futures_lite::stream::iter(pieces))
}

#[test]
fn statuses_hints_and_errors_are_judged_and_bodies_are_sent_again() {
    let mut busy = status(503);
    busy.as_mut().unwrap().headers_mut().insert(RETRY_AFTER, 2.into());
    let (server, timer) = (Server::new([busy, reset(), status(200)]), VirtualTimer::new());
    let client = Http::http(Policy::zero()).timer(timer.clone()).layer(server.service());
    assert_eq!(timer.block_on(client.oneshot(put("hello"))).unwrap().status(), 200);
    assert_eq!(server.bodies(), ["hello"; 3]);
    assert!(timer.elapsed() >= ms(2000), "{:?}", timer.elapsed());
}

#[test]
fn the_last_answer_is_the_result_of_a_call_that_gives_up() {
    let (server, timer) = (Server::new([status(503), status(502)]), VirtualTimer::new());
    let client = Http::http(Policy::zero().attempts(2)).timer(timer.clone()).layer(server.service());
    assert_eq!(timer.block_on(client.oneshot(put(""))).unwrap().status(), 502);
}

#[test]
fn a_post_is_repeated_only_if_it_was_not_sent() {
    let refused = || Err(io::ErrorKind::ConnectionRefused.into());
    let (server, timer) = (Server::new([refused(), reset()]), VirtualTimer::new());
    let client = Http::http(Policy::zero()).timer(timer.clone()).layer(server.service());
    let Err(Error::Service(error)) = timer.block_on(client.oneshot(post("x"))) else { panic!() };
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(server.bodies(), ["x"; 2]);
}

#[test]
fn a_call_that_is_given_a_key_may_be_repeated_and_keeps_it() {
    let (server, timer) = (Server::new([reset(), status(200)]), VirtualTimer::new());
    let headers = CallHeaders::new().idempotency_key().attempt(HeaderName::from_static("x-attempt"));
    let client = Http::http(Policy::zero()).headers(headers).timer(timer.clone()).layer(server.service());
    assert_eq!(timer.block_on(client.oneshot(post("x"))).unwrap().status(), 200);
    let seen = server.seen();
    assert_eq!(seen[0].headers[IDEMPOTENCY_KEY], seen[1].headers[IDEMPOTENCY_KEY]);
    assert_eq!(seen.iter().map(|seen| seen.headers["x-attempt"].clone()).collect::<Vec<_>>(), ["1", "2"]);
}

#[test]
fn rules_say_what_is_retried_and_what_may_be_repeated() {
    let (server, timer) = (Server::new([status(404), status(200)]), VirtualTimer::new());
    let rules = Rules::new().retry_status(404).repeatable(true);
    let client = Http::http(Policy::zero()).rules(rules).timer(timer.clone()).layer(server.service());
    assert_eq!(timer.block_on(client.oneshot(post("x"))).unwrap().status(), 200);
}

#[test]
fn a_stream_is_kept_up_to_the_limit_and_one_that_is_longer_ends_with_its_first_answer() {
    let (server, timer) = (Server::new([status(503), status(200)]), VirtualTimer::new());
    let client = Http::http(Policy::zero()).replay_limit(6).timer(timer.clone()).layer(server.service());
    let request = |pieces: &[&'static str]| Request::put("http://example.com/").body(stream(pieces)).unwrap();
    assert_eq!(timer.block_on(client.clone().oneshot(request(&["abc", "def"]))).unwrap().status(), 200);
    assert_eq!(server.bodies(), ["abcdef"; 2]);

    let server = Server::new([status(503)]);
    let client = Http::http(Policy::zero()).replay_limit(6).timer(timer.clone()).layer(server.service());
    assert_eq!(timer.block_on(client.oneshot(request(&["abc", "defg"]))).unwrap().status(), 503);
    assert_eq!(server.bodies(), ["abcdefg"]);
}

#[test]
fn a_body_of_another_type_is_made_of_the_one_that_is_kept() {
    let (server, timer) = (Server::new([status(503), status(200)]), VirtualTimer::new());
    let client = Http::http(Policy::zero())
        .wrap_body(|body: Replay<String>| body.boxed_unsync())
        .prepare(|request: &mut Request<_>, attempt: &Attempt| {
            *request.uri_mut() = format!("http://{}.example/", attempt.id).parse().unwrap();
        })
        .timer(timer.clone())
        .layer(server.service());
    assert_eq!(timer.block_on(client.oneshot(put("hello"))).unwrap().status(), 200);
    let uris: Vec<_> = server.seen().iter().map(|seen| seen.uri.to_string()).collect();
    assert_eq!(uris, ["http://1.example/", "http://2.example/"]);
}

#[test]
fn boxed_errors_are_judged_by_what_is_in_the_box_and_stay_the_services_own() {
    let timer = VirtualTimer::new();
    let sends = Arc::new(Mutex::new(0));
    let count = Arc::clone(&sends);
    let service = service_fn(move |_: Request<Replay<String>>| {
        *count.lock().unwrap() += 1;
        let kind = if *count.lock().unwrap() == 1 { io::ErrorKind::TimedOut } else { io::ErrorKind::InvalidData };
        async move { Err::<Response<()>, BoxError>(io::Error::from(kind).into()) }
    });
    let client = Http::http(Policy::zero()).timer(timer.clone()).own_errors().layer(service);
    let error: BoxError = timer.block_on(client.oneshot(put(""))).unwrap_err();
    assert_eq!(error.downcast_ref::<io::Error>().unwrap().kind(), io::ErrorKind::InvalidData);
    assert_eq!(*sends.lock().unwrap(), 2);
}

#[test]
fn a_report_tells_each_attempt_and_its_status() {
    let (server, timer) = (Server::new([status(503), reset(), status(200)]), VirtualTimer::new());
    let reports = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&reports);
    let client = Http::http(Policy::zero())
        .seed(7)
        .timer(timer.clone())
        .on_report_with(
            |outcome: &io::Result<Response<()>>| outcome.as_ref().map_or(0, |answer| answer.status().as_u16()),
            move |report: &Report<u16>| told.lock().unwrap().push(report.clone()),
        )
        .layer(server.service());
    assert_eq!(timer.block_on(client.oneshot(put(""))).unwrap().status(), 200);
    let reports = reports.lock().unwrap();
    let [report] = &reports[..] else { panic!("{reports:?}") };
    assert_eq!(report.attempts, 3);
    assert_eq!(report.reason, None);
    assert_eq!(report.seed, 7);
    let details: Vec<_> = report.log.entries().iter().map(|entry| entry.detail).collect();
    assert_eq!(details, [Some(503), Some(0), Some(200)]);
}

#[test]
fn a_call_that_sends_nothing_is_reported_too_and_its_error_says_why() {
    let timer = VirtualTimer::new();
    let server = Server::new([]);
    let reason = Arc::new(Mutex::new(None));
    let told = Arc::clone(&reason);
    let client = Http::http(Policy::zero().attempts(0))
        .timer(timer.clone())
        .on_report(move |report: &Report| *told.lock().unwrap() = report.reason)
        .own_errors()
        .layer(server.service());
    let error: io::Error = timer.block_on(client.oneshot(put(""))).unwrap_err();
    assert!(error.to_string().contains("attempts is 0"), "{error}");
    assert_eq!(*reason.lock().unwrap(), Some(Reason::Invalid));
}

/// A service of requests that fit into memory.
trait Slow: Service<SlowRequest, Response = Response<()>, Error = io::Error, Future: Send> + Clone {}

impl<S: Service<SlowRequest, Response = Response<()>, Error = io::Error, Future: Send> + Clone> Slow for S {}

type SlowRequest = Request<Replay<Full<&'static [u8]>>>;

/// A service that answers after a while, except to its first request, which it leaves alone.
fn slow_first(timer: &VirtualTimer, sends: &Arc<Mutex<u32>>) -> impl Slow + use<> {
    let (count, timer) = (Arc::clone(sends), timer.clone());
    service_fn(move |_| {
        let mut sends = count.lock().unwrap();
        *sends += 1;
        let sleep = insist_futures::Timer::sleep_until(
            &timer,
            insist_futures::Timer::now(&timer).checked_add(if *sends == 1 { ms(9000) } else { ms(10) }).unwrap(),
        );
        async move {
            sleep.await;
            status(200)
        }
    })
}

#[test]
fn a_hedge_answers_for_a_request_that_hangs() {
    let timer = VirtualTimer::new();
    let sends = Arc::new(Mutex::new(0));
    let service = slow_first(&timer, &sends);
    let policy = Policy::zero().lanes(2).hedge_after(ms(50));
    let budget = Arc::new(Budget::new(0.5));
    let client = Http::http_race(policy).gate(budget).timer(timer.clone()).layer(service);
    let request = Request::get("http://example.com/").body(Full::new(&b""[..])).unwrap();
    assert_eq!(timer.block_on(client.oneshot(request)).unwrap().status(), 200);
    assert_eq!(*sends.lock().unwrap(), 2);
    assert!(timer.elapsed() < ms(100), "{:?}", timer.elapsed());
}

#[test]
fn a_body_that_does_not_fit_has_one_lane() {
    let timer = VirtualTimer::new();
    let sends = Arc::new(Mutex::new(0));
    let service = slow_first(&timer, &sends);
    let policy = Policy::zero().lanes(2).hedge_after(ms(50));
    let client = Http::http_race(policy).replay_limit(3).timer(timer.clone()).layer(service);
    let request = Request::put("http://example.com/").body(Full::new(&b"four"[..])).unwrap();
    assert_eq!(timer.block_on(client.oneshot(request)).unwrap().status(), 200);
    assert_eq!(*sends.lock().unwrap(), 1);
}

#[test]
fn grpc_is_judged_by_its_own_status_and_its_pushback() {
    let answer = |lines: &[(&'static str, &'static str)]| {
        let mut answer = status(200).unwrap();
        for (name, value) in lines {
            answer.headers_mut().insert(*name, HeaderValue::from_static(value));
        }
        Ok(answer)
    };
    let server = Server::new([
        answer(&[("grpc-status", "14"), ("grpc-retry-pushback-ms", "250")]),
        answer(&[("grpc-status", "14")]),
        answer(&[("content-type", "application/grpc")]),
    ]);
    let timer = VirtualTimer::new();
    let client = Http::grpc(Policy::grpc()).timer(timer.clone()).layer(server.service());
    let answer = timer.block_on(client.oneshot(post("x"))).unwrap();
    assert!(answer.headers().contains_key("content-type"));
    assert_eq!(server.bodies(), ["x"; 3]);
    assert!(timer.elapsed() >= ms(250), "{:?}", timer.elapsed());
}

//! Requests in a store, against a server that fails as its script says.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use insist_flaky::{Answer, Script, Server};
use insist_store::http::{Request, Rules, Sender, http};
use insist_store::{ByHand, Calls, Instant, Policy, Sqlite, Status, StoredCall};
use tempfile::TempDir;

const POLICY: Policy =
    Policy::constant(Duration::from_secs(60)).attempts(3).attempt_timeout(Duration::from_millis(500));

struct Shop {
    calls: Calls,
    now: Arc<AtomicU64>,
    worker: ByHand,
    sender: Sender,
    _folder: TempDir,
}

impl Shop {
    fn new(sender: Sender) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let now = Arc::new(AtomicU64::new(1_893_456_000_000_000_000));
        let clock = Arc::clone(&now);
        let read = move || Instant::from_nanos(clock.load(Ordering::SeqCst));
        let calls = Calls::open_with_clock(Sqlite::file(folder.path().join("calls.db")), read).unwrap();
        let worker = calls.workers().policy("p", POLICY).per_target(10).by_hand().unwrap();
        Self { calls, now, worker, sender, _folder: folder }
    }

    fn turn(&mut self) -> usize {
        let Self { worker, sender, .. } = self;
        let sent = worker.turn(10, |attempt| sender.send(attempt)).unwrap().sent;
        self.now.fetch_add(Duration::from_secs(60).as_nanos() as u64, Ordering::SeqCst);
        sent
    }

    fn call(&self, key: &str) -> StoredCall {
        self.calls.find(key).unwrap().unwrap()
    }
}

#[test]
fn a_request_is_sent_as_it_was_enqueued_with_its_key_in_every_attempt() {
    let server = Server::start(Script::list([Answer::status(503), Answer::status(204)])).unwrap();
    let mut shop = Shop::new(Sender::new());
    let request = Request::new(http::Method::PUT, server.at("/hooks?x=1")).unwrap().header("x-one", "1").unwrap();
    shop.calls.enqueue(request.body("paid").into_call("order-17/paid", "p")).unwrap();
    assert_eq!(shop.turn(), 1);
    assert_eq!(
        (shop.call("order-17/paid").status, shop.call("order-17/paid").last_status),
        (Status::Pending, Some(503))
    );
    assert_eq!(shop.turn(), 1);
    assert_eq!(
        (shop.call("order-17/paid").status, shop.call("order-17/paid").last_status),
        (Status::Delivered, Some(204))
    );
    let requests = server.requests();
    assert_eq!(requests.len(), 2, "an attempt is one send");
    for request in &requests {
        assert_eq!((request.method.as_str(), request.path.as_str()), ("PUT", "/hooks?x=1"));
        assert_eq!((request.header("x-one"), request.body.as_slice()), (Some("1"), &b"paid"[..]));
        assert_eq!(request.header("idempotency-key"), Some("\"order-17/paid\""));
    }
}

#[test]
fn what_is_neither_2xx_nor_retried_fails_at_once() {
    let server = Server::start(Answer::status(404)).unwrap();
    let mut shop = Shop::new(Sender::new());
    shop.calls.enqueue(Request::post(server.at("/")).unwrap().into_call("a", "p")).unwrap();
    shop.turn();
    let call = shop.call("a");
    assert_eq!(
        (call.status, call.last_status, call.last_error.as_deref()),
        (Status::Failed, Some(404), Some("Not Found"))
    );
    assert_eq!(server.request_count(), 1);
}

#[test]
fn rules_say_which_answers_are_retried() {
    let server = Server::start(Script::list([Answer::status(404), Answer::status(200)])).unwrap();
    let mut shop = Shop::new(Sender::new().rules(Rules::new().retry_status(404)));
    shop.calls.enqueue(Request::post(server.at("/")).unwrap().into_call("a", "p")).unwrap();
    shop.turn();
    shop.turn();
    assert_eq!(shop.call("a").status, Status::Delivered);
}

#[test]
fn a_post_that_may_be_sent_once_is_unknown_after_a_503_and_goes_on_if_nothing_was_sent() {
    let server = Server::start(Answer::status(503)).unwrap();
    let mut shop = Shop::new(Sender::new());
    shop.calls.enqueue(Request::post(server.at("/")).unwrap().once().into_call("once", "p")).unwrap();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    shop.calls.enqueue(Request::post(format!("http://{nobody}/")).unwrap().once().into_call("unsent", "p")).unwrap();
    assert_eq!(shop.turn(), 2);
    assert_eq!(shop.call("once").status, Status::Unknown);
    assert_eq!((shop.call("unsent").status, shop.call("unsent").attempts), (Status::Pending, 1));
    assert!(shop.call("unsent").last_error.unwrap().contains("refused"));
}

#[test]
fn an_answer_that_does_not_come_in_time_is_retried() {
    let server = Server::start(Script::list([Answer::never(), Answer::ok("")])).unwrap();
    let mut shop = Shop::new(Sender::new());
    shop.calls.enqueue(Request::post(server.at("/")).unwrap().body("x").into_call("a", "p")).unwrap();
    shop.turn();
    let call = shop.call("a");
    assert_eq!((call.status, call.last_status), (Status::Pending, None));
    assert!(call.last_error.as_ref().unwrap().contains("timeout"), "{call:?}");
    shop.turn();
    assert_eq!(shop.call("a").status, Status::Delivered);
}

#[test]
fn retry_after_holds_up_the_host_and_no_other() {
    let busy = Server::start(Script::list([Answer::status(429).header("Retry-After", "120"), Answer::ok("")])).unwrap();
    let well = Server::start(Answer::ok("")).unwrap();
    let mut shop = Shop::new(Sender::new());
    for (key, server) in [("a", &busy), ("b", &busy), ("c", &well)] {
        shop.calls.enqueue(Request::post(server.at("/")).unwrap().into_call(key, "p")).unwrap();
    }
    let Shop { worker, sender, .. } = &mut shop;
    assert_eq!(worker.turn(1, |attempt| sender.send(attempt)).unwrap().sent, 1);
    assert_eq!(shop.turn(), 1, "only c: the host of a asked for two minutes");
    assert_eq!(shop.turn(), 0);
    assert_eq!(shop.turn(), 1, "b");
    assert_eq!(shop.turn(), 1, "a, a minute after the hint has ended");
    assert_eq!((busy.request_count(), well.request_count()), (3, 1));
}

#[test]
fn an_attempt_is_signed_when_it_is_sent_and_one_that_cannot_be_is_unsent() {
    let server = Server::start(Answer::ok("")).unwrap();
    let sender = Sender::new().sign(|attempt, request| {
        if attempt.id() == 1 {
            return Err("the vault is shut".into());
        }
        let signature = format!("{}-{}", attempt.id(), request.body().len());
        request.headers_mut().insert("x-signature", signature.parse()?);
        Ok(())
    });
    let mut shop = Shop::new(sender);
    shop.calls.enqueue(Request::post(server.at("/")).unwrap().once().body("paid").into_call("a", "p")).unwrap();
    shop.turn();
    assert_eq!(shop.call("a").last_error.as_deref(), Some("it could not be signed: the vault is shut"));
    assert_eq!(server.request_count(), 0);
    shop.turn();
    assert_eq!(server.requests()[0].header("x-signature"), Some("2-4"));
    assert_eq!(shop.call("a").status, Status::Delivered);
}

#[test]
fn a_body_that_is_no_request_fails_its_call() {
    let mut shop = Shop::new(Sender::new());
    shop.calls.enqueue(insist_store::NewCall::new("a", "p").body(*b"hello")).unwrap();
    shop.turn();
    assert_eq!(shop.call("a").status, Status::Failed);
    assert!(shop.call("a").last_error.unwrap().contains("no request"));
}

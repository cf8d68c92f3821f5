//! A request that hyper loses because its connection ends while the request is handed over: reqwest waits for its answer
//! for ever, and an attempt timeout or a hedge ends the wait. `docs/upstream.md` says why.
//!
//! The moment is a few instructions long. It is met every time, because the allocator of this program stops the thread that
//! hands a request over where the channel to the connection's task grows.

#![allow(unsafe_code, reason = "an allocator has no safe form")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use h2::server;
use insist_reqwest::insisting::{AttemptEnd, Policy, Report};
use insist_reqwest::{Client, Insist};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;

thread_local! {
    /// True if this thread is to be stopped.
    static IS_WATCHED: Cell<bool> = const { Cell::new(false) };
}

static IS_STOPPED: AtomicBool = AtomicBool::new(false);

static GOES_ON: AtomicBool = AtomicBool::new(false);

/// The channel grows by pieces with room for 32 requests, which have 9 KB; nothing else that a call allocates is as large.
const LARGE: usize = 6 << 10;

struct Stopping;

#[global_allocator]
static ALLOCATOR: Stopping = Stopping;

// SAFETY: All is the system's; nothing allocates in between.
unsafe impl GlobalAlloc for Stopping {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() >= LARGE && IS_WATCHED.replace(false) {
            IS_STOPPED.store(true, Ordering::SeqCst);
            wait_for(|| GOES_ON.load(Ordering::SeqCst));
        }
        // SAFETY: The caller keeps what `alloc` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: As above; `memory` came from there.
        unsafe { System.dealloc(memory, layout) }
    }
}

/// Waits for 20 s or so: what never comes fails a test, and does not hang it.
fn wait_for(is_so: impl Fn() -> bool) {
    for _ in 0..20_000 {
        if is_so() {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// Answers everything, and says GOAWAY on all connections when it is told to.
fn serve(runtime: &Runtime, leave: Arc<Notify>) -> SocketAddr {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    runtime.spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(answer(socket, Arc::clone(&leave)));
        }
    });
    address
}

async fn answer(socket: TcpStream, leave: Arc<Notify>) {
    let mut connection = server::handshake(socket).await.unwrap();
    loop {
        let accepted = tokio::select! {
            accepted = connection.accept() => accepted,
            () = leave.notified() => {
                connection.graceful_shutdown();
                continue;
            }
        };
        let Some(Ok((_, mut answer))) = accepted else { return };
        answer.send_response(http::Response::new(()), false).unwrap().send_data(Bytes::from("here"), true).unwrap();
    }
}

/// Makes calls over one connection until one of them is stopped while its request is handed over. Lets it go on when the
/// connection and its tasks are gone, and returns what it came to.
fn lost<F: Future>(call: impl Fn(Client, String) -> F) -> F::Output {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    IS_STOPPED.store(false, Ordering::SeqCst);
    GOES_ON.store(false, Ordering::SeqCst);

    let (servers, clients) = (runtime(), runtime());
    let leave = Arc::new(Notify::new());
    let url = format!("http://{}/", serve(&servers, Arc::clone(&leave)));
    let client = Client::builder().no_proxy().http2_prior_knowledge().pool_idle_timeout(None).build().unwrap();
    clients.block_on(call(client.clone(), url.clone()));
    thread::scope(|scope| {
        scope.spawn(|| {
            wait_for(|| IS_STOPPED.load(Ordering::SeqCst));
            leave.notify_one();
            wait_for(|| clients.metrics().num_alive_tasks() == 0);
            GOES_ON.store(true, Ordering::SeqCst);
        });
        for _ in 0..100 {
            IS_WATCHED.set(true);
            let ended = clients.block_on(call(client.clone(), url.clone()));
            IS_WATCHED.set(false);
            if IS_STOPPED.load(Ordering::SeqCst) {
                return ended;
            }
        }
        IS_STOPPED.store(true, Ordering::SeqCst);
        panic!("no call was stopped: the channel grows otherwise than it did")
    })
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

#[test]
fn reqwest_waits_for_the_answer_to_a_request_that_was_lost_with_its_connection() {
    let waited = lost(|client, url| async move {
        let plain: &reqwest::Client = client.as_ref();
        tokio::time::timeout(Duration::from_secs(1), plain.get(url).send()).await
    });
    assert!(waited.is_err(), "it has learnt of it: {waited:?}");
}

#[test]
fn an_attempt_timeout_ends_the_wait_for_a_request_that_was_lost_with_its_connection() {
    let policy = Policy::zero().attempts(2).attempt_timeout(Duration::from_secs(1));
    let answer = lost(|client, url| client.get(url).policy(policy).with_report().send()).unwrap();
    assert_eq!(answer.status(), 200);
    let report = answer.extensions().get::<Report>().unwrap();
    assert_eq!(report.attempts, 2, "{report}");
    assert_eq!(report.log.entries()[0].end, Some(AttemptEnd::Timeout), "{report}");
}

#[test]
fn a_hedge_is_answered_in_place_of_a_request_that_was_lost_with_its_connection() {
    let policy = Policy::zero().attempts(2).lanes(2).hedge_after(Duration::from_millis(100));
    let answer = lost(|client, url| client.get(url).policy(policy).with_report().send()).unwrap();
    assert_eq!(answer.status(), 200);
    let report = answer.extensions().get::<Report>().unwrap();
    assert_eq!(report.winner.map(|winner| winner.attempt), Some(2), "{report}");
    assert_eq!(report.log.entries()[0].end, Some(AttemptEnd::Lost), "{report}");
}

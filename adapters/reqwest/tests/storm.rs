//! Ten thousand calls over HTTP/2 to a server that breaks one stream in three, from a fixed seed: each call ends as its
//! policy says, and nothing is repeated that must not be.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, server};
use insist_reqwest::insisting::Policy;
use insist_reqwest::{Client, Insist, Method};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

const CALLS: u32 = 10_000;
const AT_ONCE: u32 = 16;
const SEED: u64 = 0x9e37_79b9_7f4a_7c15;
/// Long for a loopback, also on a noisy machine; only streams that hang wait for it.
const TIMEOUT: Duration = Duration::from_millis(500);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Do {
    Answer,
    Busy,
    /// Not processed, says the protocol.
    Refuse,
    Break(Reason),
    CutBody,
    Hang,
}

/// Draws a number below this for a call and an arrival of it.
fn draw(call: u32, arrival: u32, below: u64) -> u64 {
    let mut word = SEED ^ (u64::from(call) << 32 | u64::from(arrival));
    for _ in 0..3 {
        word = (word ^ (word >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    }
    (word >> 33) % below
}

fn plan(call: u32, arrival: u32) -> Do {
    match draw(call, arrival, 600) {
        0..=39 => Do::Busy,
        40..=99 => Do::Refuse,
        100..=139 => Do::Break(Reason::INTERNAL_ERROR),
        140..=169 => Do::Break(Reason::CANCEL),
        170..=197 => Do::CutBody,
        198..=199 => Do::Hang,
        _ => Do::Answer,
    }
}

fn method(call: u32) -> Method {
    [Method::GET, Method::POST, Method::PUT][call as usize % 3].clone()
}

fn attempts(call: u32) -> u32 {
    1 + draw(call, 0, 4) as u32
}

/// Holds what was done with the streams of each call, in the order of their arrival.
type Seen = Arc<Mutex<HashMap<u32, Vec<Do>>>>;

async fn respond(mut respond: SendResponse<Bytes>, call: u32, what: Do) {
    let head = |status: u16| http::Response::builder().status(status).body(()).unwrap();
    match what {
        Do::Answer => {
            if let Ok(mut body) = respond.send_response(head(200), false) {
                let _ = body.send_data(call.to_string().into(), true);
            }
        }
        Do::Busy => drop(respond.send_response(head(503), true)),
        Do::Refuse => respond.send_reset(Reason::REFUSED_STREAM),
        Do::Break(reason) => respond.send_reset(reason),
        Do::CutBody => {
            if let Ok(mut body) = respond.send_response(head(200), false) {
                let _ = body.send_data("cut".into(), false);
                body.send_reset(Reason::INTERNAL_ERROR);
            }
        }
        Do::Hang => drop(std::future::poll_fn(|context| respond.poll_reset(context)).await),
    }
}

async fn serve(seen: Seen) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let seen = Arc::clone(&seen);
            tokio::spawn(async move {
                // Whoever resets streams as fast as this is taken for an attacker by default.
                let mut builder = server::Builder::new();
                builder.max_pending_accept_reset_streams(1_000_000).max_local_error_reset_streams(None);
                let mut connection = builder.handshake::<_, Bytes>(stream).await.unwrap();
                while let Some(Ok((request, answer))) = connection.accept().await {
                    let call: u32 = request.uri().path()[1..].parse().unwrap();
                    let what = {
                        let mut seen = seen.lock().unwrap();
                        let arrivals = seen.entry(call).or_default();
                        let what = plan(call, arrivals.len() as u32 + 1);
                        arrivals.push(what);
                        what
                    };
                    tokio::spawn(respond(answer, call, what));
                }
            });
        }
    });
    address
}

/// Holds what a call ended with: its status and its body, or an error.
type Ended = Result<(u16, String), insist_reqwest::Error>;

async fn call(client: Client, url: String, call: u32) -> Ended {
    let policy = Policy::constant(Duration::from_millis(1)).attempts(attempts(call)).attempt_timeout(TIMEOUT);
    let request = client.request(method(call), url).policy(policy).whole_body(1000);
    let request = if method(call) == Method::GET { request } else { request.body("x") };
    let answer = request.send().await?;
    Ok((answer.status().as_u16(), answer.text().await?))
}

fn check(call: u32, arrivals: &[Do], ended: &Ended) {
    let says = format!("call {call}, {}, {} attempts: {arrivals:?}, {ended:?}", method(call), attempts(call));
    assert!((1..=attempts(call) as usize).contains(&arrivals.len()), "too many or too few: {says}");
    let last = arrivals[arrivals.len() - 1];
    let before = &arrivals[..arrivals.len() - 1];
    assert!(!before.contains(&Do::Answer), "went on after an answer: {says}");
    if method(call) == Method::POST {
        assert!(before.iter().all(|what| *what == Do::Refuse), "repeated what must not be: {says}");
    }
    let may_go_on = method(call) != Method::POST || last == Do::Refuse;
    if last != Do::Answer && may_go_on {
        assert_eq!(arrivals.len(), attempts(call) as usize, "gave up too soon: {says}");
    }
    match (last, ended) {
        (Do::Answer, Ok((200, body))) => assert_eq!(*body, call.to_string(), "another's answer: {says}"),
        // A call whose last attempt hung has the last outcome there was, or a timeout.
        (Do::Busy, Ok((503, _))) | (Do::Hang, Ok((503, _))) | (Do::Hang, Err(_)) => {}
        (Do::Refuse | Do::Break(_) | Do::CutBody, Err(error)) => assert!(!error.is_timeout(), "{says}"),
        _ => panic!("ended otherwise: {says}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_calls_over_http2_end_as_their_policies_say() {
    let seen = Seen::default();
    let address = serve(Arc::clone(&seen)).await;
    let client = Client::builder().no_proxy().http2_prior_knowledge().build().unwrap();
    let (mut next, mut calls, mut ends) = (0, JoinSet::new(), HashMap::new());
    while next < CALLS || !calls.is_empty() {
        if next < CALLS && calls.len() < AT_ONCE as usize {
            let (client, number) = (client.clone(), next);
            calls.spawn(async move { (number, call(client, format!("http://{address}/{number}"), number).await) });
            next += 1;
            continue;
        }
        let (number, ended) = calls.join_next().await.unwrap().unwrap();
        ends.insert(number, ended);
    }
    let seen = seen.lock().unwrap();
    for (number, ended) in &ends {
        check(*number, &seen[number], ended);
    }
    assert_eq!(ends.len(), CALLS as usize);
    let count = |wanted: fn(&Do) -> bool| seen.values().flatten().filter(|what| wanted(what)).count();
    assert!(count(|what| *what == Do::Refuse) > 500);
    assert!(count(|what| matches!(what, Do::Break(_))) > 500);
    assert!(count(|what| *what == Do::CutBody) > 200);
    assert!(count(|what| *what == Do::Hang) > 10);
}

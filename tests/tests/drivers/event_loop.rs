//! The event loop of the examples with 10,000 calls at once on one thread: no runtime is needed.

#[path = "../../examples/event_loop/calls.rs"]
mod calls;

use std::collections::HashMap;
use std::time::Duration;

use calls::EventLoop;
use insist_core::{Admission, Bulkhead, Cause, Gate, Instant, Policy, Reason};
use insist_flaky::{Answer, Request, Script, Server};
use insist_tests::words::alone;

const CALLS: usize = 10_000;

const POLICY: &Policy = &Policy::exponential(Duration::from_millis(10))
    .attempts(12)
    .attempt_timeout(Duration::from_secs(10))
    .deadline(Duration::from_secs(300))
    .lanes(2)
    .hedge_after(Duration::from_millis(40));

/// A gate that a call has for itself: nothing is sent before its time.
struct Start(Instant);

impl Gate for Start {
    fn admit(&self, now: Instant, _: &Cause) -> Admission {
        if now < self.0 { Admission::NotBefore(self.0) } else { Admission::Yes }
    }
}

/// Returns what the server does with a path, the first time and later.
fn answer(request: &Request, hits: usize) -> Answer {
    let number: usize = request.path[1..].parse().unwrap();
    match (number % 10, hits) {
        (0, 0..2) => Answer::status(503),
        (1, 0) => Answer::ok("slow").after(Duration::from_millis(600)),
        (2, 0) => Answer::reset(),
        (3, _) => Answer::status(404),
        (4, 0) | (5, _) => Answer::never(),
        (6, 0) => Answer::ok("x".repeat(200_000)),
        _ => Answer::ok(format!("{number}")),
    }
}

#[test]
fn ten_thousand_calls_at_once_on_one_thread() {
    alone(|| {
        let server = Server::start(Script::each(answer)).unwrap();
        let bulkhead = Bulkhead::new(1 << 20);
        let threads = threads();
        let mut calls = EventLoop::new().unwrap();

        // All of them are under way before the first is sent; then one is sent every 0.2 ms.
        let first = Instant::now().checked_add(Duration::from_millis(500)).unwrap();
        for number in 0..CALLS {
            let start = first.checked_add(Duration::from_micros(200) * number as u32).unwrap();
            let gate = (Start(start), &bulkhead);
            calls.fetch(POLICY, gate, server.address(), &format!("/{number}")).unwrap();
        }
        let pending = calls.fetches().iter().filter(|fetch| fetch.end.is_none()).count();
        assert_eq!(pending, CALLS);

        // Those that never get an answer are cancelled once all the others have one.
        let is_hopeless = |number: usize| number % 10 == 5;
        let hopeless = (0..CALLS).filter(|number| is_hopeless(*number)).count();
        while calls.turn().unwrap() > hopeless {}
        for number in (0..CALLS).filter(|number| is_hopeless(*number)) {
            calls.cancel(number).unwrap();
        }
        assert_eq!(calls.turn().unwrap(), 0);
        assert!(self::threads() <= threads, "{} threads, and {threads} before", self::threads());

        let mut sends: HashMap<String, usize> = HashMap::new();
        for seen in server.requests() {
            *sends.entry(seen.request.path.clone()).or_default() += 1;
        }
        for (number, call) in calls.fetches().iter().enumerate() {
            let body = call.end.as_ref().unwrap().as_ref().map(|response| body(response));
            match number % 10 {
                3 => assert_eq!(body, Err(&Reason::Stopped), "{number}"),
                5 => assert_eq!(body, Err(&Reason::Cancelled), "{number}"),
                1 => assert!(body.is_ok(), "{number}: {body:?}"),
                6 => assert!(matches!(body, Ok(body) if body.len() == 200_000 || body.len() < 6), "{number}"),
                _ => assert_eq!(body, Ok(number.to_string().as_bytes()), "{number}"),
            }
            let sends = sends.get(&format!("/{number}")).copied().unwrap_or(0);
            assert!(sends <= 12, "{number}: {sends}");
        }
        // Hedges won, and the losers' connections were closed; so were those that were cancelled.
        let slow =
            calls.fetches().iter().enumerate().filter(|(number, call)| {
                number % 10 == 1 && body(call.end.as_ref().unwrap().as_ref().unwrap()) != b"slow"
            });
        assert!(slow.count() > 0);
        let all_closed = server.wait_until(|seen| seen.open_connections() == 0, Duration::from_secs(60));
        assert!(all_closed, "{} connections are left", server.open_connections());
        assert!(server.disconnects() >= CALLS / 10, "{}", server.disconnects());
        assert_eq!(bulkhead.in_flight(), 0);
    });
}

fn body(response: &[u8]) -> &[u8] {
    let end = response.windows(4).position(|window| window == b"\r\n\r\n").expect("a whole head");
    &response[end + 4..]
}

/// Threads of this process that are not the server's: its are named.
fn threads() -> usize {
    let names = std::fs::read_dir("/proc/self/task").unwrap().filter_map(|task| {
        let name = std::fs::read_to_string(task.ok()?.path().join("comm")).ok()?;
        (!name.starts_with("flaky")).then_some(name)
    });
    names.count()
}

//! A client whose calls are futures: hyper requests and answers, driven on any timer.

use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Request, Response};
use insist_futures::{GaveUp, Timer, Verdict, race, retry};
use insist_http::{IDEMPOTENCY_KEY, Rules};

use crate::ask::{Ask, Method};
use crate::client::{Answer, Seen, Told};

pub(crate) type Outcome = io::Result<Response<Bytes>>;
pub(crate) type Sent = Request<Full<Bytes>>;

/// Makes a call with this timer. `send` makes an attempt.
pub(crate) async fn call<M, F, A>(
    timer: M,
    ask: &Ask,
    proxy: SocketAddr,
    send: F,
    judge: fn(&Outcome) -> Verdict,
) -> Seen
where
    M: Timer,
    F: Fn(Sent) -> A,
    A: Future<Output = Outcome>,
{
    let (started, attempts) = (Instant::now(), Cell::new(0));
    let repeat = Rules::new().repeat(request(ask, proxy, 0).method(), request(ask, proxy, 0).headers());
    let attempt = |attempt: insist_futures::Attempt| {
        attempts.set(attempts.get() + 1);
        send(request(ask, proxy, attempt.id))
    };
    let status = |outcome: &Outcome| outcome.as_ref().ok().map(|answer| answer.status().as_u16());
    if ask.is_plain {
        let outcome = retry(timer, &ask.policy, attempt).judge(judge).repeat(repeat).call().await;
        return Seen { attempts: attempts.get(), answer: answer(outcome), told: None, took: started.elapsed() };
    }
    let (result, report) = if ask.policy.get_lanes() > 1 {
        race(timer, &ask.policy, attempt).judge(judge).repeat(repeat).report_with(status).await
    } else {
        retry(timer, &ask.policy, attempt).judge(judge).repeat(repeat).report_with(status).await
    };
    let last = |gave_up: GaveUp<_, _>| match gave_up.split() {
        (Some(last), _) => last,
        (None, none) => Err(none.into()),
    };
    let answer = answer(result.or_else(last));
    let told = Some(Told::of(&report, |status| *status));
    Seen { attempts: report.attempts, answer, told, took: started.elapsed() }
}

fn request(ask: &Ask, proxy: SocketAddr, attempt: u32) -> Sent {
    let mut request = Request::builder().method(ask.method.as_str()).uri(ask.path(attempt));
    request = request.header("host", proxy.to_string());
    if ask.method == Method::PostWithKey {
        request = request.header(IDEMPOTENCY_KEY, ask.call);
    }
    request.body(Full::from(ask.body.clone())).unwrap()
}

fn answer(outcome: Outcome) -> Result<Answer, String> {
    let answer = outcome.map_err(|error| error.to_string())?;
    Ok(Answer { status: answer.status().as_u16(), body: Ok(answer.into_body().to_vec()) })
}

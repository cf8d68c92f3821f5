//! Custom verdicts: which statuses are retried, how long the server asks to wait, and what ends the call at once.
//! `cargo run -p insist-tokio --example verdicts`

use std::io;
use std::time::Duration;

use insist_tokio::{Attempt, Policy, Verdict, retry};

const POLICY: Policy = Policy::exponential(Duration::from_millis(10)).attempts(5);

/// An answer of an HTTP client.
struct Answer {
    status: u16,
    retry_after: Option<Duration>,
}

fn judge(outcome: &io::Result<Answer>) -> Verdict {
    match outcome {
        // The server says when to come back: not before that, plus the backoff so that not all come at once.
        Ok(Answer { status: 429 | 503, retry_after: Some(wait) }) => Verdict::retry().after(*wait),
        Ok(Answer { status: 429 | 500..=599, .. }) => Verdict::retry(),
        // A replica that has not caught up: look again in 20 ms, whatever the backoff says.
        Ok(Answer { status: 404, .. }) => Verdict::retry().exactly_after(Duration::from_millis(20)),
        // Another attempt would be refused too.
        Ok(Answer { status: 401 | 403, .. }) => Verdict::Stop,
        Ok(_) => Verdict::Accept,
        // Certainly not sent, so that even a call that must not be repeated may go on.
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Verdict::retry().unsent(),
        Err(_) => Verdict::retry(),
    }
}

/// Answers the attempts: busy, not caught up, then the status that the call is about.
async fn ask(attempt: Attempt, status: u16) -> io::Result<Answer> {
    match attempt.id {
        1 => Err(io::ErrorKind::ConnectionRefused.into()),
        2 => Ok(Answer { status: 503, retry_after: Some(Duration::from_millis(100)) }),
        3 => Ok(Answer { status: 404, retry_after: None }),
        _ => Ok(Answer { status, retry_after: None }),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    for status in [200, 403, 500] {
        let (result, report) = retry(POLICY, |attempt| ask(attempt, status))
            .judge(judge)
            .report_with(|outcome| {
                outcome.as_ref().map_or_else(ToString::to_string, |answer| answer.status.to_string())
            })
            .await;
        print!("{}", report.log);
        // The last answer is there also when the call has given up.
        match result {
            Ok(answer) => println!("accepted: {}\n", answer.status),
            Err(gave_up) => {
                println!("{gave_up}");
                let last = gave_up.last.and_then(Result::ok);
                println!("the last answer was: {:?}\n", last.map(|answer| answer.status));
            }
        }
    }
}

//! Retries an operation after errors that may pass, and says what happened.

use std::io::{self, ErrorKind};
use std::time::Duration;

use insist_blocking::{Policy, retry};

/// 10 ms, 20 ms, 40 ms … between at most 5 attempts, each wait drawn from nothing up to that.
const POLICY: Policy = Policy::exponential(Duration::from_millis(10)).attempts(5);

fn main() -> io::Result<()> {
    let mut service = Flaky { failures: 3 };

    let greeting = retry(&POLICY, |_| service.fetch()).when(is_transient).call()?;
    println!("got: {greeting}");

    // The same, watched as it goes, and with a report at the end.
    service.failures = 2;
    let (result, report) =
        retry(&POLICY, |_| service.fetch()).when(is_transient).notify(|event| println!("  {event}")).report();
    println!("got: {:?}, after {} attempts in {:?}", result.ok(), report.attempts, report.elapsed);

    // An error that no attempt mends is not retried, and a call that gives up says why; with `{:#}`, its last error
    // too.
    let missing = || Err::<(), _>(io::Error::new(ErrorKind::NotFound, "no such file"));
    if let Err(gave_up) = retry(&POLICY, |_| missing()).when(is_transient).try_call() {
        println!("{gave_up:#}");
    }
    Ok(())
}

fn is_transient(error: &io::Error) -> bool {
    error.kind() == ErrorKind::ConnectionRefused
}

struct Flaky {
    failures: u32,
}

impl Flaky {
    fn fetch(&mut self) -> io::Result<&'static str> {
        if self.failures == 0 {
            return Ok("hello");
        }
        self.failures -= 1;
        Err(io::Error::new(ErrorKind::ConnectionRefused, "connection refused"))
    }
}

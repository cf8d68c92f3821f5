//! Looks up names with the agent's resolver, within the time that the attempt has, and only for a connection that has to
//! be opened.

use std::cell::{Cell, RefCell};
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Weak};
use std::time::Instant;

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::time::Duration;
use ureq::unversioned::transport::{ConnectionDetails, NextTimeout, ShutdownHandle};

use super::cancel::{LOOK_UP, cancelled};
use super::{lookup_threads, scope};

thread_local! {
    /// The time that the look-up has which was put off last.
    static PUT_OFF: Cell<Option<NextTimeout>> = const { Cell::new(None) };
    /// The error of a look-up that the connector is to fail with.
    static FAILED: RefCell<Option<Error>> = const { RefCell::new(None) };
}

/// A resolver of the user's own: asked for each request, as ureq asks it, but for no more time than the attempt has.
#[derive(Debug)]
pub(crate) struct Limited<R>(pub(crate) R);

impl<R: Resolver> Resolver for Limited<R> {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let found = scope::limit(timeout).and_then(|timeout| self.0.resolve(uri, config, timeout));
        match found {
            Err(error) if scope::is_copied() => {
                // The head is to be seen all the same.
                FAILED.set(Some(error));
                scope::make_fresh();
                Ok(self.0.empty())
            }
            found => found,
        }
    }

    fn empty(&self) -> ResolvedSocketAddrs {
        self.0.empty()
    }
}

/// ureq's default resolver, which is asked only when the pool has no connection.
#[derive(Debug, Default)]
pub(crate) struct Late<R = DefaultResolver>(Arc<R>);

impl<R: Resolver> Resolver for Late<R> {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        if scope::is_connecting() {
            return self.look_up(uri, config, scope::limit(timeout)?);
        }
        if timeout.after != Duration::NotHappening {
            PUT_OFF.set(Some(timeout));
        }
        Ok(self.0.empty())
    }

    fn empty(&self) -> ResolvedSocketAddrs {
        self.0.empty()
    }
}

impl<R: Resolver> Late<R> {
    fn look_up(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let cancel = scope::cancel();
        // The system reads a local name without asking anybody.
        if is_local(uri) || timeout.after == Duration::NotHappening && cancel.is_none() {
            return self.0.resolve(uri, config, NextTimeout::default());
        }
        let (sender, answer) = channel();
        let interrupt = Arc::new(Interrupt(sender.clone()));
        if let Some(cancel) = &cancel {
            cancel.bind(LOOK_UP, &(Arc::downgrade(&interrupt) as Weak<dyn ShutdownHandle>))?;
        }
        let found = self.look_up_elsewhere(uri, config, timeout, sender, &answer);
        if let Some(cancel) = &cancel {
            cancel.release(LOOK_UP);
        }
        found
    }

    /// Looks a name up on another thread, for the system's look-up cannot be interrupted.
    fn look_up_elsewhere(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
        sender: Sender<Answer>,
        answer: &Receiver<Answer>,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let look_up = {
            let (resolver, uri, config) = (Arc::clone(&self.0), uri.clone(), config.clone());
            move || {
                let look_up = || resolver.resolve(&uri, &config, NextTimeout::default());
                let found = catch_unwind(AssertUnwindSafe(look_up)).unwrap_or(Err(Error::HostNotFound));
                // Fails if nobody waits any more.
                _ = sender.send(found);
            }
        };
        if let Err(look_up) = lookup_threads::run(Box::new(look_up)) {
            // There is no thread to be had: the time of the look-up is that of the system.
            look_up();
        }
        let found = match timeout.after {
            Duration::Exact(after) => answer.recv_timeout(after).ok(),
            Duration::NotHappening => answer.recv().ok(),
        };
        found.unwrap_or(Err(Error::Timeout(timeout.reason)))
    }
}

/// The end of a look-up.
type Answer = Result<ResolvedSocketAddrs, Error>;

/// Ends the wait for a look-up.
struct Interrupt(Sender<Answer>);

impl ShutdownHandle for Interrupt {
    fn shutdown(&self) {
        // Fails if nobody waits any more.
        _ = self.0.send(Err(cancelled()));
    }
}

/// Fails if the look-up did.
pub(super) fn failed() -> Result<(), Error> {
    FAILED.take().map_or(Ok(()), Err)
}

/// Returns the addresses to connect to and the time for it: those that ureq has found, or those of a look-up that was put
/// off. A later attempt begins with another address of the same name.
pub(super) fn addresses(details: &ConnectionDetails<'_>) -> Result<(ResolvedSocketAddrs, NextTimeout), Error> {
    let put_off = PUT_OFF.take();
    let mut timeout = details.timeout;
    let found = if details.addrs.is_empty() && is_looked_up(details) {
        let begun = Instant::now();
        let found = details.resolver.resolve(details.uri, details.config, put_off.unwrap_or_default())?;
        // With a timeout of its own, connecting begins when the name is found.
        if let (Duration::Exact(after), true) = (timeout.after, details.config.timeouts().connect.is_none()) {
            timeout.after = Duration::Exact(after.saturating_sub(begun.elapsed()));
        }
        found
    } else {
        details.addrs.clone()
    };
    if found.len() < 2 {
        return Ok((found, scope::limit(timeout)?));
    }
    let mut addresses = details.resolver.empty();
    let first = scope::attempt().saturating_sub(1) as usize % found.len();
    for index in 0..found.len() {
        addresses.push(found[(first + index) % found.len()]);
    }
    Ok((addresses, scope::limit(timeout)?))
}

/// Returns whether ureq looks the name up itself, and does not leave that to a proxy.
fn is_looked_up(details: &ConnectionDetails<'_>) -> bool {
    let proxy = details.config.proxy();
    proxy.is_none_or(|proxy| proxy.resolve_target() || proxy.is_no_proxy(details.uri))
}

fn is_local(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default();
    host.starts_with('[')
        || host.parse::<IpAddr>().is_ok()
        || host.strip_suffix('.').unwrap_or(host).eq_ignore_ascii_case("localhost")
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::thread;

    use super::*;
    use crate::transport::{Cancel, Scope, Terms};

    /// A resolver that finds nothing until its channel is closed.
    #[derive(Debug)]
    struct Hanging(Mutex<Receiver<()>>);

    impl Resolver for Hanging {
        fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
            _ = self.0.lock().unwrap().recv();
            Ok(self.empty())
        }
    }

    #[test]
    fn a_look_up_that_hangs_ends_when_its_attempt_is_cancelled_and_at_its_timeout() {
        let (_release, hangs) = channel();
        let late = Late(Arc::new(Hanging(Mutex::new(hangs))));
        let look_up = |timeout| late.look_up(&Uri::from_static("http://service.invalid"), &Config::default(), timeout);

        let cancel = Arc::new(Cancel::default());
        let scope = Scope::enter(Terms { cancel: Some(Arc::clone(&cancel)), ..Terms::NONE });
        let found = thread::scope(|threads| {
            threads.spawn(|| cancel.cancel());
            look_up(NextTimeout::default())
        });
        assert_eq!(found.unwrap_err().to_string(), cancelled().to_string());
        drop(scope);

        let after = Duration::from_millis(5);
        let found = look_up(NextTimeout { after, ..NextTimeout::default() });
        assert!(matches!(found, Err(Error::Timeout(_))), "{found:?}");
    }
}

//! Looks up names with the agent's resolver, within the time that the attempt has.

use std::net::IpAddr;

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use super::scope;

/// A resolver that gets no more time than the attempt has.
#[derive(Debug)]
pub(crate) struct Timed<R>(pub(crate) R);

impl<R: Resolver> Resolver for Timed<R> {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        if scope::is_timed() { self.timed(uri, config, timeout) } else { self.0.resolve(uri, config, timeout) }
    }

    fn empty(&self) -> ResolvedSocketAddrs {
        self.0.empty()
    }
}

impl<R: Resolver> Timed<R> {
    #[cold]
    fn timed(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        // ureq spends a thread on each look-up that has a timeout; a literal address needs none.
        let timeout = if is_literal(uri) { timeout } else { scope::limit(timeout)? };
        self.0.resolve(uri, config, timeout)
    }
}

fn is_literal(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default();
    host.starts_with('[') || host.parse::<IpAddr>().is_ok()
}

//! Replica sets, whose health all calls that use them share.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use http::uri::PathAndQuery;
use insist_core::{Instant, Replicas};

use super::AddressesError;
use super::addresses::read;

/// A set of servers that can serve the same calls, with the health of each.
///
/// Each attempt goes to the path and query of its request, at the scheme, host and port of a replica; a path in the
/// replica's address is put before that of the request. A replica that failed, or did not answer within the attempt's
/// time, rests for a while: other calls avoid it. A retry or a hedge prefers a replica that its call has not tried.
/// When all replicas rest, all are used. The seed of a call picks its first one. Clones share the health.
///
/// ```
/// use insist_http::ReplicaSet;
///
/// let replicas = ReplicaSet::new(["https://one.example", "https://two.example/api"])?;
/// assert_eq!(replicas.resting().count(), 0);
/// let error = ReplicaSet::new(["one.example"]).unwrap_err();
/// assert_eq!(error.to_string(), "replica 1 has no scheme; write it as scheme://host: one.example");
/// # Ok::<_, insist_http::AddressesError>(())
/// ```
#[derive(Clone)]
pub struct ReplicaSet {
    uris: Arc<[Uri]>,
    health: Arc<Replicas>,
}

impl ReplicaSet {
    /// Makes a set of the servers at these addresses, all of them healthy. One that fails rests for 30 s.
    ///
    /// # Errors
    ///
    /// Says so if there are no addresses, or one of them is not `scheme://host`, optionally with a port and a
    /// path.
    pub fn new<I>(replicas: I) -> Result<Self, AddressesError>
    where
        I: IntoIterator,
        Uri: TryFrom<I::Item>,
        <Uri as TryFrom<I::Item>>::Error: Into<http::Error>,
    {
        let uris = read(replicas)?;
        if uris.is_empty() {
            return Err(AddressesError::new("a replica set is empty; it needs at least 1 address"));
        }
        for (number, uri) in (1..).zip(uris.iter()) {
            let what = match (uri.scheme(), uri.query()) {
                (None, _) => "has no scheme; write it as scheme://host",
                (_, Some(_)) => "has a query; leave it out, since a request brings its own",
                _ => continue,
            };
            return Err(AddressesError::new(format!("replica {number} {what}: {uri}")));
        }
        Ok(Self { health: Arc::new(Replicas::new(uris.len())), uris })
    }

    /// Sets how long a replica that failed rests. Default: 30 s.
    ///
    /// Returns a new set, in which all replicas are healthy; earlier clones keep their health and their setting.
    #[must_use]
    pub fn rest(self, rest: Duration) -> Self {
        Self { health: Arc::new(Replicas::new(self.uris.len()).rest(rest)), ..self }
    }

    /// Returns the replicas that rest: they failed lately, and have not succeeded since.
    pub fn resting(&self) -> impl Iterator<Item = &Uri> {
        let now = Instant::now();
        let uris = self.uris.iter().enumerate();
        uris.filter(move |(replica, _)| self.health.is_resting(now, *replica)).map(|(_, uri)| uri)
    }

    pub(super) fn health(&self) -> Arc<Replicas> {
        Arc::clone(&self.health)
    }

    /// Returns the address of a request at each replica.
    pub(super) fn targets(&self, request: &Uri) -> Result<Arc<[Uri]>, AddressesError> {
        self.uris.iter().map(|replica| target(replica, request)).collect()
    }
}

impl fmt::Debug for ReplicaSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&*self.uris).finish()
    }
}

fn target(replica: &Uri, request: &Uri) -> Result<Uri, AddressesError> {
    let mut parts = replica.clone().into_parts();
    let own = request.path_and_query().map_or("/", PathAndQuery::as_str);
    let refused = |error: http::Error| AddressesError::new(format!("{replica} takes no request to {own}: {error}"));
    parts.path_and_query = match (replica.path().trim_end_matches('/'), request.path_and_query()) {
        ("", Some(own)) => Some(own.clone()),
        (before, _) => Some(PathAndQuery::try_from(format!("{before}{own}")).map_err(|error| refused(error.into()))?),
    };
    Uri::from_parts(parts).map_err(|error| refused(error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_keeps_its_path_and_query_and_a_replica_may_have_a_path_before_it() {
        let set = ReplicaSet::new(["http://a.example", "https://b.example:81/", "http://c.example/api/"]).unwrap();
        let at = |uri: &str| set.targets(&uri.parse().unwrap()).unwrap().iter().map(Uri::to_string).collect::<Vec<_>>();
        assert_eq!(
            at("http://own.example/doc?x=y"),
            ["http://a.example/doc?x=y", "https://b.example:81/doc?x=y", "http://c.example/api/doc?x=y"]
        );
        assert_eq!(at("http://own.example"), ["http://a.example/", "https://b.example:81/", "http://c.example/api/"]);
    }

    #[test]
    fn what_is_no_replica_is_said() {
        let problem = |uris: &[&'static str]| ReplicaSet::new(uris.iter().copied()).unwrap_err().to_string();
        assert_eq!(problem(&[]), "a replica set is empty; it needs at least 1 address");
        assert_eq!(problem(&["http://a", "a b"]), "replica 2 is not an address: invalid uri character");
        assert_eq!(problem(&["a.example"]), "replica 1 has no scheme; write it as scheme://host: a.example");
        assert_eq!(
            problem(&["http://a/?x"]),
            "replica 1 has a query; leave it out, since a request brings its own: http://a/?x"
        );
    }
}

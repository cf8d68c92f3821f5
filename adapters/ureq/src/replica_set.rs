//! Replicas whose health is shared by the calls that use them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use insist_core::{Instant, Replicas};
use ureq::Error;
use ureq::http::uri::PathAndQuery;
use ureq::http::{self, Uri};

/// Several servers that can serve the same calls, and how they have been doing.
///
/// Each attempt goes to the path and query of its request, at the scheme, host and port of a replica; a path that the
/// replica's address has comes before that of the request. A replica that failed, or did not answer in all the time
/// that an attempt had, rests for a while: other calls pass it over, and a retry or a hedge prefers one that its call
/// has not tried. When all of them rest, all are tried. Calls begin at different ones, as their
/// [seed](crate::Insist::seed) says. Clones share the health.
///
/// ```no_run
/// use insist_ureq::{Agent, Insist, insisting::ReplicaSet};
///
/// let replicas = ReplicaSet::new(["https://one.example", "https://two.example", "https://three.example"])?;
/// let agent = Agent::new_with_defaults().replica_set(&replicas);
///
/// let answer = agent.get("https://docs.example/doc?page=7").call()?; // from https://two.example/doc?page=7, perhaps
/// for uri in replicas.resting() {
///     eprintln!("{uri} has failed lately");
/// }
/// # Ok::<_, insist_ureq::Error>(())
/// ```
#[derive(Clone)]
pub struct ReplicaSet {
    uris: Arc<[Uri]>,
    health: Arc<Replicas>,
}

impl ReplicaSet {
    /// Makes a set of the servers at these addresses, all of them well. One that fails rests for 30 s.
    ///
    /// # Errors
    ///
    /// `Error::BadUri`: there is none, or one of them is not `scheme://host`, with a port and a path if it likes.
    pub fn new<I>(replicas: I) -> Result<Self, Error>
    where
        I: IntoIterator,
        Uri: TryFrom<I::Item>,
        <Uri as TryFrom<I::Item>>::Error: Into<http::Error>,
    {
        let uris = addresses(replicas).map_err(|problem| Error::BadUri(problem.to_string()))?;
        if uris.is_empty() {
            return Err(Error::BadUri("a replica set is empty; it needs at least 1 address".into()));
        }
        for (number, uri) in (1..).zip(uris.iter()) {
            let what = match (uri.scheme(), uri.query()) {
                (None, _) => "has no scheme; it is scheme://host",
                (_, Some(_)) => "has a query, which only requests have",
                _ => continue,
            };
            return Err(Error::BadUri(format!("replica {number} {what}: {uri}")));
        }
        Ok(Self { health: Arc::new(Replicas::new(uris.len())), uris })
    }

    /// Sets how long a replica that failed is passed over. Default: 30 s.
    ///
    /// The set is a new one, in which all are well; clones that were made before keep what they know.
    #[must_use]
    pub fn rest(self, rest: Duration) -> Self {
        Self { health: Arc::new(Replicas::new(self.uris.len()).rest(rest)), ..self }
    }

    /// Returns those that failed lately, and since then have not succeeded.
    pub fn resting(&self) -> impl Iterator<Item = &Uri> {
        let now = Instant::now();
        let uris = self.uris.iter().enumerate();
        uris.filter(move |(replica, _)| self.health.is_resting(now, *replica)).map(|(_, uri)| uri)
    }

    pub(crate) fn health(&self) -> &Replicas {
        &self.health
    }

    /// Where a request goes at each of them.
    pub(crate) fn targets(&self, request: &Uri) -> Result<Arc<[Uri]>, Error> {
        self.uris.iter().map(|replica| target(replica, request)).collect()
    }
}

impl fmt::Debug for ReplicaSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&*self.uris).finish()
    }
}

fn target(replica: &Uri, request: &Uri) -> Result<Uri, Error> {
    let mut parts = replica.clone().into_parts();
    let own = request.path_and_query().map_or("/", PathAndQuery::as_str);
    parts.path_and_query = match (replica.path().trim_end_matches('/'), request.path_and_query()) {
        ("", Some(own)) => Some(own.clone()),
        (before, _) => Some(PathAndQuery::try_from(format!("{before}{own}")).map_err(http::Error::from)?),
    };
    Ok(Uri::from_parts(parts).map_err(http::Error::from)?)
}

/// These addresses, or what is wrong with one of them.
pub(crate) fn addresses<I>(uris: I) -> Result<Arc<[Uri]>, Arc<str>>
where
    I: IntoIterator,
    Uri: TryFrom<I::Item>,
    <Uri as TryFrom<I::Item>>::Error: Into<http::Error>,
{
    let uris = (1..).zip(uris).map(|(number, uri): (usize, _)| {
        Uri::try_from(uri).map_err(|error| {
            let error: http::Error = error.into();
            format!("replica {number} is not an address: {error}").into()
        })
    });
    uris.collect()
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
        assert_eq!(problem(&[]), "bad uri: a replica set is empty; it needs at least 1 address");
        assert_eq!(problem(&["http://a", "a b"]), "bad uri: replica 2 is not an address: invalid uri character");
        assert_eq!(problem(&["a.example"]), "bad uri: replica 1 has no scheme; it is scheme://host: a.example");
        assert_eq!(problem(&["http://a/?x"]), "bad uri: replica 1 has a query, which only requests have: http://a/?x");
    }
}

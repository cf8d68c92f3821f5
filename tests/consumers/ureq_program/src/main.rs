//! Written for ureq 3: POSTs, a middleware, a resolver and a configuration of its own. It never heard of insist.

use std::time::Duration;

use ureq::http::{Request, Response, Uri};
use ureq::middleware::MiddlewareNext;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Body, Error, SendBody};

#[derive(Debug)]
struct Fixed(std::net::SocketAddr);

impl Resolver for Fixed {
    fn resolve(&self, _: &Uri, _: &ureq::unversioned::Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let mut found = self.empty();
        found.push(self.0);
        Ok(found)
    }
}

fn signed(mut request: Request<SendBody>, next: MiddlewareNext) -> Result<Response<Body>, Error> {
    request.headers_mut().insert("idempotency-key", "order-7".parse().unwrap());
    next.handle(request)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    use insist_flaky::{Answer, Server};
    let server = Server::start([Answer::status(503), Answer::close(), Answer::ok("thanks"), Answer::ok("again")])?;
    let config = Agent::config_builder().middleware(signed).timeout_global(Some(Duration::from_secs(60))).build();
    let agent = Agent::with_parts(config, DefaultConnector::default(), Fixed(server.address()));
    let order = agent.put("http://shop.invalid/orders").header("Accept", "text/plain");
    assert_eq!(order.send("three apples")?.body_mut().read_to_string()?, "thanks");
    let fast = agent.post("http://shop.invalid/orders").config().timeout_connect(Some(Duration::from_secs(5))).build();
    assert_eq!(fast.send_form([("fruit", "pear")])?.body_mut().read_to_string()?, "again");
    assert!(server.requests()[..3].iter().all(|seen| seen.body == b"three apples"));
    Ok(())
}

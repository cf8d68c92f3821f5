// A program written for ureq 3. It is compiled twice: with ureq, and with insist-ureq in its place.

use std::io::Read;
use std::time::Duration;

use ureq::config::{AutoHeaderValue, Config, ConfigBuilder, IpFamily, RedirectAuthHeaders, Timeouts};
use ureq::http::{HeaderValue, Method, Request, Response, StatusCode, Uri, Version};
use ureq::middleware::{Middleware, MiddlewareNext};
use ureq::typestate::{AgentScope, HttpCrateScope, RequestScope, WithBody, WithoutBody};
use ureq::{Agent, AsSendBody, Body, BodyBuilder, BodyReader, Error, Proxy, ProxyProtocol, RequestBuilder};
use ureq::{RequestExt, ResponseExt, SendBody, Timeout};

struct Client {
    agent: Agent,
    base: String,
}

struct Stamp(&'static str);

impl Middleware for Stamp {
    fn handle(&self, mut request: Request<SendBody<'_>>, next: MiddlewareNext<'_>) -> Result<Response<Body>, Error> {
        request.headers_mut().insert("X-Stamp", HeaderValue::from_static(self.0));
        next.handle(request)
    }
}

fn patient(request: Request<SendBody<'_>>, next: MiddlewareNext<'_>) -> Result<Response<Body>, Error> {
    match request.middleware_config() {
        Some(config) => next.handle(config.timeout_recv_body(Some(Duration::from_secs(60))).build()),
        None => unreachable!(),
    }
}

fn base_config() -> ConfigBuilder<AgentScope> {
    Agent::config_builder().user_agent("program/1").proxy(None)
}

fn every_setting(builder: ConfigBuilder<AgentScope>) -> Config {
    builder
        .http_status_as_error(true)
        .https_only(false)
        .ip_family(IpFamily::Any)
        .no_delay(true)
        .max_redirects(5)
        .max_redirects_will_error(true)
        .redirect_auth_headers(RedirectAuthHeaders::SameHost)
        .save_redirect_history(true)
        .user_agent("program/2")
        .accept(AutoHeaderValue::Default)
        .accept_encoding("")
        .max_response_header_size(10_000)
        .input_buffer_size(10_000)
        .output_buffer_size(10_000)
        .max_idle_connections(4)
        .max_idle_connections_per_host(2)
        .max_idle_age(Duration::from_secs(9))
        .allow_non_standard_methods(true)
        .timeout_global(Some(Duration::from_secs(60)))
        .timeout_per_call(Some(Duration::from_secs(59)))
        .timeout_per_read(Some(Duration::from_secs(58)))
        .timeout_per_write(Some(Duration::from_secs(57)))
        .timeout_resolve(Some(Duration::from_secs(56)))
        .timeout_connect(Some(Duration::from_secs(55)))
        .timeout_send_request(Some(Duration::from_secs(54)))
        .timeout_await_100(Some(Duration::from_secs(1)))
        .timeout_send_body(Some(Duration::from_secs(53)))
        .timeout_recv_response(Some(Duration::from_secs(52)))
        .timeout_recv_body(Some(Duration::from_secs(51)))
        .middleware(Stamp("1"))
        .middleware(patient)
        .build()
}

fn settings_of_requests(builder: ConfigBuilder<RequestScope<WithBody>>) -> RequestBuilder<WithBody> {
    builder.https_only(false).timeout_connect(None).build()
}

fn settings_of_http_requests(builder: ConfigBuilder<HttpCrateScope<()>>) -> Request<()> {
    builder.user_agent("program/3").build()
}

impl Client {
    fn new(base: &str) -> Self {
        let config = every_setting(base_config());
        assert_eq!(config.user_agent().to_owned_text(), "program/2");
        assert!(config.http_status_as_error() && config.max_redirects() == 5);
        let timeouts: Timeouts = config.timeouts();
        assert_eq!(timeouts.connect, Some(Duration::from_secs(55)));
        let agent: Agent = config.into();
        assert!(agent.config().save_redirect_history());
        assert!(format!("{agent:?}").starts_with("Agent"));
        Self { agent, base: base.to_owned() }
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    fn text(&self, path: &str) -> Result<String, Error> {
        let mut response = self.agent.get(self.at(path)).query("k", "a b").header("X-A", "b").call()?;
        assert!(response.status().is_success());
        assert_eq!(response.get_uri().path(), path);
        assert!(response.get_redirect_history().is_some());
        response.body_mut().read_to_string()
    }

    fn builder(&self, method: Method, path: &str) -> RequestBuilder<WithoutBody> {
        let builder = match method {
            Method::DELETE => self.agent.delete(self.at(path)),
            Method::HEAD => self.agent.head(self.at(path)),
            Method::OPTIONS => self.agent.options(self.at(path)),
            Method::TRACE => self.agent.trace(self.at(path)),
            Method::CONNECT => self.agent.connect(self.at(path)),
            _ => self.agent.get(self.at(path)),
        };
        assert_eq!(builder.method_ref(), Some(&method));
        assert_eq!(builder.uri_ref().unwrap().path(), path);
        builder.version(Version::HTTP_11).query_pairs([("a", "b")]).query_raw("c", "d").extension(7_u8)
    }
}

trait Text {
    fn to_owned_text(&self) -> String;
}

impl Text for AutoHeaderValue {
    fn to_owned_text(&self) -> String {
        match self {
            Self::Provided(text) => text.to_string(),
            Self::Default | Self::None => String::new(),
        }
    }
}

fn send(agent: &Agent, url: &str, body: impl AsSendBody) -> Result<Response<Body>, Error> {
    agent.run(Request::put(url).body(body)?)
}

fn main(base: &str) -> Result<(), Error> {
    let client = Client::new(base);
    assert_eq!(client.text("/echo")?, "GET /echo?k=a%20b 1 program/2 ");
    for method in [Method::GET, Method::DELETE, Method::OPTIONS, Method::TRACE] {
        let mut response = client.builder(method.clone(), "/echo").call()?;
        assert!(response.body_mut().read_to_string()?.starts_with(method.as_str()));
    }
    client.builder(Method::HEAD, "/echo").call()?;

    let url = client.at("/echo");
    for post in [Agent::post, Agent::put, Agent::patch] {
        let builder = post(&client.agent, &url).content_type("text/plain");
        let mut response = settings_of_requests(builder.config()).send("body")?;
        assert!(response.body_mut().read_to_string()?.ends_with(" body"));
    }
    let form = client.agent.post(&url).send_form([("k", "v w")])?.body_mut().read_to_string()?;
    assert!(form.ends_with(" k=v+w") || form.ends_with(" k=v%20w"), "{form}");
    client.agent.post(&url).send_empty()?;
    #[cfg(feature = "json")]
    {
        let mut response = client.agent.post(&url).send_json(serde_json::json!({ "k": [1, 2] }))?;
        assert!(response.body_mut().read_to_string()?.contains("\"k\""));
    }
    #[cfg(feature = "cookies")]
    {
        let cookie = ureq::Cookie::parse("a=b", &url.parse::<Uri>().unwrap())?;
        let mut jar = client.agent.cookie_jar_lock();
        jar.insert(cookie, &url.parse::<Uri>().unwrap())?;
        assert_eq!(jar.iter().count(), 1);
    }
    client.agent.get(&url).force_send_body().send(&b"bytes"[..])?;
    client.agent.post(&url).send(SendBody::from_reader(&mut &b"read"[..]))?;
    client.agent.post(&url).send(SendBody::from_owned_reader(std::io::Cursor::new("owned")))?;
    send(&client.agent, &url, "text")?;
    send(&client.agent, &url, vec![1, 2, 3])?;
    send(&client.agent, &url, ())?;

    let request = Request::get(&url).body(())?;
    let request = settings_of_http_requests(client.agent.configure_request(request));
    let mut response: Response<Body> = client.agent.run(request)?;
    let mut text = String::new();
    let mut reader: BodyReader<'_> = response.body_mut().with_config().limit(1000).reader();
    reader.read_to_string(&mut text)?;
    assert_eq!(text, "GET /echo 1 program/3 ");

    let response = Request::get(&url).body(())?.with_agent(&client.agent).configure().user_agent("program/4").run()?;
    assert_eq!(response.into_body().read_to_vec()?, b"GET /echo 1 program/4 ");
    Request::get(&url).body(())?.with_default_agent().run()?;

    match client.agent.get(client.at("/gone")).call() {
        Err(Error::StatusCode(404)) => {}
        other => panic!("{other:?}"),
    }
    let response = client.agent.get(client.at("/gone")).config().http_status_as_error(false).build().call()?;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    let late = client.agent.get(client.at("/late")).config().timeout_recv_response(Some(Duration::from_millis(20)));
    assert!(matches!(late.build().call(), Err(Error::Timeout(Timeout::RecvResponse))));
    assert!(matches!(client.agent.get("no address").call(), Err(Error::Http(_))));
    assert!(matches!(client.agent.get("/no/host").call(), Err(Error::BadUri(_))));
    let secure = client.agent.get(&url).config().https_only(true).build().call();
    assert!(matches!(secure, Err(Error::RequireHttpsOnly(_))));

    ureq::get(&url).call()?;
    ureq::post(&url).send("x")?;
    ureq::put(&url).send("x")?;
    ureq::patch(&url).send("x")?;
    ureq::delete(&url).call()?;
    ureq::head(&url).call()?;
    ureq::options(&url).call()?;
    ureq::trace(&url).call()?;
    let _ = ureq::connect(&url);
    ureq::run(Request::get(&url).body(())?)?;
    ureq::agent().get(url.parse::<Uri>().unwrap()).call()?;

    let other = Config::builder().timeout_connect(Some(Duration::from_secs(1))).build().new_agent();
    other.get(&url).call()?;
    Agent::new_with_config(Config::default()).get(&url).call()?;
    Agent::new_with_defaults().clone().get(&url).call()?;
    other.shutdown();

    let made: BodyBuilder = Body::builder().mime_type("text/plain");
    assert_eq!(made.data("made").read_to_string()?, "made");
    let proxy = Proxy::builder(ProxyProtocol::Http).host("localhost").port(1).build()?;
    let proxied = Agent::config_builder().proxy(Some(proxy)).build().new_agent();
    assert!(proxied.get(&url).call().is_err());
    fn shared<T: Send + Sync + Clone + 'static>(_: &T) {}
    shared(&client.agent);
    Ok(())
}

//! The options of the connection, and the agent that is made of them.

use std::fmt;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread::Builder;
use std::time::Duration;

use clap::Args;
use http::Uri;
use insist_ureq::config::{AutoHeaderValue, IpFamily, RedirectAuthHeaders};
use insist_ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};
use insist_ureq::unversioned::Config;
use insist_ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use insist_ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use insist_ureq::{Agent, Error, Proxy};

use super::span::{Limit, limit, seconds};
use crate::exit::Failure;
use crate::fetch::config;
use crate::shown::without_secrets;

/// The default of `--idle-timeout`.
const IDLE: Duration = Duration::from_secs(120);
/// The default of `--max-redirs`, which is curl's.
const REDIRECTS: u32 = 50;
/// The environment variables that name certificates to trust, as for curl and OpenSSL.
const CA_VARIABLES: [&str; 2] = ["CURL_CA_BUNDLE", "SSL_CERT_FILE"];

/// The options of the connection.
#[derive(Args)]
#[command(next_help_heading = "Connection (a number alone is seconds)")]
pub(in crate::get) struct ConnectionOptions {
    /// Trust any certificate
    #[arg(short = 'k', long)]
    insecure: bool,

    /// Trust the certificates of this PEM file, in place of Mozilla's [env: CURL_CA_BUNDLE, SSL_CERT_FILE]
    #[arg(long, value_name = "FILE")]
    cacert: Option<PathBuf>,

    /// Show the server the certificate in this PEM file
    #[arg(short = 'E', long, value_name = "FILE")]
    cert: Option<PathBuf>,

    /// The PEM file of the certificate's key [default: that of --cert]
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,

    /// Go through this proxy [env: https_proxy, http_proxy, all_proxy]
    #[arg(short = 'x', long, value_name = "URL")]
    proxy: Option<String>,

    /// Use IPv4 addresses only
    #[arg(short = '4', long, conflicts_with = "ipv6")]
    ipv4: bool,

    /// Use IPv6 addresses only
    #[arg(short = '6', long)]
    ipv6: bool,

    /// Change nothing: redirects are always followed, unless --max-redirs is 0
    #[arg(short = 'L', long)]
    location: bool,

    /// The most redirects to follow; with 0 a redirect is accepted as it is [default: 50]
    #[arg(long, value_name = "N")]
    max_redirs: Option<u32>,

    /// The most time for a look-up, and for a connection with its TLS handshake [default: no limit]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    connect_timeout: Option<Duration>,

    /// Cancel and retry an attempt whose connection is silent for this long, in its head or in its body; or none [default: 120]
    #[arg(long, value_name = "SECONDS", value_parser = limit)]
    idle_timeout: Option<Limit>,
}

impl ConnectionOptions {
    /// Makes the agent. It keeps so many idle connections to a host.
    pub(in crate::get) fn agent(&self, idle: usize, is_compressed: bool) -> Result<Agent, Failure> {
        let redirects = self.max_redirs.unwrap_or(REDIRECTS);
        let silence = self.idle_timeout.map_or(Some(IDLE), |limit| limit.0);
        let mut config = config()
            .max_idle_connections(idle.max(10))
            .max_idle_connections_per_host(idle.max(3))
            .max_redirects(redirects)
            .max_redirects_will_error(redirects > 0)
            .redirect_auth_headers(RedirectAuthHeaders::SameHost)
            .timeout_connect(self.connect_timeout)
            .timeout_resolve(self.connect_timeout)
            .timeout_per_read(silence)
            .timeout_per_write(silence)
            .tls_config(self.tls()?);
        if !is_compressed {
            // The bytes of the resource itself can be resumed.
            config = config.accept_encoding(AutoHeaderValue::None);
        }
        if let Some(text) = &self.proxy {
            config = config.proxy(Some(proxy(text)?));
        }
        match (self.ipv4, self.ipv6) {
            (true, _) => config = config.ip_family(IpFamily::Ipv4Only),
            (_, true) => config = config.ip_family(IpFamily::Ipv6Only),
            _ => {}
        }
        Ok(Agent::with_parts(config.build(), DefaultConnector::default(), Lookup(DefaultResolver::default())))
    }

    fn tls(&self) -> Result<TlsConfig, Failure> {
        let mut tls = TlsConfig::builder().disable_verification(self.insecure);
        let named = CA_VARIABLES.into_iter().find_map(|name| Some((name, std::env::var_os(name)?)));
        let named = named.filter(|(_, path)| !path.is_empty()).map(|(name, path)| (name, PathBuf::from(path)));
        if let Some((option, path)) = self.cacert.clone().map(|path| ("--cacert", path)).or(named) {
            let (certificates, _) = pem(&path, option)?;
            if certificates.is_empty() {
                return Err(Failure::Usage(format!("there is no certificate in {option} {}", path.display())));
            }
            tls = tls.root_certs(RootCerts::new_with_certs(&certificates));
        }
        if let Some(path) = &self.cert {
            let (chain, own_key) = pem(path, "--cert")?;
            let key = match &self.key {
                Some(path) => pem(path, "--key")?.1,
                None => own_key,
            };
            let Some(key) = key.filter(|_| !chain.is_empty()) else {
                return Err(Failure::Usage(format!(
                    "--cert {} needs a certificate and a key; name the file of the key with --key",
                    path.display()
                )));
            };
            tls = tls.client_cert(Some(ClientCert::new_with_certs(&chain, key)));
        }
        Ok(tls.build())
    }
}

type Pem = (Vec<Certificate<'static>>, Option<PrivateKey<'static>>);

fn pem(path: &Path, option: &str) -> Result<Pem, Failure> {
    let wrong = |what: &dyn fmt::Display| Failure::Usage(format!("cannot read {option} {}: {what}", path.display()));
    let text = std::fs::read(path).map_err(|error| wrong(&error))?;
    let (mut certificates, mut key) = (Vec::new(), None);
    for item in parse_pem(&text) {
        match item.map_err(|error| wrong(&error))? {
            PemItem::Certificate(certificate) => certificates.push(certificate),
            PemItem::PrivateKey(found) => key = Some(found),
            _ => {}
        }
    }
    Ok((certificates, key))
}

fn proxy(text: &str) -> Result<Proxy, Failure> {
    let shown = without_secrets(text, true);
    if text.starts_with("socks") {
        return Err(Failure::Usage(format!(
            "--proxy {shown} is a SOCKS proxy, which is not there; give an http:// one"
        )));
    }
    Proxy::new(text)
        .map_err(|_| Failure::Usage(format!("--proxy {shown} is no address of a proxy; write it as http://host:port")))
}

/// A resolver that looks up names on a thread where the time is limited, and on its own where there is no thread to be had.
struct Lookup(DefaultResolver);

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Resolver for Lookup {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        if timeout.after.is_not_happening() || host.parse::<IpAddr>().is_ok() {
            let unlimited =
                NextTimeout { after: insist_ureq::unversioned::transport::time::Duration::NotHappening, ..timeout };
            return self.0.resolve(uri, config, unlimited);
        }
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else { return Err(Error::HostNotFound) };
        let address = DefaultResolver::host_and_port(scheme, authority).ok_or(Error::HostNotFound)?;
        let (tell, told) = channel();
        let look = {
            let address = address.clone();
            move || drop(tell.send(address.to_socket_addrs()))
        };
        let found = match Builder::new().spawn(look) {
            Ok(_) => match told.recv_timeout(*timeout.after) {
                Ok(found) => found,
                Err(RecvTimeoutError::Timeout) => return Err(Error::Timeout(timeout.reason)),
                Err(RecvTimeoutError::Disconnected) => return Err(Error::HostNotFound),
            },
            Err(_) => address.to_socket_addrs(),
        };
        let mut addresses = self.empty();
        let family = config.ip_family();
        let wanted = |address: &SocketAddr| match family {
            IpFamily::Ipv4Only => address.is_ipv4(),
            IpFamily::Ipv6Only => address.is_ipv6(),
            IpFamily::Any => true,
        };
        // ureq keeps 16.
        found?.filter(wanted).take(16).for_each(|address| addresses.push(address));
        if addresses.is_empty() { Err(Error::HostNotFound) } else { Ok(addresses) }
    }
}

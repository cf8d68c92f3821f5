//! The options of the connection, and the agent that is made of them.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use insist_ureq::config::{AutoHeaderValue, IpFamily, RedirectAuthHeaders};
use insist_ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};
use insist_ureq::{Agent, Proxy};

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

    /// Go through this proxy: http://host:port, or https, socks4, socks4a, socks5, socks5h; with 4a and 5h it looks up names [env: https_proxy, http_proxy, all_proxy]
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
        Ok(config.build().new_agent())
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
    Proxy::new(text).map_err(|_| {
        let shown = without_secrets(text, true);
        let ways = "write it as http://host:port or socks5h://host:port";
        Failure::Usage(format!("--proxy {shown} is no address of a proxy; {ways}"))
    })
}

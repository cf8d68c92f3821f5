//! The setters that the builders of async and of blocking clients share, as a list.

/// Adds reqwest's setters to the type `ClientBuilder`, which has a method `map`.
macro_rules! setters {
    () => {
        use std::net::{IpAddr, SocketAddr};
        use std::sync::Arc;

        use http::{HeaderMap, HeaderValue};
        use reqwest::Proxy;
        #[cfg(feature = "__rustls")]
        use reqwest::tls::CertificateRevocationList;
        #[cfg(feature = "__tls")]
        use reqwest::{Certificate, Identity};

        use $crate::resolver::IntoResolver;

        setters! {
            default_headers(headers: HeaderMap);
            [feature = "cookies"] cookie_store(enable: bool);
            [feature = "gzip"] gzip(enable: bool);
            [feature = "brotli"] brotli(enable: bool);
            [feature = "zstd"] zstd(enable: bool);
            [feature = "deflate"] deflate(enable: bool);
            no_gzip();
            no_brotli();
            no_zstd();
            no_deflate();
            referer(enable: bool);
            proxy(proxy: Proxy);
            no_proxy();
            connection_verbose(verbose: bool);
            pool_idle_timeout(timeout: impl Into<Option<Duration>>);
            pool_max_idle_per_host(max: usize);
            http1_title_case_headers();
            http1_allow_obsolete_multiline_headers_in_responses(value: bool);
            http1_ignore_invalid_headers_in_responses(value: bool);
            http1_allow_spaces_after_header_name_in_responses(value: bool);
            http1_max_headers(max: usize);
            http1_only();
            http09_responses();
            [feature = "http2"] http2_prior_knowledge();
            [feature = "http2"] http2_initial_stream_window_size(size: impl Into<Option<u32>>);
            [feature = "http2"] http2_initial_connection_window_size(size: impl Into<Option<u32>>);
            [feature = "http2"] http2_adaptive_window(enabled: bool);
            [feature = "http2"] http2_max_frame_size(size: impl Into<Option<u32>>);
            [feature = "http2"] http2_max_header_list_size(bytes: u32);
            [feature = "http2"] http2_keep_alive_interval(interval: impl Into<Option<Duration>>);
            [feature = "http2"] http2_keep_alive_timeout(timeout: Duration);
            [feature = "http2"] http2_keep_alive_while_idle(enabled: bool);
            tcp_nodelay(enabled: bool);
            local_address(address: impl Into<Option<IpAddr>>);
            [any(
                target_os = "android",
                target_os = "fuchsia",
                target_os = "illumos",
                target_os = "ios",
                target_os = "linux",
                target_os = "macos",
                target_os = "solaris",
                target_os = "tvos",
                target_os = "visionos",
                target_os = "watchos",
            )]
            interface(interface: &str);
            tcp_keepalive(time: impl Into<Option<Duration>>);
            tcp_keepalive_interval(interval: impl Into<Option<Duration>>);
            tcp_keepalive_retries(retries: impl Into<Option<u32>>);
            [any(target_os = "android", target_os = "fuchsia", target_os = "linux")]
            tcp_user_timeout(timeout: impl Into<Option<Duration>>);
            [feature = "__tls"] tls_certs_merge(certs: impl IntoIterator<Item = Certificate>);
            [feature = "__tls"] tls_certs_only(certs: impl IntoIterator<Item = Certificate>);
            [feature = "__tls"] add_root_certificate(cert: Certificate);
            [feature = "__rustls"] tls_crls_only(crls: impl IntoIterator<Item = CertificateRevocationList>);
            [feature = "__rustls"] add_crl(crl: CertificateRevocationList);
            [feature = "__rustls"] add_crls(crls: impl IntoIterator<Item = CertificateRevocationList>);
            [feature = "__tls"] identity(identity: Identity);
            [feature = "__tls"] tls_danger_accept_invalid_hostnames(accept: bool);
            [feature = "__tls"] danger_accept_invalid_hostnames(accept: bool);
            [feature = "__tls"] tls_danger_accept_invalid_certs(accept: bool);
            [feature = "__tls"] danger_accept_invalid_certs(accept: bool);
            [feature = "__tls"] tls_sni(enabled: bool);
            [feature = "__rustls"] tls_sslkeylogfile(enabled: bool);
            [feature = "__tls"] tls_version_min(version: reqwest::tls::Version);
            [feature = "__tls"] min_tls_version(version: reqwest::tls::Version);
            [feature = "__tls"] tls_version_max(version: reqwest::tls::Version);
            [feature = "__tls"] max_tls_version(version: reqwest::tls::Version);
            [feature = "__native-tls"] tls_backend_native();
            [feature = "__native-tls"] use_native_tls();
            [feature = "__rustls"] tls_backend_rustls();
            [feature = "__rustls"] use_rustls_tls();
            [feature = "__tls"] tls_backend_preconfigured(tls: impl std::any::Any);
            [feature = "__tls"] use_preconfigured_tls(tls: impl std::any::Any);
            [feature = "__tls"] tls_info(enabled: bool);
            https_only(enabled: bool);
            [feature = "hickory-dns"] hickory_dns(enable: bool);
            no_hickory_dns();
            resolve(domain: &str, address: SocketAddr);
            resolve_to_addrs(domain: &str, addresses: &[SocketAddr]);
        }

        impl ClientBuilder {
            /// Sets the `User-Agent` of every request that has none.
            pub fn user_agent<V>(self, value: V) -> Self
            where
                V: TryInto<HeaderValue>,
                V::Error: Into<http::Error>,
            {
                self.map(|plain| plain.user_agent(value))
            }

            /// Sets a store of cookies of one's own.
            #[cfg(feature = "cookies")]
            pub fn cookie_provider<C: reqwest::cookie::CookieStore + 'static>(self, store: Arc<C>) -> Self {
                self.map(|plain| plain.cookie_provider(store))
            }

            /// Sets a resolver of names: a [`Resolve`](reqwest::dns::Resolve), or an `Arc` of one.
            pub fn dns_resolver<How>(self, resolver: impl IntoResolver<How>) -> Self {
                let resolver: Arc<dyn reqwest::dns::Resolve> = resolver.into_resolver();
                self.map(|plain| plain.dns_resolver(resolver))
            }

            /// Sends every request to the Unix socket at this path.
            #[cfg(unix)]
            pub fn unix_socket(self, path: impl AsRef<std::path::Path>) -> Self {
                self.map(|plain| plain.unix_socket(path.as_ref()))
            }
        }
    };
    ($($([$($condition:tt)+])? $name:ident($($argument:ident: $of:ty),*);)+) => {
        impl ClientBuilder {$(
            #[doc = concat!("Does what reqwest's `ClientBuilder::", stringify!($name), "` does.")]
            $(#[cfg($($condition)+)])?
            #[allow(deprecated, reason = "it is handed on as long as reqwest has it")]
            pub fn $name(self, $($argument: $of),*) -> Self {
                self.map(|plain| plain.$name($($argument),*))
            }
        )+}
    };
}

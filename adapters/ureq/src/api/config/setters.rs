//! Lists ureq's setters once, for the builders of this crate: each hands its value to ureq's builder.

/// Calls a macro with the setters that take a value of this type as it is.
macro_rules! setters {
    ($write:ident $builder:tt) => {
        $write! { $builder
            https_only(bool);
            ip_family(ureq::config::IpFamily);
            #[cfg(any(feature = "rustls-no-provider", feature = "native-tls-no-default"))]
            tls_config(ureq::tls::TlsConfig);
            proxy(Option<ureq::Proxy>);
            no_delay(bool);
            max_redirects(u32);
            max_redirects_will_error(bool);
            redirect_auth_headers(ureq::config::RedirectAuthHeaders);
            save_redirect_history(bool);
            max_response_header_size(usize);
            input_buffer_size(usize);
            output_buffer_size(usize);
            max_idle_connections(usize);
            max_idle_connections_per_host(usize);
            max_idle_age(std::time::Duration);
            allow_non_standard_methods(bool);
            /// Bounds the whole call: all attempts, the waits between them, and the reading of the body.
            timeout_global(Option<std::time::Duration>);
            timeout_per_call(Option<std::time::Duration>);
            timeout_per_read(Option<std::time::Duration>);
            timeout_per_write(Option<std::time::Duration>);
            timeout_resolve(Option<std::time::Duration>);
            timeout_connect(Option<std::time::Duration>);
            timeout_send_request(Option<std::time::Duration>);
            timeout_await_100(Option<std::time::Duration>);
            timeout_send_body(Option<std::time::Duration>);
            timeout_recv_response(Option<std::time::Duration>);
            timeout_recv_body(Option<std::time::Duration>);
        }
    };
}

/// Calls a macro with the setters that take what can become the value of a header.
macro_rules! header_setters {
    ($write:ident $builder:tt) => {
        $write! { $builder
            user_agent(impl Into<ureq::config::AutoHeaderValue>);
            accept(impl Into<ureq::config::AutoHeaderValue>);
            accept_encoding(impl Into<ureq::config::AutoHeaderValue>);
        }
    };
}

pub(crate) use {header_setters, setters};

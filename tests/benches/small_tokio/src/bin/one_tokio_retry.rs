//! One call site with tokio-retry.

insist_small_tokio::one_site!(tokio_retry);

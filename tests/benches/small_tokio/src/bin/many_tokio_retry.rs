//! 17 call sites with tokio-retry.

insist_small_tokio::many_sites!(tokio_retry);

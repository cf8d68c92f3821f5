//! One call site with insist-tokio.

insist_small_tokio::one_site!(insist);

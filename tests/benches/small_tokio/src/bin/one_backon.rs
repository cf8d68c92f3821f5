//! One call site with backon.

insist_small_tokio::one_site!(backon);

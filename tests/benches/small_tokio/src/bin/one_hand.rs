//! One call site with a loop by hand.

insist_small_tokio::one_site!(hand);

//! 17 call sites with insist-tokio.

insist_small_tokio::many_sites!(insist);

//! 17 call sites with backon.

insist_small_tokio::many_sites!(backon);

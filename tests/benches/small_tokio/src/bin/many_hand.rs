//! 17 call sites with a loop by hand.

insist_small_tokio::many_sites!(hand);

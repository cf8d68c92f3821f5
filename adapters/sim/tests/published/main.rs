//! What was published comes out of a world: one file for each source, with its numbers and how near they are reached, and the
//! pictures of them in the guide.

mod aws_jitter;
mod aws_quota;
mod guide;
mod metastable_failures;
mod order_statistics;
mod osdi_classes;
mod queues;
mod sre_chapter_21;
mod tail_at_scale;
mod token_bucket;

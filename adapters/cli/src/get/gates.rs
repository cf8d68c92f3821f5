//! The gates of a command's calls: each host has its own, shared by all calls to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::Uri;
use insist_core::{Instant, Policy};
use insist_ureq::insisting::Hosts;

use crate::gates::{Gates, LiveGates};

/// Makes the gates of these URLs, in their order; `None` if no gate was asked for.
pub(super) fn of(urls: &[Uri], gates: &Gates, policy: &Policy) -> Option<Vec<Arc<LiveGates>>> {
    if !gates.are_for(policy) {
        return None;
    }
    let (gates, policy, number) = (gates.clone(), *policy, AtomicU64::new(0));
    let live = move || gates.live(&policy, number.fetch_add(1, Ordering::Relaxed));
    // There are no more hosts than URLs, and no gate is forgotten while the command runs.
    let hosts = Hosts::new(live).limit(urls.len()).idle(Duration::MAX);
    Some(urls.iter().map(|url| hosts.gate(url, Instant::now())).collect())
}

//! The built command, run as a person runs it: what it prints, and how it exits.

#[cfg(feature = "ureq")]
mod again;
#[cfg(all(feature = "ureq", target_os = "linux"))]
#[path = "../../../../tests/include/certificate.rs"]
mod certificate;
#[cfg(feature = "ureq")]
mod demo;
mod difference;
#[cfg(feature = "ureq")]
mod download;
mod draw;
#[cfg(feature = "ureq")]
mod each;
mod explain;
#[cfg(feature = "ureq")]
mod gates;
#[cfg(feature = "ureq")]
mod get;
#[cfg(feature = "ureq")]
mod leaked;
#[cfg(all(feature = "ureq", unix))]
mod lost;
mod manual;
#[cfg(feature = "ureq")]
mod many;
mod plan;
mod policy;
mod preset;
mod replay;
#[cfg(feature = "ureq")]
mod report;
#[cfg(feature = "ureq")]
mod request;
mod run;
#[cfg(feature = "postgres")]
#[path = "../../../../tests/include/postgres.rs"]
mod server;
mod simulate;
#[cfg(feature = "ureq")]
mod socks;
#[cfg(feature = "store")]
mod stored;
#[cfg(all(feature = "ureq", target_os = "linux"))]
mod terminal;
#[cfg(all(feature = "ureq", target_os = "linux"))]
mod tls;
mod usage;
#[cfg(all(feature = "store", target_os = "linux"))]
mod webhooks;
#[cfg(feature = "ureq")]
mod words;
#[cfg(feature = "ureq")]
mod world;

//! The key of a host, compared and hashed where it stands, without a copy.

use std::hash::{BuildHasher, Hash, Hasher};

use http::Uri;

/// The number of bytes that are lowered and hashed at a time.
const CHUNK: usize = 32;

/// A host as it is written in an address.
#[derive(Clone, Copy)]
pub(super) struct HostRef<'a> {
    scheme: &'a str,
    /// Without a dot at its end.
    name: &'a str,
    port: Option<u16>,
}

/// A host that is kept.
pub(super) struct Host {
    scheme: Box<str>,
    name: Box<str>,
    port: Option<u16>,
}

impl<'a> HostRef<'a> {
    pub(super) fn of(uri: &'a Uri) -> Self {
        Self::new(uri.scheme_str().unwrap_or_default(), uri.host().unwrap_or_default(), uri.port_u16())
    }

    pub(super) fn new(scheme: &'a str, name: &'a str, port: Option<u16>) -> Self {
        let usual = || match scheme {
            _ if scheme.eq_ignore_ascii_case("http") => Some(80),
            _ if scheme.eq_ignore_ascii_case("https") => Some(443),
            _ => None,
        };
        Self { scheme, name: name.strip_suffix('.').unwrap_or(name), port: port.or_else(usual) }
    }

    pub(super) fn hash(&self, hasher: &impl BuildHasher) -> u64 {
        let mut hasher = hasher.build_hasher();
        for text in [self.scheme, self.name] {
            let mut chunk = [0; CHUNK];
            for bytes in text.as_bytes().chunks(CHUNK) {
                let lower = &mut chunk[..bytes.len()];
                lower.copy_from_slice(bytes);
                lower.make_ascii_lowercase();
                hasher.write(lower);
            }
            hasher.write_u8(0xff);
        }
        self.port.hash(&mut hasher);
        hasher.finish()
    }

    pub(super) fn is(&self, host: &Host) -> bool {
        self.port == host.port
            && self.name.eq_ignore_ascii_case(&host.name)
            && self.scheme.eq_ignore_ascii_case(&host.scheme)
    }

    pub(super) fn to_host(self) -> Host {
        Host { scheme: self.scheme.into(), name: self.name.into(), port: self.port }
    }
}

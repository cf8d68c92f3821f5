//! The key of a host, compared and hashed where it stands, without a copy.

use http::Uri;

/// The bit that tells letters of one case from those of the other, in each byte.
const CASE: u64 = 0x2020_2020_2020_2020;

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

    /// Returns a hash that is the same whatever the case. An attacker who knew the seed could make hosts collide; there are
    /// no more than the limit to compare then.
    pub(super) fn hash(&self, seed: u64) -> u64 {
        let hash = fold(fold(seed, self.scheme), self.name);
        mix(hash ^ self.port.map_or(u64::MAX, u64::from))
    }

    pub(super) fn is(&self, host: &Host) -> bool {
        self.port == host.port && is_same(self.name, &host.name) && is_same(self.scheme, &host.scheme)
    }

    pub(super) fn to_host(self) -> Host {
        Host { scheme: self.scheme.into(), name: self.name.into(), port: self.port }
    }
}

/// Most names are written as they were.
fn is_same(one: &str, other: &str) -> bool {
    one == other || one.eq_ignore_ascii_case(other)
}

fn fold(hash: u64, text: &str) -> u64 {
    let (words, rest) = text.as_bytes().split_at(text.len() / 8 * 8);
    let words = words.chunks_exact(8).map(|word| word.try_into().map_or(0, u64::from_le_bytes));
    let last = rest.iter().fold(text.len() as u64, |last, byte| last << 8 | u64::from(*byte));
    words.chain([last]).fold(hash, |hash, word| mix(hash ^ (word | CASE)))
}

/// Multiplies to twice the width, and folds that.
const fn mix(hash: u64) -> u64 {
    let wide = hash as u128 * 0x9e37_79b9_7f4a_7c15;
    (wide >> 64) as u64 ^ wide as u64
}

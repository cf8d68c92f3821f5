//! The trait for programs that keep reqwest's own types.

use crate::client::{Client, Core};
use crate::request::RequestBuilder;
use crate::settings::Settings;

/// Makes reqwest's own client, or one of its requests, insist.
///
/// For a client that comes from elsewhere. It does not know three things that a client of this crate's builder knows: the
/// client's total timeout, which each attempt has anew; redirects, so an attempt is never known to be unsent; and reqwest's
/// own retries of what HTTP/2 refused, up to two for each attempt.
///
/// ```no_run
/// use insist_reqwest::InsistExt;
/// use insist_reqwest::insisting::{Policy, Settings};
///
/// # async fn example(client: reqwest::Client) -> Result<(), reqwest::Error> {
/// let settings = Settings::new().policy(Policy::default().attempts(5));
/// let response = client.get("http://example.com/").insisting(&settings).send().await?;
/// # Ok(())
/// # }
/// ```
pub trait InsistExt {
    /// The type whose calls insist.
    type Insisting;

    /// Makes it insist, with these settings.
    fn insisting(self, settings: &Settings) -> Self::Insisting;
}

impl InsistExt for reqwest::Client {
    type Insisting = Client;

    fn insisting(self, settings: &Settings) -> Client {
        Client { plain: self, core: Core::new(settings.clone(), None, false) }
    }
}

impl InsistExt for reqwest::RequestBuilder {
    type Insisting = RequestBuilder;

    fn insisting(self, settings: &Settings) -> RequestBuilder {
        RequestBuilder { plain: self, core: Core::new(settings.clone(), None, false), own: None }
    }
}

//! [`ConfinedClient`]: a client of reqwest that follows redirects within some origins only.

use cg_auth_core::model::Origins;
use http::Uri;
use reqwest::{Client, ClientBuilder, Request, Url, redirect::Policy};

/// A client that follows a redirect only within its origins, so that it carries no header to another one.
///
/// A redirect to another origin is not followed: its answer, a 3xx, goes back. reqwest itself removes
/// `authorization` before it follows such a redirect, but no header of another name.
/// [`AuthorizationMiddleware::for_header`](crate::AuthorizationMiddleware::for_header) takes this client for
/// that reason.
///
/// ```
/// use cg_auth_reqwest_middleware::{ConfinedClient, Origin};
///
/// let origin = Origin::parse("https://api.example.com")?;
/// let confined = ConfinedClient::new(reqwest::Client::builder(), origin)?;
/// let client: reqwest::Client = confined.into();
/// # drop(client);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct ConfinedClient {
    client: Client,
    origins: Origins,
}

impl ConfinedClient {
    /// Builds the client of `builder`, with a redirect policy of its own: at most ten redirects, and none to
    /// another origin than `origins`.
    ///
    /// # Errors
    /// [`reqwest::Error`] as from [`ClientBuilder::build`].
    pub fn new(builder: ClientBuilder, origins: impl Into<Origins>) -> Result<Self, reqwest::Error> {
        let origins = origins.into();
        let inside = origins.clone();
        let policy = Policy::custom(move |attempt| {
            if !contains(&inside, attempt.url()) {
                attempt.stop()
            } else if attempt.previous().len() > MOST_REDIRECTS {
                attempt.error("too many redirects")
            } else {
                attempt.follow()
            }
        });
        Ok(Self { client: builder.redirect(policy).build()?, origins })
    }

    pub(crate) const fn origins(&self) -> &Origins {
        &self.origins
    }
}

impl From<ConfinedClient> for Client {
    fn from(confined: ConfinedClient) -> Self {
        confined.client
    }
}

/// Whether `request` goes to one of `origins`, by its URL and by a `host` header of the program's own.
pub(crate) fn contains_request(origins: &Origins, request: &Request) -> bool {
    uri_of(request.url()).is_some_and(|uri| origins.contains_request(&uri, request.headers()))
}

/// Whether `url` belongs to `origins`.
fn contains(origins: &Origins, url: &Url) -> bool {
    uri_of(url).is_some_and(|uri| origins.contains(&uri))
}

/// The URI that reqwest makes of `url` for the request itself.
fn uri_of(url: &Url) -> Option<Uri> {
    url.as_str().parse().ok()
}

/// The default of reqwest.
const MOST_REDIRECTS: usize = 10;

//! [`AuthorizationMiddleware`]: a request with a token, and once more with a new one if the first is refused.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use cg_auth_core::{IssuedToken, TokenSource, model::Origins, token::is_unauthorized};
use http::{Extensions, HeaderMap, HeaderName, StatusCode, header::AUTHORIZATION};
use reqwest::{Request, Response, Url};
use reqwest_middleware::{Error, Middleware, Next};

use crate::{
    confined_client::{ConfinedClient, contains_request},
    unauthenticated::Unauthenticated,
};

/// Sends each request to its origins with a token of a [`TokenSource`]. A clone shares the source.
///
/// [The crate's page](crate) shows what happens to a request.
///
/// ```
/// use cg_auth_reqwest_middleware::{AuthorizationMiddleware, Origin};
/// # use cg_auth_reqwest_middleware::cg_auth_core::testing::ScriptedTokenSource;
/// use reqwest_middleware::ClientBuilder;
///
/// # let provider = ScriptedTokenSource::fixed("eyJ");
/// let origin = Origin::parse("https://api.example.com")?;
/// let client = ClientBuilder::new(reqwest::Client::new())
///     .with(AuthorizationMiddleware::new(provider, origin))
///     .build();
/// # drop(client);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use = "a middleware does nothing until a client has it"]
pub struct AuthorizationMiddleware {
    source: Arc<dyn TokenSource>,
    origins: Origins,
    header_name: HeaderName,
    is_refused: fn(StatusCode, &HeaderMap) -> bool,
    replays: bool,
}

impl AuthorizationMiddleware {
    /// Tokens of `source` for requests to `origins`: an [`Origin`](crate::Origin), a list of them, or the
    /// origin of a `&BaseUrl`.
    ///
    /// The header is `authorization`. reqwest removes it before it follows a redirect to another origin.
    pub fn new(source: impl TokenSource + 'static, origins: impl Into<Origins>) -> Self {
        Self {
            source: Arc::new(source),
            origins: origins.into(),
            header_name: AUTHORIZATION,
            is_refused: is_unauthorized,
            replays: true,
        }
    }

    /// Tokens of `source` in another header than `authorization`, for requests to the origins of `client`,
    /// which must be the client below this middleware. The value starts with `Bearer` there too.
    ///
    /// reqwest would carry such a header along to another origin when it follows a redirect. A
    /// [`ConfinedClient`] follows no such redirect.
    ///
    /// ```
    /// use cg_auth_reqwest_middleware::{
    ///     AuthorizationMiddleware, ConfinedClient, Origin,
    /// };
    /// # use cg_auth_reqwest_middleware::cg_auth_core::testing::ScriptedTokenSource;
    /// use http::HeaderName;
    /// use reqwest_middleware::ClientBuilder;
    ///
    /// # let provider = ScriptedTokenSource::fixed("eyJ");
    /// let origin = Origin::parse("https://api.example.com")?;
    /// let confined = ConfinedClient::new(reqwest::Client::builder(), origin)?;
    /// let name = HeaderName::from_static("x-delegated-token");
    /// let middleware = AuthorizationMiddleware::for_header(name, provider, &confined);
    /// let client = ClientBuilder::new(confined.into()).with(middleware).build();
    /// # drop(client);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn for_header(name: HeaderName, source: impl TokenSource + 'static, client: &ConfinedClient) -> Self {
        Self { header_name: name, ..Self::new(source, client.origins().clone()) }
    }

    /// Decides which answers refuse the token, instead of [`is_unauthorized`].
    pub fn refused_when(mut self, is_refused: fn(StatusCode, &HeaderMap) -> bool) -> Self {
        self.is_refused = is_refused;
        self
    }

    /// Repeats no request, which spares a copy of each request.
    pub const fn without_replay(mut self) -> Self {
        self.replays = false;
        self
    }

    /// Whether the request gets a token: it goes to one of the origins, has no credential of its own, and the
    /// program wants one.
    fn applies_to(&self, request: &Request, extensions: &Extensions) -> bool {
        extensions.get::<Unauthenticated>().is_none()
            && !request.headers().contains_key(&self.header_name)
            && contains_request(&self.origins, request)
    }

    fn authorize(&self, request: &mut Request, token: &IssuedToken) {
        request.headers_mut().insert(&self.header_name, token.authorization().clone());
    }

    /// Whether the answer to a request to `url` refuses the token.
    fn refuses(&self, answer: &Response, url: &Url) -> bool {
        (self.is_refused)(answer.status(), answer.headers()) && self.had_token(answer.url(), url)
    }

    /// Whether the server that answered from `answered` had the token, which was sent to `url`. After a
    /// redirect to another origin it did not, and its refusal says nothing about the token.
    fn had_token(&self, answered: &Url, url: &Url) -> bool {
        let is_made_here = answered.host_str() == Some(HOST_OF_NO_URL);
        let is_confined = self.header_name != AUTHORIZATION;
        is_made_here || is_confined || answered.origin() == url.origin()
    }
}

#[async_trait]
impl Middleware for AuthorizationMiddleware {
    async fn handle(
        &self,
        mut request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<Response, Error> {
        if !self.applies_to(&request, extensions) {
            return next.run(request, extensions).await;
        }
        let token = self.source.token().await.map_err(Error::middleware)?;
        let url = request.url().clone();
        let copy = if self.replays { request.try_clone() } else { None };
        self.authorize(&mut request, &token);
        let mut answer = next.clone().run(request, extensions).await?;
        if !self.refuses(&answer, &url) {
            return Ok(answer);
        }
        self.source.invalidate(&token);
        // The body of the request is a stream, which can be sent once.
        let Some(mut again) = copy else { return Ok(answer) };
        match self.source.token().await {
            Err(error) => {
                answer.extensions_mut().insert(error);
                Ok(answer)
            }
            Ok(fresh) if fresh.expose_secret() == token.expose_secret() => Ok(answer),
            Ok(fresh) => {
                self.authorize(&mut again, &fresh);
                // Its connection may serve the second request.
                drop(answer);
                next.run(again, extensions).await
            }
        }
    }
}

impl fmt::Debug for AuthorizationMiddleware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationMiddleware")
            .field("origins", &self.origins)
            .field("header_name", &self.header_name)
            .finish_non_exhaustive()
    }
}

/// reqwest gives a response this host if a middleware made it of an `http::Response` without a URL.
const HOST_OF_NO_URL: &str = "no.url.provided.local";

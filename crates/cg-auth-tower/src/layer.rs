//! [`AuthorizationLayer`] and its options.

use std::fmt;

use cg_auth_core::{TokenSource, model::Origins};
use http::{HeaderMap, HeaderName, StatusCode};
use tower_layer::Layer;

use crate::{service::Authorization, settings::Settings};

/// Wraps a service in an [`Authorization`], which sends requests with a token of a [`TokenSource`]. A clone
/// shares the source.
///
/// `B` is the type of the request's body; the compiler infers it. [The crate's page](crate) shows what happens
/// to a request.
///
/// ```
/// use cg_auth_core::testing::ScriptedTokenSource;
/// use cg_auth_tower::{AuthorizationLayer, BoxError, Origin};
/// use http::{Request, Response, header::AUTHORIZATION};
/// use tower::{ServiceBuilder, ServiceExt};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let source = ScriptedTokenSource::fixed("eyJ"); // a `TokenProvider` in a program
/// let origin = Origin::parse("https://api.example.com")?;
/// let service = ServiceBuilder::new()
///     .layer(AuthorizationLayer::new(source, origin))
///     .service_fn(async |request: Request<()>| {
///         assert_eq!(request.headers()[AUTHORIZATION], "Bearer eyJ");
///         Ok::<_, BoxError>(Response::new(()))
///     });
/// service.oneshot(Request::get("https://api.example.com/me").body(())?).await?;
/// # Ok::<(), BoxError>(())
/// # })?;
/// # Ok::<(), BoxError>(())
/// ```
#[must_use = "a layer does nothing until it wraps a service"]
pub struct AuthorizationLayer<T, B> {
    settings: Settings<T, B>,
}

impl<T: TokenSource, B: 'static> AuthorizationLayer<T, B> {
    /// Tokens of `source` for requests to `origins`: an [`Origin`](crate::Origin), a list of them, or the
    /// origin of a `&BaseUrl`.
    pub fn new(source: T, origins: impl Into<Origins>) -> Self {
        Self { settings: Settings::new(source, origins.into()) }
    }
}

impl<T, B> AuthorizationLayer<T, B> {
    /// Decides which answers refuse the token, instead of [`is_unauthorized`](crate::is_unauthorized). For
    /// gRPC there is [`is_unauthenticated`](crate::is_unauthenticated).
    pub fn refused_when(mut self, is_refused: fn(StatusCode, &HeaderMap) -> bool) -> Self {
        self.settings.is_refused = is_refused;
        self
    }

    /// Copies the body of each request, for the case that its token is refused. A request without a copy is
    /// not repeated; the next one gets the new token.
    ///
    /// By default the layer copies the bodies whose copy shares their data: `Full<Bytes>`, `Empty<Bytes>`,
    /// `Bytes` and `()`. For another type that can be cloned, pass `|body| Some(body.clone())`.
    pub fn replay(mut self, copy_body: fn(&B) -> Option<B>) -> Self {
        self.settings.copy_body = copy_body;
        self
    }

    /// Repeats no request, which spares a copy of each request's head.
    pub fn without_replay(self) -> Self {
        self.replay(|_| None)
    }

    /// Puts the token into another header than `authorization`. The value starts with `Bearer` there too.
    ///
    /// A client that follows redirects inside the layer removes `authorization` before it goes to another
    /// origin, but no other header: see [the order of layers](crate#the-order-of-layers).
    pub fn header_name(mut self, name: HeaderName) -> Self {
        self.settings.header_name = name;
        self
    }
}

impl<S, T, B> Layer<S> for AuthorizationLayer<T, B> {
    type Service = Authorization<S, T, B>;

    fn layer(&self, inner: S) -> Self::Service {
        Authorization::new(inner, self.settings.clone())
    }
}

impl<T, B> Clone for AuthorizationLayer<T, B> {
    fn clone(&self) -> Self {
        Self { settings: self.settings.clone() }
    }
}

impl<T, B> fmt::Debug for AuthorizationLayer<T, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationLayer")
            .field("origins", &self.settings.origins)
            .field("header_name", &self.settings.header_name)
            .finish_non_exhaustive()
    }
}

//! [`Unauthenticated`]: a request that gets no token.

/// An extension for a request that the middleware leaves alone: it gets no token, and its answer refuses none.
///
/// ```
/// use cg_auth_reqwest_middleware::{
///     AuthorizationMiddleware, Origin, Unauthenticated,
/// };
/// # use cg_auth_reqwest_middleware::cg_auth_core::testing::ScriptedTokenSource;
/// use reqwest_middleware::ClientBuilder;
///
/// # let provider = ScriptedTokenSource::fixed("eyJ");
/// let origin = Origin::parse("https://api.example.com")?;
/// let client = ClientBuilder::new(reqwest::Client::new())
///     .with(AuthorizationMiddleware::new(provider, origin))
///     .build();
/// let health = client
///     .get("https://api.example.com/health")
///     .with_extension(Unauthenticated);
/// # drop(health);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unauthenticated;

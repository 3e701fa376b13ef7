//! [`AuthClient`]: one typed call, within one deadline, over any transport.

mod error;

use std::{future::poll_fn, pin::pin, sync::Arc, task::Poll, time::Duration};

pub use self::error::{Error, ErrorKind};
use crate::{
    body::Body,
    endpoint::{
        Answer, DeleteTokenCache, Endpoint, GetDelegateAccessToken, RefreshUserAccessToken, RequestOptions,
    },
    model::{ApiCredential, BaseUrl, DelegatedAccessToken, RefreshToken},
    time::Runtime,
    transport::{HttpTransport, TransportError},
};

/// Calls the service: builds a request, has the transport send it, reads the answer.
///
/// A clone is cheap and shares everything. The client keeps no token and no credential.
///
/// ```
/// use std::sync::Arc;
///
/// use cg_auth_core::{
///     ApiCredential, AuthClient, BaseUrl, ClientSecret, UserPrincipalName,
///     testing::{ManualClock, ScriptedTransport},
/// };
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let answer = r#"{"value":{"access_token":"eyJ","refresh_token":"abc","duration":3600},"isSuccess":true}"#;
/// let transport = ScriptedTransport::new().answer(http::Response::new(answer.into()));
/// let base = BaseUrl::parse("https://example.com")?;
/// let client = AuthClient::with_runtime(base, transport, ManualClock::new());
///
/// let credential = ApiCredential::new(ClientSecret::new("s3cret")?, UserPrincipalName::new("a@example.com")?);
/// let token = client.get_delegate_access_token(&credential).await?.value;
/// assert_eq!(token.access_token().expose_secret(), "eyJ");
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct AuthClient {
    shared: Arc<Shared>,
}

#[derive(Debug, Clone)]
struct Shared {
    base_url: BaseUrl,
    transport: Arc<dyn HttpTransport>,
    runtime: Arc<dyn Runtime>,
    options: RequestOptions,
    timeout: Duration,
}

impl AuthClient {
    /// What a call may take unless told otherwise: 100 s, as the vendor's client has it (SPEC section 6).
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(100);

    /// A client of the service at `base_url` in a program that runs on tokio.
    #[cfg(feature = "tokio")]
    #[must_use]
    pub fn new(base_url: BaseUrl, transport: impl HttpTransport + 'static) -> Self {
        Self::with_runtime(base_url, transport, crate::time::TokioRuntime::current())
    }

    /// A client of the service at `base_url` that takes time and tasks from `runtime`.
    #[must_use]
    pub fn with_runtime(
        base_url: BaseUrl,
        transport: impl HttpTransport + 'static,
        runtime: impl Runtime + 'static,
    ) -> Self {
        let shared = Shared {
            base_url,
            transport: Arc::new(transport),
            runtime: Arc::new(runtime),
            options: RequestOptions::new(),
            timeout: Self::DEFAULT_TIMEOUT,
        };
        Self { shared: Arc::new(shared) }
    }

    /// The same client with other request options.
    #[must_use]
    pub fn with_options(mut self, options: RequestOptions) -> Self {
        Arc::make_mut(&mut self.shared).options = options;
        self
    }

    /// The same client with another limit on a whole call, from handing the request to the transport to the
    /// last byte of the answer.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        Arc::make_mut(&mut self.shared).timeout = timeout;
        self
    }

    /// Where the service is.
    #[must_use]
    pub fn base_url(&self) -> &BaseUrl {
        &self.shared.base_url
    }

    /// Makes one call. Dropping the future cancels it.
    ///
    /// # Errors
    /// [`Error`], which tells how far the call got.
    pub async fn call<E: Endpoint + ?Sized>(&self, endpoint: &E) -> Result<Answer<E::Output>, Error> {
        let Shared { base_url, transport, runtime, options, timeout } = &*self.shared;
        let request = endpoint.to_request(base_url, options)?;
        let sent = runtime.now();
        let Some(response) = within(&**runtime, *timeout, transport.send(request)).await else {
            return Err(Error::timeout(*timeout));
        };
        let response: http::Response<Body> =
            response.map_err(|error: TransportError| Error::from(error).attempted())?;
        match endpoint.read_with(response, options) {
            Ok(answer) => Ok(answer.sent_at(sent)),
            Err(error) => Err(Error::from(error.received_at(runtime.now())).attempted()),
        }
    }

    /// Gets a delegated access token: `POST /auth/token/delegate`.
    ///
    /// # Errors
    /// [`Error`], as [`call`](Self::call).
    pub async fn get_delegate_access_token(
        &self,
        credential: &ApiCredential,
    ) -> Result<Answer<DelegatedAccessToken>, Error> {
        self.call(&GetDelegateAccessToken::new(credential.clone())).await
    }

    /// Exchanges a refresh token for another access token: `POST /auth/token/refresh`.
    ///
    /// # Errors
    /// [`Error`], as [`call`](Self::call).
    pub async fn refresh_user_access_token(
        &self,
        credential: &ApiCredential,
        refresh_token: &RefreshToken,
    ) -> Result<Answer<DelegatedAccessToken>, Error> {
        self.call(&RefreshUserAccessToken::new(credential.clone(), refresh_token.clone())).await
    }

    /// Makes the service forget its cached tokens: `DELETE /admin/auth/token/cache`.
    ///
    /// # Errors
    /// [`Error`], as [`call`](Self::call).
    pub async fn delete_token_cache(&self, credential: &ApiCredential) -> Result<Answer<()>, Error> {
        self.call(&DeleteTokenCache::new(credential.clone())).await
    }
}

/// What `future` gives, or `None` once `limit` has passed. A result that is there in time is never lost:
/// it is looked at before the clock.
async fn within<T>(runtime: &dyn Runtime, limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut alarm = runtime.sleep(limit);
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => alarm.as_mut().poll(context).map(|()| None),
    })
    .await
}

//! [`AuthClient`]: one typed call, within one deadline, over any transport.

mod error;
mod retry;
mod retry_budget;

use std::{sync::Arc, time::Duration};

use http::Request;

use self::retry_budget::RetryBudget;
pub use self::{
    error::{CallError, CallErrorKind},
    retry::{FailedAttempt, RetryPolicy},
};
use crate::{
    body::Body,
    endpoint::{
        Answer, DeleteTokenCache, Endpoint, GetDelegateAccessToken, RefreshUserAccessToken, RequestOptions,
    },
    model::{ApiCredential, BaseUrl, DelegatedAccessToken, RefreshToken},
    time::{Now, Runtime, within},
    transport::HttpTransport,
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
    retry_policy: RetryPolicy,
    /// Of all clones together, whatever else they differ in.
    retry_budget: Arc<RetryBudget>,
}

// A `dyn` transport or runtime is not unwind safe by itself. Its panic fails one call, and the client keeps no
// state of a call.
impl std::panic::UnwindSafe for AuthClient {}
impl std::panic::RefUnwindSafe for AuthClient {}

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
            retry_policy: RetryPolicy::new(),
            retry_budget: Arc::new(RetryBudget::full()),
        };
        Self { shared: Arc::new(shared) }
    }

    /// The same client with other request options.
    #[must_use]
    pub fn with_options(mut self, options: RequestOptions) -> Self {
        Arc::make_mut(&mut self.shared).options = options;
        self
    }

    /// The same client with another limit on a whole call, from handing the first request to the transport
    /// to the last byte of the last answer, waits between attempts included.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        Arc::make_mut(&mut self.shared).timeout = timeout;
        self
    }

    /// The same client with another policy on retries.
    #[must_use]
    pub fn with_retry_policy(mut self, policy: RetryPolicy) -> Self {
        Arc::make_mut(&mut self.shared).retry_policy = policy;
        self
    }

    pub(crate) fn runtime(&self) -> &dyn Runtime {
        &*self.shared.runtime
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.shared.timeout
    }

    /// Where the service is.
    #[must_use]
    pub fn base_url(&self) -> &BaseUrl {
        &self.shared.base_url
    }

    /// Makes one call, in as many attempts as the [`RetryPolicy`], the deadline and the budget of all clones
    /// allow. Dropping the future cancels it.
    ///
    /// # Errors
    /// [`CallError`], which tells how far the last attempt got, and how many there were.
    pub async fn call<E: Endpoint + ?Sized>(&self, endpoint: &E) -> Result<Answer<E::Output>, CallError> {
        let Shared { base_url, runtime, options, timeout, retry_policy, retry_budget, .. } = &*self.shared;
        let request = endpoint.to_request(base_url, options)?;
        let begun = runtime.now();
        let left_at = |now: Now| timeout.saturating_sub(now.saturating_since(begun));
        retry_budget.deposit();
        let mut attempts = 0;
        let mut sent_before = false;
        let error = loop {
            attempts += 1;
            let sent = runtime.now();
            let error = match self.attempt(endpoint, request.clone(), left_at(sent)).await {
                Ok(answer) => return Ok(answer.sent_at(sent).after(attempts)),
                Err(error) => error.after(attempts),
            };
            let ended = runtime.now();
            let attempt = FailedAttempt {
                error: &error,
                attempts,
                repeatable: endpoint.is_repeatable(),
                took: ended.saturating_since(sent),
                left: left_at(ended),
                jitter: fastrand::f64(),
            };
            let Some(wait) = retry_policy.wait_after(&attempt) else { break error };
            let Some(retry) = retry_budget.withdraw() else { break error };
            runtime.sleep(wait).await;
            // A sleep may end late, and a request that is cut off may have left all the same.
            if !attempt.could_be_repeated_within(left_at(runtime.now())) {
                break error;
            }
            retry.spend();
            sent_before |= error.may_have_been_sent();
        };
        Err(error.or_sent_before(sent_before))
    }

    /// One request and its answer, within what is left of the call's time.
    async fn attempt<E: Endpoint + ?Sized>(
        &self,
        endpoint: &E,
        request: Request<Body>,
        left: Duration,
    ) -> Result<Answer<E::Output>, CallError> {
        let Shared { transport, runtime, options, timeout, retry_policy, .. } = &*self.shared;
        let limit = retry_policy.attempt_timeout();
        // The shorter of the two is kept; the one that was set is told.
        let (limit, told) = if limit < left { (limit, limit) } else { (left, *timeout) };
        let exchange = within(&**runtime, limit, transport.send(request)).await;
        let response = exchange.ok_or(CallError::timeout(told))??;
        endpoint.read_with(response, options).map_err(|error| error.received_at(runtime.now()).into())
    }

    /// Gets a delegated access token: `POST /auth/token/delegate`.
    ///
    /// # Errors
    /// [`CallError`], as [`call`](Self::call).
    pub async fn get_delegate_access_token(
        &self,
        credential: &ApiCredential,
    ) -> Result<Answer<DelegatedAccessToken>, CallError> {
        self.call(&GetDelegateAccessToken::new(credential.clone())).await
    }

    /// Exchanges a refresh token for another access token: `POST /auth/token/refresh`.
    ///
    /// # Errors
    /// [`CallError`], as [`call`](Self::call).
    pub async fn refresh_user_access_token(
        &self,
        credential: &ApiCredential,
        refresh_token: &RefreshToken,
    ) -> Result<Answer<DelegatedAccessToken>, CallError> {
        self.call(&RefreshUserAccessToken::new(credential.clone(), refresh_token.clone())).await
    }

    /// Makes the service forget its cached tokens: `DELETE /admin/auth/token/cache`.
    ///
    /// # Errors
    /// [`CallError`], as [`call`](Self::call).
    pub async fn delete_token_cache(&self, credential: &ApiCredential) -> Result<Answer<()>, CallError> {
        self.call(&DeleteTokenCache::new(credential.clone())).await
    }
}

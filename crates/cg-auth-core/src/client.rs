//! [`AuthClient`]: one typed call within one deadline, over any transport.

mod error;
mod retry;
mod retry_budget;
mod retry_observer;

use std::{sync::Arc, time::Duration};

use http::Request;

pub use self::{
    error::{CallError, CallErrorKind},
    retry::{FailedAttempt, RetryPolicy},
};
use self::{retry_budget::RetryBudget, retry_observer::RetryObserver};
use crate::{
    body::Body,
    endpoint::{
        Answer, DeleteTokenCache, Endpoint, GetDelegateAccessToken, RefreshUserAccessToken, RequestOptions,
    },
    model::{ApiCredential, BaseUrl, DelegatedAccessToken, RefreshToken},
    time::{Now, Runtime, within},
    transport::HttpTransport,
};

/// Calls the service: it builds a request, sends it through the transport, reads the answer and retries.
///
/// A clone is cheap and shares the transport and the retry budget. The client stores no token and no
/// credential.
///
/// ```
/// use cg_auth_core::{
///     ApiCredential, AuthClient, BaseUrl, ClientSecret, UserPrincipalName,
///     testing::{ManualClock, ScriptedTransport},
/// };
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let answer = r#"{"value":{"access_token":"eyJ","duration":3600},"isSuccess":true}"#;
/// let transport = ScriptedTransport::new().answer(http::Response::new(answer.into()));
/// let base_url = BaseUrl::parse("https://example.com")?;
/// let client = AuthClient::with_runtime(base_url, transport, ManualClock::new());
///
/// let secret = ClientSecret::new("s3cret")?;
/// let credential = ApiCredential::new(secret, UserPrincipalName::new("a@example.com")?);
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
    retry_observer: Option<RetryObserver>,
    /// Shared by all clones, even if they differ in the other settings.
    retry_budget: Arc<RetryBudget>,
}

// A `dyn` transport or runtime is not unwind safe by itself. Its panic fails one call, and the client keeps no
// state of a call.
impl std::panic::UnwindSafe for AuthClient {}
impl std::panic::RefUnwindSafe for AuthClient {}

impl AuthClient {
    /// The default limit on a whole call: 100 s, as in the vendor's client
    /// ([wire protocol, section 6](crate::docs::wire#6-client-configuration)).
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(100);

    /// A client of the service at `base_url`, for a program that runs on tokio.
    #[cfg(feature = "tokio")]
    #[must_use]
    pub fn new(base_url: BaseUrl, transport: impl HttpTransport + 'static) -> Self {
        Self::with_runtime(base_url, transport, crate::time::TokioRuntime::current())
    }

    /// A client of the service at `base_url`, with the clocks, timers and tasks of `runtime`.
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
            retry_observer: None,
            retry_budget: Arc::new(RetryBudget::full()),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Gets a delegated access token for a credential: `POST /auth/token/delegate`.
    ///
    /// # Errors
    /// [`CallError`], as from [`call`](Self::call).
    pub async fn get_delegate_access_token(
        &self,
        credential: &ApiCredential,
    ) -> Result<Answer<DelegatedAccessToken>, CallError> {
        self.call(&GetDelegateAccessToken::new(credential.clone())).await
    }

    /// Exchanges a refresh token for the next access token: `POST /auth/token/refresh`.
    ///
    /// # Errors
    /// [`CallError`], as from [`call`](Self::call).
    pub async fn refresh_user_access_token(
        &self,
        credential: &ApiCredential,
        refresh_token: &RefreshToken,
    ) -> Result<Answer<DelegatedAccessToken>, CallError> {
        self.call(&RefreshUserAccessToken::new(credential.clone(), refresh_token.clone())).await
    }

    /// Clears the token cache of the service: `DELETE /admin/auth/token/cache`.
    ///
    /// # Errors
    /// [`CallError`], as from [`call`](Self::call).
    pub async fn delete_token_cache(&self, credential: &ApiCredential) -> Result<Answer<()>, CallError> {
        self.call(&DeleteTokenCache::new(credential.clone())).await
    }

    /// Calls any endpoint. It makes as many attempts as the [`RetryPolicy`], the deadline and the shared
    /// retry budget allow. Dropping the future cancels the call.
    ///
    /// The client builds the request again for each retry, from the same `endpoint`.
    ///
    /// Two retries of a call cost no budget: those after a connection that ended before it took the request,
    /// for instance with an HTTP/2 GOAWAY. One such connection may turn away many calls at once, and the
    /// service has no work with them.
    ///
    /// # Errors
    /// [`CallError`], which says at which stage the last attempt failed and how many attempts there were.
    pub async fn call<E: Endpoint + ?Sized>(&self, endpoint: &E) -> Result<Answer<E::Output>, CallError> {
        let shared = &*self.shared;
        let Shared { base_url, runtime, options, timeout, retry_policy, retry_budget, .. } = shared;
        let mut request = endpoint.to_request(base_url, options)?;
        let begun = runtime.now();
        let mut sent = begun;
        let left_at = |now: Now| timeout.saturating_sub(now.saturating_since(begun));
        retry_budget.deposit();
        let mut attempts = 0;
        let mut free_retries = 0;
        let mut sent_before = false;
        let error = loop {
            attempts += 1;
            let error = match self.attempt(endpoint, request, left_at(sent)).await {
                Ok(answer) => return Ok(answer.sent_at(sent).with_attempts(attempts)),
                Err(error) => error.with_attempts(attempts),
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
            let is_free = error.is_untaken() && free_retries < FREE_RETRIES;
            let retry = if is_free { None } else { retry_budget.withdraw() };
            if !is_free && retry.is_none() {
                break error;
            }
            free_retries += u32::from(is_free);
            if let Some(observer) = &shared.retry_observer {
                observer.notify(&error, wait);
            }
            runtime.sleep(wait).await;
            // The sleep may have ended late. The client sends no request that the deadline would cut off,
            // because such a request may still reach the service.
            let woken = runtime.now();
            if !attempt.could_be_repeated_within(left_at(woken)) {
                break error;
            }
            let Ok(again) = endpoint.to_request(base_url, options) else { break error };
            (request, sent) = (again, woken);
            if let Some(retry) = retry {
                retry.spend();
            }
            sent_before |= error.may_have_been_sent();
        };
        Err(error.with_earlier_attempt_sent(sent_before))
    }

    /// The same client with an empty retry budget, for one call to a service that fails. It still retries a request
    /// that the service certainly did not take.
    pub(crate) fn probing(&self) -> Self {
        let mut client = self.clone();
        Arc::make_mut(&mut client.shared).retry_budget = Arc::new(RetryBudget::empty());
        client
    }

    /// Limits a whole call, from the first attempt to the last byte of the last answer, back-off included.
    /// Default: 100 s.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        Arc::make_mut(&mut self.shared).timeout = timeout;
        self
    }

    /// Sets when a failed attempt is retried. Default: [`RetryPolicy::new`].
    #[must_use]
    pub fn with_retry_policy(mut self, policy: RetryPolicy) -> Self {
        Arc::make_mut(&mut self.shared).retry_policy = policy;
        self
    }

    /// Calls `observer` before each retry, with the error of the failed attempt and the back-off that begins
    /// now. [`CallError::attempts`] counts the attempts so far. Default: none.
    ///
    /// The retry is not sent if the deadline passes during the back-off. The observer must not block.
    #[must_use]
    pub fn with_retry_observer(
        mut self,
        observer: impl Fn(&CallError, Duration) + Send + Sync + 'static,
    ) -> Self {
        Arc::make_mut(&mut self.shared).retry_observer = Some(RetryObserver::new(observer));
        self
    }

    /// Sets the user agent, the JSON contract and additional headers. Default: [`RequestOptions::new`].
    #[must_use]
    pub fn with_options(mut self, options: RequestOptions) -> Self {
        Arc::make_mut(&mut self.shared).options = options;
        self
    }

    /// The base URL of the service.
    #[must_use]
    pub fn base_url(&self) -> &BaseUrl {
        &self.shared.base_url
    }

    /// The retries that the shared budget holds now, from 0 to 10, for a gauge. Every call deposits a tenth of a
    /// retry, every retry withdraws a whole one.
    #[must_use]
    pub fn retry_budget(&self) -> f64 {
        self.shared.retry_budget.left()
    }

    pub(crate) fn runtime(&self) -> &dyn Runtime {
        &*self.shared.runtime
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.shared.timeout
    }

    /// Sends the request once and reads its answer, within `left`, the rest of the call's time.
    async fn attempt<E: Endpoint + ?Sized>(
        &self,
        endpoint: &E,
        request: Request<Body>,
        left: Duration,
    ) -> Result<Answer<E::Output>, CallError> {
        let Shared { transport, runtime, options, timeout, retry_policy, .. } = &*self.shared;
        let limit = retry_policy.attempt_timeout();
        // The shorter limit applies. The error names the configured limit, not what is left of it.
        let (limit, setting) = if limit < left { (limit, limit) } else { (left, *timeout) };
        let exchange = within(&**runtime, limit, (**transport).send(request)).await;
        let response = exchange.ok_or(CallError::timeout(setting))??;
        endpoint.read_with(response, options).map_err(|error| error.received_at(runtime.now()).into())
    }
}

/// How many retries of a call cost no budget because a connection turned the request away.
const FREE_RETRIES: u32 = 2;

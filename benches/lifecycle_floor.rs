//! The floors for the token lifecycle: the caches that a program writes by hand. They know no margins, no
//! suspended hosts, no refresh tokens and no failures.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use cg_auth_core::{ApiCredential, AuthClient, CallErrorKind};
use http::HeaderValue;
use tokio::sync::Mutex;

/// A token and its header.
#[derive(Debug)]
pub struct CachedToken {
    /// The token.
    pub text: String,
    /// `Bearer` and the token.
    pub authorization: HeaderValue,
}

/// A cached token in an `ArcSwap`.
#[derive(Debug)]
pub struct HitFloor {
    entry: ArcSwap<Entry>,
}

#[derive(Debug)]
struct Entry {
    token: Arc<CachedToken>,
    expires_at: Instant,
}

impl HitFloor {
    /// A cache that holds `text` for an hour.
    #[must_use]
    #[allow(clippy::disallowed_methods)]
    pub fn new(text: &str) -> Self {
        let authorization = HeaderValue::from_str(&format!("Bearer {text}")).unwrap();
        let token = Arc::new(CachedToken { text: text.to_owned(), authorization });
        let expires_at = Instant::now() + Duration::from_secs(3600);
        Self { entry: ArcSwap::from_pointee(Entry { token, expires_at }) }
    }

    /// Replaces the token by `text`.
    pub fn replace(&self, text: &str) {
        self.entry.store(Self::new(text).entry.into_inner());
    }

    /// The token, unless it has expired.
    #[must_use]
    #[inline]
    #[allow(clippy::disallowed_methods)]
    pub fn peek(&self) -> Option<Arc<CachedToken>> {
        let entry = self.entry.load_full();
        (Instant::now() < entry.expires_at).then(|| Arc::clone(&entry.token))
    }

    /// Like [`peek`](Self::peek), as a future.
    pub async fn token(&self) -> Option<Arc<CachedToken>> {
        self.peek()
    }

    /// The header of the token, unless it has expired.
    pub async fn authorization(&self) -> Option<HeaderValue> {
        self.peek().map(|token| token.authorization.clone())
    }
}

/// A single flight as it is usually written: the first caller acquires the token under a lock, and the others
/// queue for the lock. It keeps a failure too, so that the others do not repeat the call.
pub struct HerdFloor {
    client: AuthClient,
    credential: ApiCredential,
    result: Mutex<Option<Result<Arc<str>, CallErrorKind>>>,
}

impl HerdFloor {
    /// A cache that holds `token`.
    #[must_use]
    pub fn new(client: AuthClient, credential: ApiCredential, token: Option<&str>) -> Self {
        Self { client, credential, result: Mutex::new(token.map(|token| Ok(token.into()))) }
    }

    /// The cached token, or a new one if there is none.
    ///
    /// # Errors
    /// The kind of the client's error, if the call fails.
    pub async fn token(&self) -> Result<Arc<str>, CallErrorKind> {
        let mut result = self.result.lock().await;
        if let Some(result) = &*result {
            return result.clone();
        }
        let answer = self.client.get_delegate_access_token(&self.credential).await;
        let got = answer
            .map(|answer| answer.value.access_token().expose_secret().into())
            .map_err(|error| error.kind());
        *result = Some(got.clone());
        got
    }
}

impl fmt::Debug for HerdFloor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HerdFloor").finish_non_exhaustive()
    }
}

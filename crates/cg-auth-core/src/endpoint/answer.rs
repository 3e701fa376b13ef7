//! [`Answer`]: a successful call, with its value and the details around it.

use std::fmt;

use http::{HeaderMap, StatusCode};

use super::{failed_answer::SAFE, request_id};
use crate::time::Now;

/// The answer of the service to a call that succeeded.
///
/// `Debug` shows the value's own, redacted form and the names of well-known headers, never their values.
#[derive(Clone)]
#[non_exhaustive]
pub struct Answer<T> {
    /// The HTTP status, a 2xx.
    pub status: StatusCode,
    /// The headers of the answer.
    pub headers: HeaderMap,
    /// The `errorMsg`, if the service sent one beside its success, with every secret replaced. It is meant
    /// for people.
    pub error_msg: Option<String>,
    /// The number of requests that the call took. Zero if no [`AuthClient`](crate::AuthClient) made the call.
    pub attempts: u32,
    /// The time at which the answered attempt began. The lifetime of a token counts from here. `None` if no
    /// [`AuthClient`](crate::AuthClient) made the call.
    pub sent: Option<Now>,
    /// The output of the operation.
    pub value: T,
    pub(super) request_id: Option<String>,
}

impl<T> Answer<T> {
    /// The id of the request, for the vendor's support, with every secret replaced.
    ///
    /// It comes from the header `x-request-id`, `request-id`, `x-ms-request-id`, `x-correlation-id` or
    /// `traceparent`. `None` if there is none, or if it is longer than 128 bytes.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// Sets [`sent`](Self::sent). For programs that send the request themselves.
    #[must_use]
    pub fn sent_at(mut self, sent: Now) -> Self {
        self.sent = Some(sent);
        self
    }

    /// Sets the number of requests that the call took.
    pub(crate) const fn with_attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }
}

impl<T: fmt::Debug> fmt::Debug for Answer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("headers", &KnownNames(&self.headers))
            .field("error_msg", &self.error_msg.as_ref().map(|text| format!("{} bytes", text.len())))
            .field("attempts", &self.attempts)
            .field("sent", &self.sent)
            .field("value", &self.value)
            .finish_non_exhaustive()
    }
}

/// The names of well-known headers. The service chooses any other name, so it may hold a secret.
struct KnownNames<'a>(&'a HeaderMap);

impl fmt::Debug for KnownNames<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = SAFE.into_iter().chain(request_id::HEADERS).filter(|name| self.0.contains_key(name));
        let known: Vec<_> = known.collect();
        let others = self.0.keys_len().saturating_sub(known.len());
        f.debug_list().entries(known).entry(&format_args!("{others} others")).finish()
    }
}

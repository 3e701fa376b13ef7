//! [`Answer`]: a successful call, with what came around its value.

use std::fmt;

use http::{HeaderMap, StatusCode};

use crate::time::Now;

/// What the service answered to a call that succeeded.
///
/// `Debug` shows the value's own (redacted) form and the names of the headers, never their values.
#[derive(Clone)]
#[non_exhaustive]
pub struct Answer<T> {
    /// The HTTP status, a 2xx.
    pub status: StatusCode,
    /// The headers of the answer.
    pub headers: HeaderMap,
    /// `errorMsg`, should the service have sent one beside its success. Treat it like an error text.
    pub error_msg: Option<String>,
    /// How many requests it took; zero where no [`AuthClient`](crate::AuthClient) made the call.
    pub attempts: u32,
    /// When the attempt began that was answered: what a lifetime counts from. `None` where no
    /// [`AuthClient`](crate::AuthClient) made the call.
    pub sent: Option<Now>,
    /// What was asked for.
    pub value: T,
}

impl<T> Answer<T> {
    pub(crate) const fn after(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// The same answer, sent at `sent`: for programs that move the bytes themselves.
    #[must_use]
    pub fn sent_at(mut self, sent: Now) -> Self {
        self.sent = Some(sent);
        self
    }
}

impl<T: fmt::Debug> fmt::Debug for Answer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("error_msg", &self.error_msg.as_ref().map(|text| format!("{} bytes", text.len())))
            .field("attempts", &self.attempts)
            .field("sent", &self.sent)
            .field("value", &self.value)
            .finish()
    }
}

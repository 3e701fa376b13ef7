//! [`RequestFilter`]: selects recorded requests.

use super::recorded_request::RecordedRequest;
use crate::operation::Operation;

/// Selects recorded requests. The default selects all.
///
/// ```
/// use cg_auth_emulator::{Emulator, Operation, RequestFilter};
///
/// let emulator = Emulator::start_blocking()?;
/// let refreshes = RequestFilter::new()
///     .operation(Operation::RefreshUserAccessToken)
///     .user("someone@example.com");
/// assert!(emulator.requests_matching(&refreshes).is_empty());
/// # Ok::<(), cg_auth_emulator::EmulatorError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct RequestFilter {
    pub(super) operation: Option<Operation>,
    /// In lower case.
    pub(super) user: Option<String>,
    pub(super) since: u64,
    pub(super) limit: Option<usize>,
}

impl RequestFilter {
    /// Selects every request.
    pub fn new() -> Self {
        Self::default()
    }

    /// Selects the requests for one operation.
    pub fn operation(mut self, operation: Operation) -> Self {
        self.operation = Some(operation);
        self
    }

    /// Selects the requests that name this user, without regard to ASCII case.
    pub fn user(mut self, user_principal_name: &str) -> Self {
        self.user = Some(user_principal_name.to_ascii_lowercase());
        self
    }

    /// Selects the requests after the one with this [number](RecordedRequest::number).
    pub fn since(mut self, number: u64) -> Self {
        self.since = number;
        self
    }

    /// Selects at most the oldest `limit` requests of those that match. It does not change what is counted.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Whether a request matches, apart from the limit.
    pub(super) fn matches(&self, request: &RecordedRequest) -> bool {
        let user = request.user();
        self.operation.is_none_or(|operation| operation == request.operation())
            && self.user.as_ref().is_none_or(|it| user.is_some_and(|user| user.eq_ignore_ascii_case(it)))
            && request.number() > self.since
    }
}

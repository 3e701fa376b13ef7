//! [`Secrets`]: the secrets of one request and its answer, which no error may show.

use http::HeaderMap;

use super::{headers::USER_PRINCIPAL_NAME, redaction::Redaction};
use crate::{
    body::Body,
    model::{
        AccessToken, DelegatedAccessTokenApiResult, DelegatedAccessTokenApiResultValue, RefreshToken,
        read_json,
    },
};

/// The secrets of one exchange: the sensitive headers of the request and the tokens in the body of the
/// answer.
pub(super) struct Secrets {
    sent: HeaderMap,
    issued: DelegatedAccessTokenApiResultValue,
}

impl Secrets {
    /// The secrets of a request with the headers `sent` and of the body of its answer.
    pub(super) fn new(sent: HeaderMap, answer: &Body) -> Self {
        let result = read_json::<DelegatedAccessTokenApiResult>(answer.as_bytes());
        Self { sent, issued: result.ok().and_then(|result| result.value).unwrap_or_default() }
    }

    /// Whether the answer holds a token.
    pub(super) const fn include_a_token(&self) -> bool {
        self.issued.access_token.is_some() || self.issued.refresh_token.is_some()
    }

    /// The redaction of all secrets, for several texts.
    pub(super) fn redaction(&self) -> Redaction {
        Redaction::of(self.iter())
    }

    /// Replaces every secret in one line.
    pub(super) fn redact_line(&self, line: &str) -> String {
        // No encoding of a secret is shorter than the secret, so a long token needs no search in a short
        // line.
        Redaction::of(self.iter().filter(|secret| secret.len() <= line.len())).apply_to_line(line)
    }

    /// The user principal name is marked as sensitive for HPACK, but it is not a secret.
    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let sent =
            self.sent.iter().filter(|(name, value)| value.is_sensitive() && *name != USER_PRINCIPAL_NAME);
        let access_token = self.issued.access_token.as_ref().map(AccessToken::expose_secret);
        let refresh_token = self.issued.refresh_token.as_ref().map(RefreshToken::expose_secret);
        let issued = access_token.into_iter().chain(refresh_token).map(str::as_bytes);
        sent.map(|(_, value)| value.as_bytes()).chain(issued)
    }
}

//! [`IssuedToken`]: an access token with its header value and its expiry.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use http::HeaderValue;
use zeroize::Zeroizing;

use super::Expiry;
use crate::model::AccessToken;

/// An issued access token with its expiry. A clone is the same token.
///
/// Token and header value share one buffer, which is zeroed when the last of them is dropped.
#[derive(Clone)]
pub struct IssuedToken {
    inner: Arc<Inner>,
}

struct Inner {
    text: BearerText,
    authorization: HeaderValue,
    expiry: Expiry,
}

impl IssuedToken {
    /// The issued `token`, which expires as `expiry` says.
    #[must_use]
    pub fn new(token: &AccessToken, expiry: Expiry) -> Self {
        let text = BearerText::new(token);
        Self { inner: Arc::new(Inner { authorization: text.header_value(), text, expiry }) }
    }

    /// The token itself. The caller keeps it out of logs and error texts.
    #[must_use]
    #[inline]
    pub fn expose_secret(&self) -> &str {
        self.inner.text.token()
    }

    #[allow(clippy::expect_used)] // the text came from an access token
    pub(super) fn access_token(&self) -> AccessToken {
        AccessToken::new(self.expose_secret()).expect("an access token")
    }

    /// The value of an `authorization` header, `Bearer` and the token (RFC 6750), marked sensitive.
    #[must_use]
    pub fn authorization(&self) -> &HeaderValue {
        &self.inner.authorization
    }

    /// When it expires.
    #[must_use]
    pub fn expiry(&self) -> Expiry {
        self.inner.expiry
    }

    /// Whether both are clones of one issued token. The service may issue the same text twice.
    #[must_use]
    pub fn is_same_issue(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }
}

impl fmt::Debug for IssuedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuedToken").field("expiry", &self.inner.expiry).finish_non_exhaustive()
    }
}

/// `Bearer` and the token.
#[derive(Clone)]
struct BearerText(Arc<Zeroizing<Box<str>>>);

impl BearerText {
    fn new(token: &AccessToken) -> Self {
        // The exact capacity: growing would leave an unzeroed copy behind.
        let mut text = Zeroizing::new(String::with_capacity(SCHEME.len() + token.expose_secret().len()));
        text.push_str(SCHEME);
        text.push_str(token.expose_secret());
        Self(Arc::new(Zeroizing::new(text.as_str().into())))
    }

    #[inline]
    fn token(&self) -> &str {
        &self.0[SCHEME.len()..]
    }

    #[allow(clippy::expect_used)] // an access token holds no control character
    fn header_value(&self) -> HeaderValue {
        let mut value = HeaderValue::from_maybe_shared(Bytes::from_owner(self.clone()))
            .expect("an access token fits into a header");
        value.set_sensitive(true);
        value
    }
}

impl AsRef<[u8]> for BearerText {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

const SCHEME: &str = "Bearer ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_and_header_share_a_buffer_and_show_nothing() {
        let token = IssuedToken::new(&AccessToken::new("eyJ-canary").unwrap(), Expiry::UNKNOWN);
        assert_eq!(token.expose_secret(), "eyJ-canary");
        assert_eq!(token.authorization(), "Bearer eyJ-canary");
        assert!(token.authorization().is_sensitive());
        assert_eq!(token.authorization().as_bytes()[7..].as_ptr(), token.expose_secret().as_ptr());
        let shown = format!("{token:?} {:?}", token.authorization());
        assert!(!shown.contains("canary"), "{shown}");
    }

    #[test]
    fn a_clone_is_the_same_issue_and_the_same_text_is_not() {
        let text = AccessToken::new("é").unwrap();
        let (one, other) =
            (IssuedToken::new(&text, Expiry::UNKNOWN), IssuedToken::new(&text, Expiry::UNKNOWN));
        assert!(one.is_same_issue(&one.clone()));
        assert!(!one.is_same_issue(&other));
        assert_eq!(one.expose_secret(), other.expose_secret());
    }
}

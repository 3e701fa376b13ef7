//! [`UserPrincipalName`]: the user that the program acts for.

use std::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
};

use http::HeaderValue;

use super::{ConfigError, HeaderText, secret::visible_ascii_problem, text_value::text_value};

/// The login name of the delegated user, for instance `someone@example.com` ([wire protocol, section 9]).
///
/// It must be non-empty visible ASCII, because it travels in a header. It is personal data but not a secret,
/// so `Display` and `Debug` show it.
///
/// `FromStr`, `TryFrom` and [`Deserialize`](serde::Deserialize) read a text as [`UserPrincipalName::new`] does.
/// A clone shares its text.
///
/// [wire protocol, section 9]: crate::docs::wire#9-obtaining-a-credential-documentation-mh
#[derive(Clone, PartialEq, Eq)]
pub struct UserPrincipalName(HeaderText);

impl UserPrincipalName {
    /// A user principal name from `name`, which is not trimmed.
    ///
    /// # Errors
    /// [`ConfigError`] if the name is empty or holds a character other than visible ASCII.
    pub fn new(name: impl Into<String>) -> Result<Self, ConfigError> {
        let name = name.into();
        match visible_ascii_problem(&name) {
            Some(problem) => Err(ConfigError::new("the user principal name", problem)),
            None => Ok(Self(HeaderText::new(name.into()))),
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) const fn header(&self) -> &HeaderValue {
        self.0.header()
    }
}

impl PartialOrd for UserPrincipalName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for UserPrincipalName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for UserPrincipalName {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.as_str().hash(hasher);
    }
}

impl fmt::Debug for UserPrincipalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for UserPrincipalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

text_value!(UserPrincipalName, UserPrincipalName::new, "a user principal name, as text");

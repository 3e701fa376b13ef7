//! [`ClientSecret`], [`AccessToken`] and [`RefreshToken`]: text that must not be seen.

use std::fmt;

use zeroize::Zeroizing;

use super::{ConfigError, json_reading::FromJson};

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident, $setting:literal, $check:path) => {
        $(#[$doc])*
        ///
        /// `Debug` is redacted, there is no `Display`, and the memory is zeroed on drop. The comparison is
        /// for tests and look-ups; its time depends on the content.
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(Zeroizing<Box<str>>);

        impl $name {
            /// Takes the text as it is, without trimming.
            ///
            /// # Errors
            /// [`ConfigError`] when the text is empty or holds a character that cannot be sent in a header
            /// unchanged.
            pub fn new(text: impl Into<String>) -> Result<Self, ConfigError> {
                Self::copied(&Zeroizing::new(text.into()))
            }

            /// A copy of the exact size: shrinking a string in place could leave its text behind.
            fn copied(text: &str) -> Result<Self, ConfigError> {
                match $check(text) {
                    Some(problem) => Err(ConfigError::new($setting, problem)),
                    None => Ok(Self(Zeroizing::new(text.into()))),
                }
            }

            /// The text itself. Whoever calls this sees to it that it goes nowhere else.
            #[must_use]
            pub fn expose_secret(&self) -> &str {
                &self.0
            }
        }

        /// In an answer, text that is no good is no token (SPEC section 11), so the outcome is kept as such.
        impl FromJson for Option<$name> {
            fn from_text(text: &str) -> Option<Self> {
                Some($name::copied(text).ok())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(redacted)"))
            }
        }
    };
}

secret! {
    /// The secret of an API authentication profile (SPEC section 9): non-empty visible ASCII.
    ClientSecret, "the client secret", visible_ascii_problem
}

secret! {
    /// A delegated access token: opaque, non-empty, without control characters, so that it can be put in a
    /// header (SPEC section 11).
    AccessToken, "the access token", control_character_problem
}

secret! {
    /// A refresh token: opaque, non-empty visible ASCII, since it travels in a header (SPEC section 11).
    RefreshToken, "the refresh token", visible_ascii_problem
}

/// What keeps `text` from being sent in a header byte for byte, if anything does.
pub(super) fn visible_ascii_problem(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        Some("is empty")
    } else if !holds(text, |byte| !byte.is_ascii_graphic()) {
        None
    } else if !holds(text.trim_ascii(), |byte| !byte.is_ascii_graphic()) {
        Some("has white space before or after it")
    } else {
        Some("holds a character other than visible ASCII")
    }
}

fn control_character_problem(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        Some("is empty")
    } else if holds(text, |byte| byte.is_ascii_control())
        || (!text.is_ascii() && text.contains(char::is_control))
    {
        Some("holds a control character")
    } else {
        None
    }
}

/// Looks at every byte rather than stop at the first hit, which compiles to a few wide instructions.
fn holds(text: &str, bad: impl Fn(u8) -> bool) -> bool {
    text.bytes().fold(false, |found, byte| found | bad(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_is_redacted() {
        assert_eq!(format!("{:?}", ClientSecret::new("s3cret").unwrap()), "ClientSecret(redacted)");
        assert_eq!(format!("{:?}", AccessToken::new("s3cret").unwrap()), "AccessToken(redacted)");
        assert_eq!(format!("{:?}", RefreshToken::new("s3cret").unwrap()), "RefreshToken(redacted)");
    }

    #[test]
    fn what_a_header_cannot_carry_is_refused_without_being_quoted() {
        for (text, problem) in [
            ("", "the client secret is empty"),
            ("s3cret\n", "the client secret has white space before or after it"),
            ("s3\ncret", "the client secret holds a character other than visible ASCII"),
            ("s3crét", "the client secret holds a character other than visible ASCII"),
        ] {
            assert_eq!(ClientSecret::new(text).unwrap_err().to_string(), problem);
        }
        assert!(RefreshToken::new("a b").is_err());
        assert!(AccessToken::new("a\u{7f}b").is_err());
        assert!(AccessToken::new("a\u{9b}31m").is_err(), "a terminal takes it for an escape");
        assert!(AccessToken::new("opaque, not ASCII: é").is_ok());
    }
}

//! [`ClientSecret`], [`AccessToken`] and [`RefreshToken`]: secret text, redacted and zeroed.

use std::fmt;

use http::HeaderValue;
use zeroize::Zeroizing;

use super::{ConfigError, HeaderText, json_reading::FromJson, text::all_between};

type ZeroizingText = Zeroizing<Box<str>>;

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident($buffer:ty), $setting:literal, $check:path) => {
        $(#[$doc])*
        ///
        /// `Debug` is redacted, there is no `Display`, and dropping it zeroes the memory. `==` is for tests
        /// and look-ups: it does not run in constant time.
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name($buffer);

        impl $name {
            /// A value from `text`, which is not trimmed.
            ///
            /// # Errors
            /// [`ConfigError`] if the text is empty or holds a character that a header cannot carry
            /// unchanged.
            pub fn new(text: impl Into<String>) -> Result<Self, ConfigError> {
                Self::copied(&Zeroizing::new(text.into()))
            }

            /// Copies into a buffer of the exact size, because shrinking a `String` may leave the text in
            /// freed memory.
            fn copied(text: &str) -> Result<Self, ConfigError> {
                match $check(text) {
                    Some(problem) => Err(ConfigError::new($setting, problem)),
                    None => Ok(Self(<$buffer>::new(text.into()))),
                }
            }

            /// The secret text itself. Keep it out of logs, errors and `Debug` output.
            #[must_use]
            pub fn expose_secret(&self) -> &str {
                &self.0
            }
        }

        /// Text that is not a valid token counts as a missing token ([wire protocol, section 11]), not
        /// as a JSON error.
        ///
        /// [wire protocol, section 11]: crate::docs::wire#11-ambiguities-and-how-a-robust-client-should-treat-them
        impl FromJson for Option<$name> {
            fn from_text(text: &str) -> Option<Self> {
                Some($name::copied(text).ok())
            }

            const IS_TOKEN: bool = true;

            fn from_bytes(bytes: &[u8]) -> Option<Self> {
                $name::copied(std::str::from_utf8(bytes).ok()?).ok().map(Some)
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
    /// The secret of an API authentication profile ([wire protocol, section 9]): non-empty visible ASCII.
    ///
    /// [wire protocol, section 9]: crate::docs::wire#9-obtaining-a-credential-documentation-mh
    ClientSecret(HeaderText), "the client secret", visible_ascii_problem
}

secret! {
    /// A delegated access token: opaque, non-empty, without control characters, so that a header can carry it
    /// ([wire protocol, section 11]).
    ///
    /// [wire protocol, section 11]: crate::docs::wire#11-ambiguities-and-how-a-robust-client-should-treat-them
    AccessToken(ZeroizingText), "the access token", control_character_problem
}

secret! {
    /// A refresh token: opaque, non-empty visible ASCII, because it travels in a header
    /// ([wire protocol, section 11]).
    ///
    /// [wire protocol, section 11]: crate::docs::wire#11-ambiguities-and-how-a-robust-client-should-treat-them
    RefreshToken(ZeroizingText), "the refresh token", visible_ascii_problem
}

impl ClientSecret {
    /// The value of the header that carries it, which shares its buffer.
    pub(crate) const fn header(&self) -> &HeaderValue {
        self.0.header()
    }
}

/// The reason why a header cannot carry `text` byte for byte, if there is one.
pub(super) fn visible_ascii_problem(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        Some("is empty")
    } else if all_between(text.as_bytes(), b'!', b'~') {
        None
    } else if all_between(text.trim_ascii().as_bytes(), b'!', b'~') {
        Some("has white space before or after it")
    } else {
        Some("holds a character other than visible ASCII")
    }
}

fn control_character_problem(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        Some("is empty")
    } else if !all_between(text.as_bytes(), b' ', b'~') && text.contains(char::is_control) {
        Some("holds a control character")
    } else {
        None
    }
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
    fn no_secret_has_a_display() {
        /// An inherent constant precedes one of a trait, and this one exists only with `Display`.
        struct Of<T>(std::marker::PhantomData<T>);
        trait Otherwise {
            const HAS_DISPLAY: bool = false;
        }
        impl<T> Otherwise for Of<T> {}
        impl<T: fmt::Display> Of<T> {
            const HAS_DISPLAY: bool = true;
        }
        const { assert!(Of::<String>::HAS_DISPLAY) }
        let secrets = [
            Of::<ClientSecret>::HAS_DISPLAY,
            Of::<AccessToken>::HAS_DISPLAY,
            Of::<RefreshToken>::HAS_DISPLAY,
            Of::<crate::model::ApiCredential>::HAS_DISPLAY,
            Of::<crate::model::DelegatedAccessToken>::HAS_DISPLAY,
            Of::<crate::token::IssuedToken>::HAS_DISPLAY,
            Of::<crate::body::Body>::HAS_DISPLAY,
        ];
        assert_eq!(secrets, [false; 7]);
    }

    #[test]
    fn text_that_a_header_cannot_carry_is_refused_and_not_quoted() {
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
        assert!(AccessToken::new("a\u{9b}31m").is_err(), "a terminal reads U+009B as an escape sequence");
        assert!(AccessToken::new("opaque, not ASCII: é").is_ok());
    }
}

//! [`Prefix`]: the first segment of each path that the proxy answers.

use aws_lc_rs::{constant_time::verify_slices_are_equal, rand};

use crate::failure::Failure;

/// 128 random bits in hexadecimal digits, new in each run. A page in a browser or another user of the machine
/// does not know them, and so cannot use the token.
pub(super) struct Prefix(String);

impl Prefix {
    pub(super) fn random() -> Result<Self, Failure> {
        let mut bytes = [0; 16];
        rand::fill(&mut bytes).map_err(|error| Failure::Runtime(std::io::Error::other(error)))?;
        Ok(Self(format!("{:032x}", u128::from_be_bytes(bytes))))
    }

    /// The prefix itself, which must not be logged.
    pub(super) fn expose_secret(&self) -> &str {
        &self.0
    }

    /// The rest of `path` behind the prefix: empty, or starting with a slash. The comparison takes the same
    /// time for each wrong prefix.
    pub(super) fn strip<'a>(&self, path: &'a str) -> Option<&'a str> {
        let path = path.strip_prefix('/')?;
        let (first, rest) = path.split_at(path.find('/').unwrap_or(path.len()));
        verify_slices_are_equal(first.as_bytes(), self.0.as_bytes()).ok().map(|()| rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_run_has_another_prefix() {
        let (one, two) = (Prefix::random().unwrap(), Prefix::random().unwrap());
        assert_ne!(one.expose_secret(), two.expose_secret());
        assert_eq!(one.expose_secret().len(), 32);
    }

    #[test]
    fn only_the_exact_first_segment_is_the_prefix() {
        let prefix = Prefix("abc123".into());
        for (path, rest) in [
            ("/abc123", Some("")),
            ("/abc123/", Some("/")),
            ("/abc123/a/b", Some("/a/b")),
            ("/abc123//a", Some("//a")),
            ("/abc1234/a", None),
            ("/abc12/a", None),
            ("/ABC123/a", None),
            ("/%61bc123/a", None),
            ("//abc123/a", None),
            ("/x/abc123/a", None),
            ("/abc123%2fa", None),
            ("/abc123;x/a", None),
            ("/", None),
            ("abc123", None),
            ("*", None),
        ] {
            assert_eq!(prefix.strip(path), rest, "{path}");
        }
    }
}

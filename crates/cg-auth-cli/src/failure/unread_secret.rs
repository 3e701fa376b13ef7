//! [`UnreadSecret`]: the client secret of a provider cannot be read.

use std::{error::Error, fmt};

use cg_auth_core::TokenError;

/// A [`TokenError`] about the secret. It shows only the text of its cause, which names the file or the
/// command, and the setting that names these.
#[derive(Debug)]
pub(crate) struct UnreadSecret {
    error: TokenError,
    origin: Option<String>,
}

impl UnreadSecret {
    pub(super) const fn new(error: TokenError) -> Self {
        Self { error, origin: None }
    }

    /// The same for a secret that `origin` sets.
    pub(crate) fn at(self, origin: impl fmt::Display) -> Self {
        Self { origin: Some(origin.to_string()), ..self }
    }
}

impl fmt::Display for UnreadSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.error.source() {
            Some(cause) => write!(f, "{cause}")?,
            None => write!(f, "{}", self.error)?,
        }
        self.origin.as_ref().map_or(Ok(()), |origin| write!(f, " ({origin})"))
    }
}

impl Error for UnreadSecret {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()?.source()
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use cg_auth_core::causes::cause_chain;

    use super::*;

    #[test]
    fn the_text_is_that_of_the_cause() {
        let error = UnreadSecret::new(TokenError::secret(io::Error::other("the vault is sealed")));
        assert_eq!(cause_chain(&error), "the vault is sealed");
        assert_eq!(error.at("CG_AUTH_X").to_string(), "the vault is sealed (CG_AUTH_X)");
    }
}

//! [`UnreadSecret`]: the client secret of a provider cannot be read.

use std::{error::Error, fmt};

use cg_auth_core::TokenError;

/// A [`TokenError`] about the secret. It shows only the text of its cause, which names the file or the
/// command.
#[derive(Debug)]
pub(crate) struct UnreadSecret(TokenError);

impl UnreadSecret {
    pub(super) const fn new(error: TokenError) -> Self {
        Self(error)
    }
}

impl fmt::Display for UnreadSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.source() {
            Some(cause) => write!(f, "{cause}"),
            None => write!(f, "{}", self.0),
        }
    }
}

impl Error for UnreadSecret {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()?.source()
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
    }
}

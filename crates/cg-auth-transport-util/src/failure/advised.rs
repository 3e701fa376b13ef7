//! [`Advised`]: what to check after a failure, in front of the library's own error.

use std::{error::Error, fmt};

pub(super) type Cause = Box<dyn Error + Send + Sync>;

#[derive(Debug)]
pub(super) struct Advised {
    advice: &'static str,
    cause: Cause,
}

impl Advised {
    pub(super) fn boxed(advice: &'static str, cause: impl Into<Cause>) -> Cause {
        Box::new(Self { advice, cause: cause.into() })
    }
}

impl fmt::Display for Advised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.advice)
    }
}

impl Error for Advised {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.cause)
    }
}

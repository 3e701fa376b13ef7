//! `TokenError`: errors of secret sources and token sources, and their recovery.

use std::{error::Error, io};

use cg_auth_core::{Recovery, TokenError, TokenErrorKind};

/// An error of a library that wraps its cause.
#[derive(Debug, thiserror::Error)]
#[error("the vault has not answered")]
struct Vault(#[source] io::Error);

#[test]
fn a_secret_error_that_may_pass_is_retryable() {
    for (kind, recovery) in [
        (io::ErrorKind::TimedOut, Recovery::Retry),
        (io::ErrorKind::WouldBlock, Recovery::Retry),
        (io::ErrorKind::Interrupted, Recovery::Retry),
        (io::ErrorKind::ConnectionRefused, Recovery::Retry),
        (io::ErrorKind::ConnectionReset, Recovery::Retry),
        (io::ErrorKind::HostUnreachable, Recovery::Retry),
        (io::ErrorKind::NetworkDown, Recovery::Retry),
        (io::ErrorKind::NotFound, Recovery::FixConfiguration),
        (io::ErrorKind::PermissionDenied, Recovery::FixConfiguration),
        (io::ErrorKind::InvalidData, Recovery::FixConfiguration),
        (io::ErrorKind::Other, Recovery::FixConfiguration),
    ] {
        for error in [TokenError::secret(io::Error::from(kind)), TokenError::secret(Vault(kind.into()))] {
            assert_eq!(error.recovery(), recovery, "{error:?}");
            assert_eq!(error.is_retryable(), recovery == Recovery::Retry, "{error:?}");
            assert_eq!(error.kind(), TokenErrorKind::Secret);
            assert_eq!(error.to_string(), "cannot read the client secret");
        }
    }
    assert_eq!(TokenError::secret("no such secret").recovery(), Recovery::FixConfiguration);
}

#[test]
fn a_token_source_of_another_crate_has_an_error_of_its_own() {
    for source in [io::ErrorKind::TimedOut, io::ErrorKind::NotFound] {
        let error = TokenError::other(Vault(source.into()));
        assert_eq!(error.kind(), TokenErrorKind::Other);
        assert_eq!(error.kind().as_str(), "other");
        assert_eq!(error.recovery(), Recovery::Retry);
        assert_eq!(error.retry_after(), None);
        assert!(error.as_call().is_none());
        assert_eq!(error.to_string(), "the token source has no token");
        assert_eq!(error.source().unwrap().to_string(), "the vault has not answered");
    }
}

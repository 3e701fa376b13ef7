//! [`HttpsCheck`]: what a transport checks before an `https:` request.

use cg_auth_core::transport::TransportError;
use http::{Uri, uri::Scheme};

#[cfg(feature = "rustls")]
use crate::tls::PlatformRoots;

/// What a transport checks before it makes a connection for an `https:` request. Plain http skips it.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum HttpsCheck {
    /// Nothing.
    #[default]
    Passed,
    /// The transport makes no such connection, for this reason.
    Failed(TransportError),
    /// The platform's roots must be there.
    #[cfg(feature = "rustls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "rustls")))]
    PlatformRoots(PlatformRoots),
}

impl HttpsCheck {
    /// Checks, if `uri` is an `https:` one, on the calling thread. It may read files.
    ///
    /// # Errors
    /// [`TransportError`] of the config kind when no connection can be made.
    pub fn before_blocking(&self, uri: &Uri) -> Result<(), TransportError> {
        if uri.scheme() != Some(&Scheme::HTTPS) {
            return Ok(());
        }
        match self {
            Self::Passed => Ok(()),
            Self::Failed(problem) => Err(problem.clone()),
            #[cfg(feature = "rustls")]
            Self::PlatformRoots(roots) => roots.load(),
        }
    }
}

#[cfg(feature = "hyper")]
#[cfg_attr(docsrs, doc(cfg(feature = "hyper")))]
impl HttpsCheck {
    /// Checks, if `uri` is an `https:` one. Files are read on a thread of tokio's for blocking work, so that
    /// a slow file system delays no other task, and the call's deadline holds.
    ///
    /// # Errors
    /// [`TransportError`] of the config kind when no connection can be made.
    pub async fn before(&self, uri: &Uri) -> Result<(), TransportError> {
        if uri.scheme() != Some(&Scheme::HTTPS) {
            return Ok(());
        }
        match self {
            Self::Passed => Ok(()),
            Self::Failed(problem) => Err(problem.clone()),
            #[cfg(feature = "rustls")]
            Self::PlatformRoots(roots) if roots.is_loaded() => Ok(()),
            #[cfg(feature = "rustls")]
            Self::PlatformRoots(roots) => {
                let roots = roots.clone();
                let loading = tokio::task::spawn_blocking(move || roots.load());
                loading.await.map_err(TransportError::config)?
            }
        }
    }
}

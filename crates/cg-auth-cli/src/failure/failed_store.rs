//! [`FailedStore`]: the store cannot be used.

use std::{error::Error, fmt};

use cg_auth_core::{CallErrorKind, token::store::StoreError};

use crate::settings::StoreChoice;

/// A store that failed, and where it is set.
#[derive(Debug)]
pub(crate) struct FailedStore {
    store: String,
    is_on_disk: bool,
    /// `None` if it did not answer in time.
    source: Option<StoreError>,
}

impl FailedStore {
    pub(crate) fn new(store: &StoreChoice, origin: impl fmt::Display, source: Option<StoreError>) -> Self {
        Self { store: format!("{store} ({origin})"), is_on_disk: store.is_on_disk(), source }
    }

    /// The kind, which decides the exit code.
    pub(crate) const fn kind(&self) -> CallErrorKind {
        match self.source {
            _ if !self.is_on_disk => CallErrorKind::Transport,
            Some(_) => CallErrorKind::Config,
            None => CallErrorKind::Timeout,
        }
    }
}

impl fmt::Display for FailedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { store, source, .. } = self;
        match source {
            Some(_) => write!(f, "cannot use the store {store}"),
            None => write!(f, "no answer from the store {store} in time"),
        }
    }
}

impl Error for FailedStore {
    /// The text of a [`StoreError`] itself says no more than this one.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref()?.source()
    }
}

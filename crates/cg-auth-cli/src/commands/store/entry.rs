//! [`Entry`]: the entry of the user in the store.

use std::{sync::Arc, time::Duration};

use cg_auth_core::{
    ApiCredential,
    token::store::{EntryOwner, EntryState, StoreEntry, StoreError, TokenStore},
};
use tokio::time::timeout;

use crate::{
    console::Console,
    failure::{FailedStore, Failure},
    setting_error::SettingError,
    settings::{Chosen, ServiceArgs, Settings, StoreArgs, StoreChoice},
};

/// The entry of the user, secret and service of the settings.
#[derive(Debug)]
pub(crate) struct Entry {
    store: Arc<dyn TokenStore>,
    entry: StoreEntry,
    chosen: Chosen<StoreChoice>,
    limit: Duration,
}

impl Entry {
    /// The settings of a subcommand of `cg-auth store`, with a store.
    pub(super) fn settings(
        service: &ServiceArgs,
        store: &StoreArgs,
        console: &Console,
    ) -> Result<Settings, SettingError> {
        let settings = Settings::resolve_with_store(service, store, console)?;
        if settings.store().is_none() {
            return Err(SettingError::NoStore);
        }
        Ok(settings)
    }

    /// The entry in the store of `settings`; `None` if there is no store.
    ///
    /// # Errors
    /// The trusted certificates cannot be used.
    pub(in crate::commands) fn of(
        settings: &Settings,
        credential: &ApiCredential,
    ) -> Result<Option<Self>, Failure> {
        let limit = settings.timeout().min(LONGEST_OPERATION);
        let (Some(chosen), Some(store)) = (settings.store().cloned(), settings.open_store(Some(limit))?)
        else {
            return Ok(None);
        };
        let (user, secret) = (credential.user_principal_name(), credential.client_secret());
        let entry = store.entry(&EntryOwner::new(&settings.base_url, user, secret));
        // The store itself gives up a little earlier, and its error says more.
        Ok(Some(Self { store, entry, chosen, limit: limit + limit / 10 }))
    }

    /// The store, and where it is set.
    pub(super) fn chosen(&self) -> &Chosen<StoreChoice> {
        &self.chosen
    }

    /// What the entry holds. It takes no lease.
    pub(super) async fn inspect(&self) -> Result<EntryState, Failure> {
        self.ask(self.store.inspect(&self.entry)).await
    }

    pub(in crate::commands) async fn remove(&self) -> Result<(), Failure> {
        self.ask(self.store.remove(&self.entry)).await
    }

    async fn ask<T>(&self, operation: impl Future<Output = Result<T, StoreError>>) -> Result<T, Failure> {
        let failed =
            |source| Failure::Store(FailedStore::new(&self.chosen.value, &self.chosen.origin, source));
        match timeout(self.limit, operation).await {
            Ok(result) => result.map_err(|error| failed(Some(error))),
            Err(_) => Err(failed(None)),
        }
    }
}

/// Longer than an operation takes, unless the store is down.
const LONGEST_OPERATION: Duration = Duration::from_secs(5);

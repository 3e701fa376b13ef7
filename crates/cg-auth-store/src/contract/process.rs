//! [`Process`]: a process with a handle of the store. [`processes`] starts some over one new entry.

use std::{sync::Arc, time::Duration};

use cg_auth_core::{
    BaseUrl, ClientSecret, ConfigError, Recovery, UserPrincipalName,
    model::AccessToken,
    token::store::{
        Claim, Claimed, CoolDown, EntryOwner, EntryState, Holder, Publication, Published, SharedFailure,
        StoreEntry, StoreError, StoredToken, TokenStore,
    },
};

use super::{failure::Failure, subject::Subject};

/// One acquisition of one process.
pub(super) struct Process {
    pub(super) store: Arc<dyn TokenStore>,
    pub(super) entry: StoreEntry,
    pub(super) holder: Holder,
}

/// `N` processes, each with a handle of its own, over an entry that nothing else uses.
pub(super) fn processes<const N: usize>(subject: &dyn Subject) -> Result<[Process; N], Failure> {
    let owner = Owner::new(&format!("case-{:032x}@example.com", Holder::random().number()))?;
    Ok(std::array::from_fn(|_| {
        let store = subject.store();
        Process { entry: store.entry(&owner.as_entry_owner()), store, holder: Holder::random() }
    }))
}

impl Process {
    /// Claims the lease for [`LONG`], as a process without a token, unless `change` says otherwise.
    pub(super) async fn claims(&self, change: impl FnOnce(&mut Claim) + Send) -> Result<Claimed, StoreError> {
        let mut claim = Claim::new(self.holder);
        claim.lease = Some(LONG);
        change(&mut claim);
        self.store.claim(&self.entry, &claim).await
    }

    /// Claims as a process that holds `token` and wants another one before that ends.
    pub(super) async fn claims_holding(&self, token: &StoredToken) -> Result<Claimed, StoreError> {
        self.claims(|claim| claim.held = Some((token.access_token.clone(), token.left))).await
    }

    /// Looks, as a process without a token.
    pub(super) async fn looks(&self) -> Result<Claimed, StoreError> {
        self.claims(|claim| claim.lease = None).await
    }

    pub(super) async fn publishes(&self, publication: Publication) -> Result<Published, StoreError> {
        self.store.publish(&self.entry, self.holder, &publication).await
    }

    pub(super) async fn publishes_token(&self, token: &StoredToken) -> Result<Published, StoreError> {
        self.publishes(Publication::Token(token.clone())).await
    }

    pub(super) async fn removes(&self) -> Result<(), StoreError> {
        self.store.remove(&self.entry).await
    }

    pub(super) async fn inspects(&self) -> Result<EntryState, StoreError> {
        self.store.inspect(&self.entry).await
    }
}

/// An owner of an entry.
pub(super) struct Owner {
    pub(super) base_url: BaseUrl,
    pub(super) user: UserPrincipalName,
    pub(super) secret: ClientSecret,
}

impl Owner {
    pub(super) fn new(user: &str) -> Result<Self, Failure> {
        let new = || -> Result<Self, ConfigError> {
            Ok(Self {
                base_url: BaseUrl::parse("https://governance.example.com")?,
                user: UserPrincipalName::new(user)?,
                secret: ClientSecret::new(SECRET)?,
            })
        };
        new().map_err(|error| Failure::new(format!("the case cannot be played: {error}")))
    }

    pub(super) const fn as_entry_owner(&self) -> EntryOwner<'_> {
        EntryOwner::new(&self.base_url, &self.user, &self.secret)
    }
}

/// A token with this text and lifetime.
pub(super) fn token(text: &str, lifetime: Option<Duration>) -> Result<StoredToken, Failure> {
    let access_token = AccessToken::new(text)
        .map_err(|error| Failure::new(format!("the case cannot be played: {error}")))?;
    Ok(StoredToken { access_token, lifetime, left: lifetime })
}

/// A cool-down after so many failures.
pub(super) fn cool_down(left: Duration, failures: u32) -> Publication {
    let failure = SharedFailure::new("api", Recovery::Retry, Some(503));
    Publication::CoolDown(CoolDown { left, failures, failure })
}

/// Longer than any case takes.
pub(super) const LONG: Duration = Duration::from_secs(60 * 60);
/// Ends within a case. No case relies on its lasting.
pub(super) const SHORT: Duration = Duration::from_millis(200);
/// [`SHORT`] has passed then.
pub(super) const AFTER_SHORT: Duration = Duration::from_millis(600);
/// The secret of every owner.
pub(super) const SECRET: &str = "the-client-secret-of-the-suite";
/// The text of most tokens.
pub(super) const TOKEN: &str = "the-token-of-the-suite";

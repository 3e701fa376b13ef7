//! [`shared_token`]: a token of a store, for a command that ends once it has one.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use cg_auth_core::{
    ApiCredential, IssuedToken, TokenProvider,
    time::Now,
    token::{Event, session::Phase, store::TokenStore, trace_event},
};
use tokio::time::timeout;

use super::renewal;
use crate::{console::Console, failure::Failure, settings::Settings};

/// The token in `store` if it lives for `min_lifetime`, otherwise a new one, which the store then holds. Processes that
/// ask at once make one request.
///
/// It renews a token that is about to expire at once, because this process ends before it could renew it later.
pub(super) async fn shared_token(
    settings: &Settings,
    store: impl TokenStore + 'static,
    credential: &ApiCredential,
    min_lifetime: Option<Duration>,
    console: &Console,
) -> Result<IssuedToken, Failure> {
    let (user, secret) = (credential.user_principal_name().clone(), credential.client_secret().clone());
    let provider = TokenProvider::new(settings.client()?, user, secret).with_store(store);
    provider.on_event(trace_event);
    let is_adopted = Arc::new(AtomicBool::new(false));
    let (adopted, warnings, console) = (Arc::clone(&is_adopted), renewal::StoreWarnings::default(), *console);
    provider.on_event(move |event| {
        adopted.fetch_or(matches!(event, Event::Adopted { .. }), Ordering::Relaxed);
        if let Some(warning) = warnings.of(event) {
            console.warn(&warning);
        }
    });

    let mut token = get(&provider, settings).await?;
    for _ in 0..TOKENS_TRIED {
        let is_short = min_lifetime.is_some_and(|required| is_shorter(&token, required));
        if !is_short || !is_adopted.swap(false, Ordering::Relaxed) {
            break;
        }
        // The cleared token is not adopted again.
        provider.clear();
        token = get(&provider, settings).await?;
    }
    let is_due = matches!(provider.state().phase, Some(Phase::Early | Phase::Margin));
    // The service has just issued a token that was not adopted, and might issue the same one again.
    if is_due && is_adopted.load(Ordering::Relaxed) {
        provider.prefetch();
    }
    let left = token.expiry().remaining(Now::system()).unwrap_or(LONGEST_RENEWAL);
    // The shutdown waits for the renewal and for its publication. The limit keeps the command from waiting too long.
    match timeout(LONGEST_RENEWAL.min(left / 2), provider.shutdown()).await {
        Ok(Some((renewed, expiry))) => Ok(IssuedToken::new(renewed.access_token(), expiry)),
        Ok(None) | Err(_) => Ok(token),
    }
}

async fn get(provider: &TokenProvider, settings: &Settings) -> Result<IssuedToken, Failure> {
    // The call itself gives up earlier, and its error says more.
    let limit = settings.timeout().saturating_add(STORE_OPERATIONS);
    provider.token_within(limit).await.map_err(|error| settings.no_token(error))
}

/// A token of unknown lifetime is not known to live long enough.
fn is_shorter(token: &IssuedToken, required: Duration) -> bool {
    token.expiry().remaining(Now::system()).is_none_or(|left| left < required)
}

/// What the operations of a store may add to the time of a call.
const STORE_OPERATIONS: Duration = Duration::from_secs(1);
/// How many tokens of other processes it rejects because they live too short.
const TOKENS_TRIED: usize = 3;
/// How long the command waits for the renewal of a token that is valid.
const LONGEST_RENEWAL: Duration = Duration::from_secs(5);

//! How a running command keeps its token valid, and what it tells about failures.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use cg_auth_core::{BaseUrl, IssuedToken, TokenProvider, causes::cause_chain, time::Now, token::Event};
use tokio::time::sleep;

use crate::{failure::Failure, time_format::to_the_millisecond};

/// Renews the token of `provider` before it expires, for as long as the future is polled. After a failure it
/// tries again.
pub(super) async fn keep_valid(provider: &TokenProvider) {
    loop {
        let pause = match provider.token().await {
            Ok(token) => pause(&token),
            Err(error) => error.retry_after().unwrap_or(LONGEST_PAUSE).max(SHORTEST_PAUSE),
        };
        sleep(pause).await;
    }
}

/// How long to wait before the next call of the provider. The provider has no timer and renews a token only
/// when it is called.
///
/// A timer does not count the time for which the machine is suspended, so the pause is short.
pub(super) fn pause(token: &IssuedToken) -> Duration {
    let left = token.expiry().remaining(Now::system());
    left.map_or(LONGEST_PAUSE, |left| (left / 20).clamp(SHORTEST_PAUSE, LONGEST_PAUSE))
}

/// The warning about an event of the provider, if it concerns the user.
pub(super) fn warning(event: &Event, base_url: &BaseUrl) -> Option<String> {
    match event {
        Event::Failed { error, retry_in, .. } => {
            let retry_in = to_the_millisecond(*retry_in);
            let failure = Failure::no_token(error.clone(), base_url);
            Some(format!("no new token: {}; trying again in {retry_in}", cause_chain(&failure)))
        }
        Event::CoolingDown { failure, retry_in, .. } => {
            let retry_in = to_the_millisecond(*retry_in);
            Some(format!(
                "no new token: another process failed to get it ({failure}); trying again in {retry_in}"
            ))
        }
        Event::RefreshSwitchedOff => Some(REFRESH_SWITCHED_OFF.to_owned()),
        _ => None,
    }
}

/// Warns of each outage of the store once.
#[derive(Debug, Default)]
pub(super) struct StoreWarnings {
    is_told: AtomicBool,
}

impl StoreWarnings {
    /// The warning about an event, if it is the first of an outage of the store.
    pub(super) fn of(&self, event: &Event) -> Option<String> {
        match event {
            Event::StoreUnavailable { error, .. } if !self.is_told.swap(true, Ordering::Relaxed) => {
                Some(format!("cannot share the token: {}", cause_chain(error)))
            }
            // The store has answered.
            Event::Adopted { .. }
            | Event::LeaseHeldElsewhere
            | Event::CoolingDown { .. }
            | Event::NothingNewer => {
                self.is_told.store(false, Ordering::Relaxed);
                None
            }
            _ => None,
        }
    }
}

const REFRESH_SWITCHED_OFF: &str = "\
    the service refuses every refresh token, so only the client secret is used; the likely causes are a \
    proxy that drops headers with an underscore, as nginx does by default, and another process that uses \
    the same user";
const SHORTEST_PAUSE: Duration = Duration::from_millis(20);
/// The longest time between two calls of the provider.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(30);

//! [`Acquisition`]: one acquisition of a token, from the start to its event.

use std::{fmt, time::Duration};

use crate::{
    client::{CallError, CallErrorKind},
    endpoint::{Answer, Endpoint, GetDelegateAccessToken, RefreshUserAccessToken},
    model::{ApiCredential, ClientSecret, DelegatedAccessToken, RefreshToken, UserPrincipalName},
    time::Now,
    token::{Event, Expiry, Grant, IssuedToken, Reason, TokenError},
};

/// The id of an acquisition, unique within its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AcquisitionId(pub(super) u64);

/// What the driver of an acquisition does next. Exhaustive, so that a driver handles every case.
#[derive(Debug)]
#[must_use]
pub enum Next {
    /// Make this call and pass its result to [`finish`](super::Session::finish).
    Call(Call),
    /// The acquisition has ended. Pass this result to every waiter.
    Done(Result<IssuedToken, TokenError>),
    /// The session no longer waits for the acquisition. Every waiter asks the session again.
    Superseded,
}

/// A call to the service.
pub struct Call {
    grant: Grant,
    endpoint: Box<dyn Endpoint<Output = DelegatedAccessToken>>,
}

impl Call {
    /// The grant of the call.
    #[must_use]
    pub const fn grant(&self) -> Grant {
        self.grant
    }

    /// The operation to call, with a client or with the program's own I/O.
    #[must_use]
    pub fn endpoint(&self) -> &dyn Endpoint<Output = DelegatedAccessToken> {
        &*self.endpoint
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("grant", &self.grant).finish_non_exhaustive()
    }
}

/// The acquisition in flight. It counts its requests and reports its end as an event.
pub(super) struct Acquisition {
    pub(super) id: AcquisitionId,
    reason: Reason,
    pub(super) begun: Now,
    requests: u32,
    /// The grant of the last call; `None` before the secret was read.
    pub(super) grant: Option<Grant>,
    /// The secret that the call in flight sends.
    secret: Option<ClientSecret>,
}

impl Acquisition {
    pub(super) const fn new(id: AcquisitionId, reason: Reason, now: Now) -> Self {
        Self { id, reason, begun: now, requests: 0, grant: None, secret: None }
    }

    /// The next call: with the refresh token if there is one, else with the credential.
    pub(super) fn call(
        &mut self,
        user: UserPrincipalName,
        secret: ClientSecret,
        refresh_token: Option<RefreshToken>,
    ) -> Call {
        let credential = ApiCredential::new(secret.clone(), user);
        let call = match refresh_token {
            Some(token) => Call {
                grant: Grant::RefreshToken,
                endpoint: Box::new(RefreshUserAccessToken::new(credential, token)),
            },
            None => {
                Call { grant: Grant::Credential, endpoint: Box::new(GetDelegateAccessToken::new(credential)) }
            }
        };
        (self.grant, self.secret) = (Some(call.grant), Some(secret));
        call
    }

    /// Counts the requests of the call in flight; returns the secret and the grant that were sent with it.
    pub(super) fn answered(
        &mut self,
        result: &Result<Answer<DelegatedAccessToken>, CallError>,
    ) -> Option<(ClientSecret, Grant)> {
        let requests = match result {
            // Without an `AuthClient` the requests of a call are not counted, but there was one.
            Ok(answer) => answer.attempts.max(1),
            Err(error) => error.attempts().max(u32::from(error.kind() != CallErrorKind::Config)),
        };
        let sent = self.secret.take().zip(self.grant)?;
        self.requests = self.requests.saturating_add(requests);
        Some(sent)
    }

    pub(super) fn acquired(
        &self,
        grant: Grant,
        expiry: Expiry,
        request_id: Option<String>,
        now: Now,
    ) -> Event {
        Event::Acquired {
            reason: self.reason,
            grant,
            requests: self.requests,
            took: now.saturating_since(self.begun),
            lifetime: expiry.lifetime(),
            expiry_source: expiry.source(),
            request_id,
        }
    }

    pub(super) fn failed(&self, error: TokenError, now: Now) -> Event {
        Event::Failed {
            reason: self.reason,
            grant: self.grant,
            requests: self.requests,
            took: now.saturating_since(self.begun),
            retry_in: error.retry_after().unwrap_or(Duration::ZERO),
            error,
        }
    }

    pub(super) fn adopted(&self, left: Option<Duration>, now: Now) -> Event {
        Event::Adopted { reason: self.reason, took: now.saturating_since(self.begun), left }
    }

    pub(super) fn abandoned(&self, now: Now) -> Event {
        Event::Abandoned {
            reason: self.reason,
            grant: self.grant,
            requests: self.requests,
            took: now.saturating_since(self.begun),
        }
    }
}

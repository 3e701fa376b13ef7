//! [`Tokens`]: issues, checks, refreshes and forgets tokens.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use cg_auth_core::{
    UserPrincipalName,
    model::{AccessToken, DelegatedAccessTokenApiResultValue},
    token::DurationUnit,
};

use super::{
    cache::{IssuedToken, TokenCache},
    families::{Families, RefreshRefused},
    jwt::{Claims, SigningKey},
    refresh_ticket::RefreshTicket,
    settings::TokenSettings,
};

/// The service's signing key, refresh token families and token cache.
///
/// Access tokens are not stored: a check looks at the signature, at `exp` and at the token's family. All
/// randomness comes from one generator, so that a seed reproduces a run.
pub(super) struct Tokens {
    settings: TokenSettings,
    random: fastrand::Rng,
    key: SigningKey,
    families: Families,
    cache: TokenCache,
}

impl Tokens {
    pub(super) fn new(settings: TokenSettings) -> Self {
        let mut random = settings.seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed);
        Self {
            key: SigningKey::random(&mut random),
            random,
            families: Families::new(settings.rotation, settings.reuse_detection),
            cache: TokenCache::default(),
            settings,
        }
    }

    /// A token for `user`: the cached one if its refresh token is still valid, else one of a new family.
    pub(super) fn delegate(
        &mut self,
        user: &UserPrincipalName,
        now: SystemTime,
    ) -> DelegatedAccessTokenApiResultValue {
        let now = seconds(now);
        let cached = self.cache.get(user, now);
        if let Some(token) = cached.filter(|token| self.families.accepts(token.ticket, now)) {
            return self.answer(token, now);
        }
        let family = self.random.u64(..);
        let ticket = self.families.start(family, user, self.refresh_expiry(now));
        self.issue(user, ticket, now)
    }

    /// A new token in exchange for a refresh token.
    pub(super) fn refresh(
        &mut self,
        user: &UserPrincipalName,
        presented: &[u8],
        now: SystemTime,
    ) -> Result<DelegatedAccessTokenApiResultValue, RefreshRefused> {
        let now = seconds(now);
        let ticket = RefreshTicket::read(presented, &self.key).ok_or(RefreshRefused::Unknown)?;
        match self.families.redeem(ticket, user, now, self.refresh_expiry(now)) {
            Ok(next) => Ok(self.issue(user, next, now)),
            Err(reason) => {
                if reason == RefreshRefused::Reused {
                    self.cache.remove_family(user, ticket.family);
                }
                Err(reason)
            }
        }
    }

    /// The claims of a valid access token; `None` if the token is not from this service, has expired, or
    /// belongs to a revoked family.
    pub(super) fn check(&self, token: &str, now: SystemTime) -> Option<Claims> {
        let claims = Claims::verify(token, &self.key)?;
        let family = u64::from_str_radix(&claims.sid, 16).ok()?;
        (seconds(now) < claims.exp && !self.families.is_revoked(family)).then_some(claims)
    }

    /// Forgets every cached token and every refresh token. Access tokens stay valid.
    pub(super) fn forget_cache(&mut self) {
        self.cache.clear();
        self.families.clear();
    }

    /// Forgets everything and generates a new key, so that every older token is refused. The generator is not
    /// reseeded, because the same seed would produce the same key.
    pub(super) fn reset(&mut self) {
        self.key = SigningKey::random(&mut self.random);
        self.families = Families::new(self.settings.rotation, self.settings.reuse_detection);
        self.cache.clear();
    }

    /// A random id of 32 hexadecimal digits.
    pub(super) fn random_id(&mut self) -> String {
        format!("{:032x}", self.random.u128(..))
    }

    #[allow(clippy::expect_used)] // base64url and dots make visible ASCII
    fn issue(
        &mut self,
        user: &UserPrincipalName,
        ticket: RefreshTicket,
        now: u64,
    ) -> DelegatedAccessTokenApiResultValue {
        let expires_at = expiry(now, self.settings.lifetime);
        let claims = Claims {
            iat: now,
            exp: expires_at,
            upn: user.as_str().to_owned(),
            jti: self.random_id(),
            sid: format!("{:016x}", ticket.family),
        };
        let token = IssuedToken {
            access_token: AccessToken::new(claims.sign(&self.key)).expect("a JWT is visible ASCII"),
            refresh_token: ticket.token(&self.key),
            ticket,
            expires_at,
        };
        if self.settings.cache {
            self.cache.put(user, token.clone());
        }
        self.answer(token, now)
    }

    /// The token as the answer's `value`. Its `duration` is the remaining lifetime.
    fn answer(&self, token: IssuedToken, now: u64) -> DelegatedAccessTokenApiResultValue {
        let remaining = token.expires_at.saturating_sub(now);
        let duration = match self.settings.duration_unit {
            DurationUnit::Milliseconds => remaining.saturating_mul(1000),
            DurationUnit::Minutes => remaining / 60,
            DurationUnit::Hours => remaining / (60 * 60),
            _ => remaining,
        };
        let duration = i64::try_from(duration).unwrap_or(i64::MAX);
        DelegatedAccessTokenApiResultValue::new(token.access_token, Some(token.refresh_token), duration)
    }

    fn refresh_expiry(&self, now: u64) -> Option<u64> {
        self.settings.refresh_lifetime.map(|lifetime| expiry(now, lifetime))
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// The end of a lifetime that starts at `now`. It counts whole seconds, like `exp`, and is at least one
/// second.
fn expiry(now: u64, lifetime: Duration) -> u64 {
    now.saturating_add(lifetime.as_secs().max(1))
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests;

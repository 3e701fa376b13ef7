//! [`Tokens`]: issuing, checking, refreshing and forgetting.

use std::{
    fmt,
    time::{SystemTime, UNIX_EPOCH},
};

use cg_auth_core::{
    UserPrincipalName,
    model::{AccessToken, DelegatedAccessTokenApiResultValue},
    token::DurationUnit,
};

use crate::{
    cache::{IssuedToken, TokenCache},
    families::{Families, Unredeemable},
    jwt::Claims,
    refresh_ticket::RefreshTicket,
    settings::TokenSettings,
    signing_key::SigningKey,
};

/// The state of the service.
///
/// Access tokens are not remembered; their signature, their `exp` and the standing of their family are all
/// there is to check. All randomness comes from one generator, which a seed makes repeat itself.
pub(crate) struct Tokens {
    settings: TokenSettings,
    random: fastrand::Rng,
    key: SigningKey,
    families: Families,
    cache: TokenCache,
}

impl Tokens {
    pub(crate) fn new(settings: TokenSettings) -> Self {
        let mut random = settings.seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed);
        Self {
            key: SigningKey::drawn_by(&mut random),
            random,
            families: Families::new(settings.rotation, settings.reuse_detection),
            cache: TokenCache::default(),
            settings,
        }
    }

    /// A token for `user`: the cached one if there is any whose refresh token is still good, else the first
    /// of a new family.
    pub(crate) fn delegate(
        &mut self,
        user: &UserPrincipalName,
        now: SystemTime,
    ) -> DelegatedAccessTokenApiResultValue {
        let now = seconds(now);
        let cached = self.cache.get(user, now);
        if let Some(token) = cached.filter(|token| self.families.takes(token.ticket, now)) {
            return self.answer(token, now);
        }
        let family = self.random.u64(..);
        let ticket = self.families.found(family, user, self.refresh_expiry(now));
        self.issue(user, ticket, now)
    }

    /// A token in exchange for a refresh token.
    pub(crate) fn refresh(
        &mut self,
        user: &UserPrincipalName,
        presented: &[u8],
        now: SystemTime,
    ) -> Result<DelegatedAccessTokenApiResultValue, Unredeemable> {
        let now = seconds(now);
        let ticket = RefreshTicket::read(presented, &self.key).ok_or(Unredeemable::Unknown)?;
        match self.families.redeem(ticket, user, now, self.refresh_expiry(now)) {
            Ok(next) => Ok(self.issue(user, next, now)),
            Err(problem) => {
                if problem == Unredeemable::Reused {
                    self.cache.forget_family(user, ticket.family);
                }
                Err(problem)
            }
        }
    }

    /// Forgets every cached token and every refresh token.
    pub(crate) fn forget(&mut self) {
        self.cache.forget();
        self.families.forget();
    }

    /// Forgets everything, the key included: no token of before is accepted. The randomness goes on where it
    /// was, or a seed would make the same key again.
    pub(crate) fn reset(&mut self) {
        self.key = SigningKey::drawn_by(&mut self.random);
        self.families = Families::new(self.settings.rotation, self.settings.reuse_detection);
        self.cache.forget();
    }

    /// What a valid access token says; `None` for any other text, from the second of its `exp` on, and when
    /// its family was revoked.
    pub(crate) fn check(&self, token: &str, now: SystemTime) -> Option<Claims> {
        let claims = Claims::verify(token, &self.key)?;
        let family = u64::from_str_radix(&claims.sid, 16).ok()?;
        (seconds(now) < claims.exp && !self.families.is_revoked(family)).then_some(claims)
    }

    /// Thirty-two hexadecimal digits.
    pub(crate) fn random_id(&mut self) -> String {
        format!("{:032x}", self.random.u128(..))
    }

    #[allow(clippy::expect_used)] // base64url and dots make visible ASCII
    fn issue(
        &mut self,
        user: &UserPrincipalName,
        ticket: RefreshTicket,
        now: u64,
    ) -> DelegatedAccessTokenApiResultValue {
        // Whole seconds, at least one: that is as fine as `exp` tells.
        let expires_at = now.saturating_add(self.settings.lifetime.as_secs().max(1));
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

    /// The token as the wire has it; its `duration` is what remains of it.
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
        self.settings.refresh_lifetime.map(|lifetime| now.saturating_add(lifetime.as_secs().max(1)))
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("settings", &self.settings).finish_non_exhaustive()
    }
}

fn seconds(moment: SystemTime) -> u64 {
    moment.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
#[path = "tokens/tests.rs"]
mod tests;

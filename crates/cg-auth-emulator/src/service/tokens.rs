//! [`Tokens`]: issues, checks, refreshes and forgets tokens.

use std::{
    collections::{HashMap, HashSet, VecDeque},
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
    /// How many access tokens were issued. Each one's `jti` starts with its number.
    issued: u32,
    /// The numbers of single access tokens that were revoked, at most [`MAX_REVOKED`].
    revoked: HashSet<u32>,
    /// The members of `revoked`, oldest first.
    revoked_by_age: VecDeque<u32>,
    /// How often a user's tokens were revoked. The low bits of a family's id are the era of its start.
    era: u64,
    /// The era before which a user's families are revoked, by the name in lower case.
    revoked_before: HashMap<String, u64>,
}

/// How many tokens the service has issued and still accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenCounts {
    /// Access tokens that were issued since the start or their last reset.
    pub issued: u32,
    /// Refresh tokens that a refresh would accept.
    pub refresh_tokens: usize,
    /// Access tokens in the token cache that have not expired.
    pub cached_tokens: usize,
}

impl Tokens {
    pub(super) fn new(settings: TokenSettings) -> Self {
        let mut random = settings.seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed);
        Self {
            key: SigningKey::random(&mut random),
            random,
            families: Families::new(settings.rotation, settings.reuse_detection),
            cache: TokenCache::default(),
            issued: 0,
            revoked: HashSet::new(),
            revoked_by_age: VecDeque::new(),
            era: 0,
            revoked_before: HashMap::new(),
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
        let family = (self.random.u64(..) & !ERA_MASK) | self.era;
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
        let number = number(&claims)?;
        let before = self.revoked_before.get(&claims.upn.to_ascii_lowercase()).copied().unwrap_or(0);
        // Under a seed the key repeats after a reset, and only the number tells an older token apart.
        let is_issued = number < self.issued && !self.revoked.contains(&number);
        let is_accepted = is_issued && (family & ERA_MASK) >= before && !self.families.is_revoked(family);
        (seconds(now) < claims.exp && is_accepted).then_some(claims)
    }

    /// The user of an access token of this service, also of one that is no longer accepted.
    pub(super) fn owner(&self, token: &str) -> Option<String> {
        Claims::verify(token, &self.key).map(|claims| claims.upn)
    }

    /// Forgets every cached token and every refresh token. Access tokens stay valid.
    pub(super) fn forget_cache(&mut self) {
        self.cache.clear();
        self.families.clear();
    }

    /// Returns to the start: no token is known. Under a seed the same tokens follow again; else a new key
    /// refuses every older token.
    pub(super) fn reset(&mut self) {
        *self = Self::new(self.settings.clone());
    }

    /// Refuses every token that was issued until now, by a new key.
    pub(super) fn revoke_all(&mut self) {
        self.key = SigningKey::random(&mut self.random);
        self.families.forget();
        self.cache.clear();
        self.revoked_before.clear();
    }

    /// Refuses an access token or a refresh token. The other tokens of its family stay valid.
    pub(super) fn revoke_token(&mut self, token: &str) -> bool {
        if let Some(ticket) = RefreshTicket::read(token.as_bytes(), &self.key) {
            return self.families.close(ticket);
        }
        let Some(claims) = Claims::verify(token, &self.key) else { return false };
        let Some(number) = number(&claims).filter(|number| *number < self.issued) else { return false };
        if self.revoked.insert(number) {
            self.revoked_by_age.push_back(number);
        }
        if self.revoked_by_age.len() > MAX_REVOKED {
            self.revoked_by_age.pop_front().map(|oldest| self.revoked.remove(&oldest));
        }
        self.cache.remove_access_token(token);
        true
    }

    /// Refuses every token of the user that was issued until now.
    pub(super) fn revoke_user(&mut self, user: &UserPrincipalName) {
        // Names of removed users stay in the map. A full one gives way to a key that refuses everything.
        if self.era == ERA_MASK || self.revoked_before.len() == MAX_REVOKED {
            self.era = 0;
            return self.revoke_all();
        }
        self.era += 1;
        self.revoked_before.insert(user.as_str().to_ascii_lowercase(), self.era);
        self.families.close_all_of(user);
        self.cache.remove(user);
    }

    /// Changes the settings of later tokens. The seed stays.
    pub(super) fn configure(&mut self, settings: &TokenSettings) {
        self.families.configure(settings.rotation, settings.reuse_detection);
        if !settings.cache {
            self.cache.clear();
        }
        self.settings = TokenSettings { seed: self.settings.seed, ..settings.clone() };
    }

    pub(super) fn counts(&self, now: SystemTime) -> TokenCounts {
        let now = seconds(now);
        TokenCounts {
            issued: self.issued,
            refresh_tokens: self.families.count(now),
            cached_tokens: self.cache.count(now),
        }
    }

    /// A random id of 32 hexadecimal digits.
    pub(super) fn random_id(&mut self) -> String {
        format!("{:032x}", self.random.u128(..))
    }

    /// The id of the next access token, which starts with its number.
    fn token_id(&mut self) -> String {
        let random = self.random_id();
        let id = format!("{:08x}{}", self.issued, &random[8..]);
        self.issued = self.issued.saturating_add(1);
        id
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
            jti: self.token_id(),
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

/// The number of an access token, from 0.
fn number(claims: &Claims) -> Option<u32> {
    u32::from_str_radix(claims.jti.get(..8)?, 16).ok()
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The bits of a family's id that hold its era.
const ERA_MASK: u64 = 0xff_ffff;
const MAX_REVOKED: usize = 65_536;

#[cfg(test)]
mod tests;

//! [`Tokens`]: issuing, checking and rotating.

use std::{
    collections::VecDeque,
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use cg_auth_core::{
    UserPrincipalName,
    model::{AccessToken, DelegatedAccessTokenApiResultValue, RefreshToken},
};

use crate::jwt::{Claims, SigningKey};

/// The state of the service: a key, and the refresh tokens that are still good.
///
/// Access tokens are not remembered; their signature and `exp` are all there is to check. Refresh tokens do
/// not age, but only the newest [`REMEMBERED`] are kept. The randomness is a test helper's: it keeps tokens
/// apart, it does not withstand an attacker.
pub(crate) struct Tokens {
    lifetime: u64,
    key: SigningKey,
    random: fastrand::Rng,
    refresh_tokens: VecDeque<RefreshToken>,
}

impl Tokens {
    /// Tokens of a `lifetime` in whole seconds, at least one: that is as fine as `exp` and `duration` tell.
    pub(crate) fn new(lifetime: Duration) -> Self {
        let mut random = fastrand::Rng::new();
        let mut key = [0; 32];
        random.fill(&mut key);
        Self {
            lifetime: lifetime.as_secs().max(1),
            key: SigningKey::new(&key),
            random,
            refresh_tokens: VecDeque::new(),
        }
    }

    /// A new access token for `user`, with a new refresh token.
    #[allow(clippy::expect_used)] // base64url, dots and hexadecimal digits make visible ASCII
    pub(crate) fn issue(
        &mut self,
        user: &UserPrincipalName,
        now: SystemTime,
    ) -> DelegatedAccessTokenApiResultValue {
        let iat = seconds(now);
        let exp = iat.saturating_add(self.lifetime);
        let claims = Claims { iat, exp, upn: user.as_str().to_owned(), jti: self.random_id() };
        let access_token = AccessToken::new(self.key.sign(&claims)).expect("a JWT is visible ASCII");

        let refresh_token = self.random_id() + &self.random_id();
        let refresh_token = RefreshToken::new(refresh_token).expect("digits are visible ASCII");
        if self.refresh_tokens.len() == REMEMBERED {
            self.refresh_tokens.pop_front();
        }
        self.refresh_tokens.push_back(refresh_token.clone());

        let duration = i64::try_from(self.lifetime).unwrap_or(i64::MAX);
        DelegatedAccessTokenApiResultValue::new(access_token, Some(refresh_token), duration)
    }

    /// Uses a refresh token up. False if it was never issued, was used before or has been forgotten.
    pub(crate) fn redeem(&mut self, presented: &[u8]) -> bool {
        let good = |token: &RefreshToken| token.expose_secret().as_bytes() == presented;
        match self.refresh_tokens.iter().rposition(good) {
            Some(at) => self.refresh_tokens.remove(at).is_some(),
            None => false,
        }
    }

    /// Forgets every refresh token.
    pub(crate) fn forget(&mut self) {
        self.refresh_tokens.clear();
    }

    /// What a valid access token says; `None` for any other text, and from the second of its `exp` on.
    pub(crate) fn check(&self, token: &str, now: SystemTime) -> Option<Claims> {
        self.key.verify(token).filter(|claims| seconds(now) < claims.exp)
    }

    /// Thirty-two hexadecimal digits.
    pub(crate) fn random_id(&mut self) -> String {
        format!("{:032x}", self.random.u128(..))
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("lifetime", &self.lifetime)
            .field("refresh_tokens", &self.refresh_tokens.len())
            .finish_non_exhaustive()
    }
}

fn seconds(moment: SystemTime) -> u64 {
    moment.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

const REMEMBERED: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: SystemTime = UNIX_EPOCH;

    #[test]
    fn an_access_token_is_good_for_its_lifetime_and_no_second_longer() {
        let mut tokens = Tokens::new(Duration::from_secs(60));
        let issued = tokens.issue(&user(), NOW);
        assert_eq!(issued.duration, 60);
        let token = issued.access_token.unwrap();
        let check = |after| tokens.check(token.expose_secret(), NOW + Duration::from_millis(after));
        let claims = check(59_999).unwrap();
        assert_eq!((claims.iat, claims.exp, &*claims.upn), (0, 60, "u@x"));
        assert_eq!(check(60_000), None);
    }

    #[test]
    fn a_refresh_token_is_redeemed_once() {
        let mut tokens = Tokens::new(Duration::from_secs(60));
        let token = tokens.issue(&user(), NOW).refresh_token.unwrap();
        assert!(tokens.redeem(token.expose_secret().as_bytes()));
        assert!(!tokens.redeem(token.expose_secret().as_bytes()));
    }

    #[test]
    fn only_the_newest_refresh_tokens_are_remembered() {
        let mut tokens = Tokens::new(Duration::from_secs(60));
        let oldest = tokens.issue(&user(), NOW).refresh_token.unwrap();
        let second = tokens.issue(&user(), NOW).refresh_token.unwrap();
        for _ in 2..=REMEMBERED {
            tokens.issue(&user(), NOW);
        }
        assert_eq!(tokens.refresh_tokens.len(), REMEMBERED);
        assert!(!tokens.redeem(oldest.expose_secret().as_bytes()));
        assert!(tokens.redeem(second.expose_secret().as_bytes()));
    }

    #[test]
    fn no_lifetime_is_too_short_or_too_long() {
        let last = UNIX_EPOCH + Duration::from_secs(253_402_300_799);
        for (lifetime, duration) in [(Duration::ZERO, 1), (Duration::MAX, i64::MAX)] {
            let mut tokens = Tokens::new(lifetime);
            let issued = tokens.issue(&user(), last);
            assert_eq!(issued.duration, duration);
            assert!(tokens.check(issued.access_token.unwrap().expose_secret(), last).is_some());
        }
    }

    #[test]
    fn debug_shows_no_token() {
        let mut tokens = Tokens::new(Duration::from_secs(60));
        let token = tokens.issue(&user(), NOW).refresh_token.unwrap();
        assert!(!format!("{tokens:?}").contains(token.expose_secret()));
    }

    fn user() -> UserPrincipalName {
        UserPrincipalName::new("u@x").unwrap()
    }
}

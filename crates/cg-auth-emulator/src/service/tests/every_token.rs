//! The service accepts exactly the issued tokens that have neither expired nor been revoked, even when the
//! clock jumps.

use std::time::SystemTime;

use proptest::prelude::*;

use super::*;
use crate::service::settings::{RefreshRotation, TokenSettings};

#[derive(Debug, Clone)]
enum Step {
    Forth(u32),
    Back(u32),
    Delegate(bool),
    /// Sets the clock to a token's `exp`, or to a second before or after it.
    Exp(prop::sample::Index, i64),
    /// Refreshes with any refresh token issued so far; as the other user if the flag is set.
    Refresh(prop::sample::Index, bool),
    DeleteCache,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0..5000u32).prop_map(Step::Forth),
        (0..5000u32).prop_map(Step::Back),
        any::<bool>().prop_map(Step::Delegate),
        (any::<prop::sample::Index>(), -1..=1i64).prop_map(|(index, off)| Step::Exp(index, off)),
        (any::<prop::sample::Index>(), prop::bool::weighted(0.2))
            .prop_map(|(index, stolen)| Step::Refresh(index, stolen)),
        Just(Step::DeleteCache),
    ];
    prop::collection::vec(step, 1..40)
}

fn settings() -> impl Strategy<Value = TokenSettings> {
    let lifetimes = (1..3000u64, prop::option::of(1..6000u64));
    (lifetimes, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |((lifetime, refresh), keep, detect, cache)| TokenSettings {
            lifetime: Duration::from_secs(lifetime),
            refresh_lifetime: refresh.map(Duration::from_secs),
            rotation: if keep { RefreshRotation::Keep } else { RefreshRotation::Rotate },
            reuse_detection: detect,
            cache,
            ..TokenSettings::default()
        },
    )
}

/// The test's own record of an issued token.
struct Issued {
    second_user: bool,
    family: usize,
    access_token: String,
    refresh_token: RefreshToken,
    expires_at: SystemTime,
    refresh_expires_at: Option<SystemTime>,
    used_up: bool,
    refresh_forgotten: bool,
    revoked: bool,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_token_is_accepted_until_it_expires_or_is_revoked(tokens in settings(), steps in steps()) {
        let both = [credential("a@x"), credential("b@x")];
        let administrator = User::new(both[0].clone()).administrator(true);
        let other = User::new(both[1].clone());
        let all = Settings { tokens: tokens.clone(), ..Settings::default() };
        let service = Fixture::with(all, administrator, [other]);
        let who = |second: bool| both[usize::from(second)].clone();
        let mut issued: Vec<Issued> = Vec::new();

        for step in steps {
            let now = service.clock.now().wall();
            match step {
                Step::Forth(seconds) => service.clock.advance(Duration::from_secs(seconds.into())),
                Step::Back(seconds) => service.clock.set_wall(now - Duration::from_secs(seconds.into())),
                Step::Delegate(second) => {
                    let token = service.call(&GetDelegateAccessToken::new(who(second))).unwrap();
                    let text = token.access_token().expose_secret();
                    prop_assert_eq!(service.who_am_i(text).status(), StatusCode::OK);
                    if let Some(it) = issued.iter().find(|it| it.access_token == text) {
                        prop_assert!(tokens.cache && it.second_user == second && it.is_refreshable(now));
                    } else {
                        let family = issued.len();
                        issued.push(Issued::now(&token, &tokens, second, family, now));
                    }
                }
                Step::Exp(index, off) if !issued.is_empty() => {
                    let exp = issued[index.index(issued.len())].expires_at;
                    let before = exp - Duration::from_secs(1);
                    service.clock.set_wall(before + Duration::from_secs((off + 1).unsigned_abs()));
                }
                Step::Refresh(index, true) if !issued.is_empty() => {
                    let it = &issued[index.index(issued.len())];
                    let stolen = RefreshUserAccessToken::new(who(!it.second_user), it.refresh_token.clone());
                    prop_assert!(service.call(&stolen).is_err());
                }
                Step::Refresh(index, false) if !issued.is_empty() => {
                    let at = index.index(issued.len());
                    let it = &issued[at];
                    let (family, second, token) = (it.family, it.second_user, it.refresh_token.clone());
                    let good = it.is_refreshable(now);
                    let reused = it.used_up && !it.refresh_forgotten && tokens.reuse_detection;
                    let answer = service.call(&RefreshUserAccessToken::new(who(second), token.clone()));
                    prop_assert_eq!(answer.is_ok(), good);
                    if let Ok(answer) = answer {
                        let mut next = Issued::now(&answer, &tokens, second, family, now);
                        if tokens.rotation == RefreshRotation::Rotate {
                            issued[at].used_up = true;
                        } else {
                            prop_assert_eq!(&next.refresh_token, &token);
                            next.refresh_expires_at = issued[at].refresh_expires_at;
                        }
                        issued.push(next);
                    } else if reused {
                        issued.iter_mut().filter(|it| it.family == family).for_each(|it| it.revoked = true);
                    }
                }
                Step::Exp(..) | Step::Refresh(..) => {}
                Step::DeleteCache => {
                    service.call(&DeleteTokenCache::new(who(false))).unwrap();
                    issued.iter_mut().for_each(|it| it.refresh_forgotten = true);
                }
            }
            let now = service.clock.now().wall();
            for it in &issued {
                let accepted = service.who_am_i(&it.access_token).status() == StatusCode::OK;
                prop_assert_eq!(accepted, now < it.expires_at && !it.revoked);
            }
        }
    }
}

impl Issued {
    fn is_refreshable(&self, now: SystemTime) -> bool {
        let is_young = self.refresh_expires_at.is_none_or(|expires_at| now < expires_at);
        is_young && !self.used_up && !self.refresh_forgotten && !self.revoked
    }

    fn now(
        token: &DelegatedAccessToken,
        settings: &TokenSettings,
        second_user: bool,
        family: usize,
        now: SystemTime,
    ) -> Self {
        Self {
            second_user,
            family,
            access_token: token.access_token().expose_secret().to_owned(),
            refresh_token: token.refresh_token().unwrap().clone(),
            expires_at: now + settings.lifetime,
            refresh_expires_at: settings.refresh_lifetime.map(|lifetime| now + lifetime),
            used_up: false,
            refresh_forgotten: false,
            revoked: false,
        }
    }
}

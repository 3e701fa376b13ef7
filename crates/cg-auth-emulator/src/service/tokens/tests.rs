//! Lifetimes, the cache and refresh tokens, without requests.

use cg_auth_core::model::RefreshToken;

use super::*;
use crate::service::{families::MAX_FAMILIES, settings::RefreshRotation};

const NOW: SystemTime = UNIX_EPOCH;

#[test]
fn an_access_token_is_valid_for_exactly_its_lifetime() {
    let mut tokens = tokens();
    let issued = tokens.delegate(&user(), NOW);
    assert_eq!(issued.duration, 60);
    let token = issued.access_token.unwrap();
    let check = |after| tokens.check(token.expose_secret(), NOW + Duration::from_millis(after));
    let claims = check(59_999).unwrap();
    assert_eq!((claims.iat, claims.exp, &*claims.upn), (0, 60, "u@x"));
    assert_eq!(check(60_000), None);
}

#[test]
fn a_second_delegate_returns_the_cached_token_with_its_remaining_duration() {
    let mut tokens = tokens();
    let first = tokens.delegate(&user(), NOW);
    let second = tokens.delegate(&user(), NOW + Duration::from_secs(20));
    assert_eq!((&first.access_token, &first.refresh_token), (&second.access_token, &second.refresh_token));
    assert_eq!(second.duration, 40);
    assert_ne!(tokens.delegate(&user(), NOW + Duration::from_secs(60)).access_token, first.access_token);
}

#[test]
fn a_cached_token_is_replaced_after_deletion_revocation_or_a_refresh() {
    let mut tokens = with(|settings| settings.reuse_detection = true);
    let first = tokens.delegate(&user(), NOW);
    tokens.forget_cache();
    let second = tokens.delegate(&user(), NOW);
    assert_ne!(first.access_token, second.access_token);
    assert!(refresh(&mut tokens, &first.refresh_token).is_err());

    let third = refresh(&mut tokens, &second.refresh_token).unwrap();
    assert_eq!(tokens.delegate(&user(), NOW).access_token, third.access_token);

    refresh(&mut tokens, &second.refresh_token).unwrap_err();
    assert_ne!(tokens.delegate(&user(), NOW).access_token, third.access_token);
}

#[test]
fn a_cached_token_is_replaced_once_its_refresh_token_expires() {
    let mut tokens = with(|settings| settings.refresh_lifetime = Some(Duration::from_secs(10)));
    let first = tokens.delegate(&user(), NOW);
    let (late, too_late) = (NOW + Duration::from_secs(9), NOW + Duration::from_secs(10));
    assert_eq!(tokens.delegate(&user(), late).access_token, first.access_token);
    let second = tokens.delegate(&user(), too_late);
    assert_ne!(second.access_token, first.access_token);
    assert!(tokens.refresh(&user(), bytes(second.refresh_token.as_ref().unwrap()), too_late).is_ok());
}

#[test]
fn a_cached_token_is_replaced_once_its_family_is_forgotten() {
    let mut tokens = tokens();
    let first = tokens.delegate(&user(), NOW);
    for n in 0..MAX_FAMILIES {
        tokens.delegate(&UserPrincipalName::new(format!("{n}@x")).unwrap(), NOW);
    }
    let second = tokens.delegate(&user(), NOW);
    assert_ne!(second.access_token, first.access_token);
    assert!(refresh(&mut tokens, &second.refresh_token).is_ok());
}

#[test]
fn without_a_cache_every_delegate_issues_a_new_token() {
    let mut tokens = with(|settings| settings.cache = false);
    let (first, second) = (tokens.delegate(&user(), NOW), tokens.delegate(&user(), NOW));
    assert_ne!(first.access_token, second.access_token);
    assert!(refresh(&mut tokens, &first.refresh_token).is_ok());
}

#[test]
fn without_rotation_every_answer_holds_the_same_refresh_token() {
    let mut tokens = with(|settings| settings.rotation = RefreshRotation::Keep);
    let first = tokens.delegate(&user(), NOW);
    for _ in 0..2 {
        let next = refresh(&mut tokens, &first.refresh_token).unwrap();
        assert_eq!(next.refresh_token, first.refresh_token);
        assert_ne!(next.access_token, first.access_token);
    }
}

#[test]
fn a_refresh_token_with_a_lifetime_expires() {
    let mut tokens = with(|settings| settings.refresh_lifetime = Some(Duration::from_secs(100)));
    let first = tokens.delegate(&user(), NOW).refresh_token.unwrap();
    let (late, too_late) = (NOW + Duration::from_secs(99), NOW + Duration::from_secs(199));
    let second = tokens.refresh(&user(), bytes(&first), late).unwrap().refresh_token.unwrap();
    assert_eq!(tokens.refresh(&user(), bytes(&second), too_late), Err(RefreshRefused::Unknown));
}

#[test]
fn the_duration_counts_in_the_chosen_unit() {
    for (unit, duration) in [
        (DurationUnit::Milliseconds, 7_200_000),
        (DurationUnit::Seconds, 7200),
        (DurationUnit::Minutes, 120),
        (DurationUnit::Hours, 2),
    ] {
        let mut tokens = with(|settings| {
            settings.duration_unit = unit;
            settings.lifetime = Duration::from_secs(7200);
        });
        assert_eq!(tokens.delegate(&user(), NOW).duration, duration, "{unit:?}");
    }
}

#[test]
fn a_lifetime_of_zero_lasts_a_second_and_the_longest_does_not_overflow() {
    let last = UNIX_EPOCH + Duration::from_secs(253_402_300_799);
    for (lifetime, duration) in [(Duration::ZERO, 1), (Duration::MAX, i64::MAX)] {
        let mut tokens = with(|settings| settings.lifetime = lifetime);
        let issued = tokens.delegate(&user(), last);
        assert_eq!(issued.duration, duration);
        assert!(tokens.check(issued.access_token.unwrap().expose_secret(), last).is_some());
    }
}

#[test]
fn a_seed_reproduces_every_token() {
    let issue = |seed| {
        let mut tokens = with(|settings| settings.seed = Some(seed));
        let first = tokens.delegate(&user(), NOW);
        (tokens.random_id(), first.access_token, refresh(&mut tokens, &first.refresh_token).unwrap())
    };
    assert_eq!(issue(1), issue(1));
    assert_ne!(issue(1), issue(2));
}

#[test]
fn a_reset_refuses_every_older_token_and_repeats_the_run_under_a_seed() {
    for seed in [None, Some(1)] {
        let mut tokens = with(|settings| settings.seed = seed);
        let issued = tokens.delegate(&user(), NOW);
        tokens.revoke_user(&user());
        let second = tokens.delegate(&user(), NOW);
        tokens.reset();
        for token in [&issued, &second] {
            assert!(!accepts(&tokens, token));
            assert!(refresh(&mut tokens, &token.refresh_token).is_err());
        }
        let repeated = tokens.delegate(&user(), NOW);
        assert_eq!(repeated.access_token == issued.access_token, seed.is_some());
        assert!(accepts(&tokens, &repeated) && !accepts(&tokens, &second));
    }
}

#[test]
fn a_revoked_token_is_refused_and_the_others_of_its_family_are_not() {
    let mut tokens = tokens();
    let first = tokens.delegate(&user(), NOW);
    let second = refresh(&mut tokens, &first.refresh_token).unwrap();
    assert!(tokens.revoke_token(second.access_token.as_ref().unwrap().expose_secret()));
    assert!(accepts(&tokens, &first) && !accepts(&tokens, &second));
    // The cache must not hand out what the service refuses.
    let third = tokens.delegate(&user(), NOW);
    assert!(accepts(&tokens, &third));
    assert!(tokens.revoke_token(third.refresh_token.as_ref().unwrap().expose_secret()));
    assert!(refresh(&mut tokens, &third.refresh_token).is_err() && accepts(&tokens, &third));
    assert!(refresh(&mut tokens, &second.refresh_token).is_ok());
    for unknown in ["", "a.b.c", first.refresh_token.as_ref().unwrap().expose_secret()] {
        assert!(!tokens.revoke_token(unknown));
    }
}

#[test]
fn revoking_a_user_refuses_exactly_that_users_older_tokens() {
    let mut tokens = tokens();
    let other = UserPrincipalName::new("v@x").unwrap();
    let (first, others) = (tokens.delegate(&user(), NOW), tokens.delegate(&other, NOW));
    // Its families are forgotten, and its access token still counts as the user's.
    tokens.forget_cache();
    let second = tokens.delegate(&user(), NOW);
    tokens.revoke_user(&user());
    assert!(!accepts(&tokens, &first) && !accepts(&tokens, &second) && accepts(&tokens, &others));
    assert!(refresh(&mut tokens, &second.refresh_token).is_err());
    let third = tokens.delegate(&user(), NOW);
    assert!(accepts(&tokens, &third));
    tokens.revoke_all();
    assert!(!accepts(&tokens, &third) && !accepts(&tokens, &others));
    let last = tokens.delegate(&user(), NOW);
    assert!(accepts(&tokens, &last));
}

#[test]
fn revocations_are_bounded() {
    let mut tokens = tokens();
    for n in 0..=MAX_REVOKED {
        tokens.revoke_user(&UserPrincipalName::new(format!("{n}@x")).unwrap());
    }
    assert!(tokens.revoked_before.len() <= MAX_REVOKED);
}

#[test]
fn debug_shows_no_token() {
    let mut tokens = tokens();
    let issued = tokens.delegate(&user(), NOW);
    let shown = format!("{tokens:?} {:?} {issued:?}", tokens.cache);
    assert!(!shown.contains(issued.access_token.as_ref().unwrap().expose_secret()));
    assert!(!shown.contains(issued.refresh_token.as_ref().unwrap().expose_secret()));
}

fn accepts(tokens: &Tokens, issued: &DelegatedAccessTokenApiResultValue) -> bool {
    tokens.check(issued.access_token.as_ref().unwrap().expose_secret(), NOW).is_some()
}

fn refresh(
    tokens: &mut Tokens,
    token: &Option<RefreshToken>,
) -> Result<DelegatedAccessTokenApiResultValue, RefreshRefused> {
    tokens.refresh(&user(), bytes(token.as_ref().unwrap()), NOW)
}

fn bytes(token: &RefreshToken) -> &[u8] {
    token.expose_secret().as_bytes()
}

fn tokens() -> Tokens {
    with(|_| {})
}

fn with(change: impl FnOnce(&mut TokenSettings)) -> Tokens {
    let mut settings = TokenSettings { lifetime: Duration::from_secs(60), ..TokenSettings::default() };
    change(&mut settings);
    Tokens::new(settings)
}

fn user() -> UserPrincipalName {
    UserPrincipalName::new("u@x").unwrap()
}

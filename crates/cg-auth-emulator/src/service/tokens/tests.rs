use std::time::Duration;

use cg_auth_core::model::RefreshToken;

use super::*;
use crate::{families::REMEMBERED, settings::RefreshRotation};

const NOW: SystemTime = UNIX_EPOCH;

#[test]
fn an_access_token_is_good_for_its_lifetime_and_no_second_longer() {
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
fn a_second_delegate_gets_the_same_token_with_what_is_left_of_its_duration() {
    let mut tokens = tokens();
    let first = tokens.delegate(&user(), NOW);
    let second = tokens.delegate(&user(), NOW + Duration::from_secs(20));
    assert_eq!((&first.access_token, &first.refresh_token), (&second.access_token, &second.refresh_token));
    assert_eq!(second.duration, 40);
    assert_ne!(tokens.delegate(&user(), NOW + Duration::from_secs(60)).access_token, first.access_token);
}

#[test]
fn a_cached_token_is_gone_once_it_is_deleted_revoked_or_followed_by_another() {
    let mut tokens = with(|settings| settings.reuse_detection = true);
    let first = tokens.delegate(&user(), NOW);
    tokens.forget();
    let second = tokens.delegate(&user(), NOW);
    assert_ne!(first.access_token, second.access_token);
    assert!(refresh(&mut tokens, &first.refresh_token).is_err());

    let third = refresh(&mut tokens, &second.refresh_token).unwrap();
    assert_eq!(tokens.delegate(&user(), NOW).access_token, third.access_token);

    refresh(&mut tokens, &second.refresh_token).unwrap_err();
    assert_ne!(tokens.delegate(&user(), NOW).access_token, third.access_token);
}

#[test]
fn a_cached_token_is_gone_once_its_refresh_token_has_expired() {
    let mut tokens = with(|settings| settings.refresh_lifetime = Some(Duration::from_secs(10)));
    let first = tokens.delegate(&user(), NOW);
    let (late, too_late) = (NOW + Duration::from_secs(9), NOW + Duration::from_secs(10));
    assert_eq!(tokens.delegate(&user(), late).access_token, first.access_token);
    let second = tokens.delegate(&user(), too_late);
    assert_ne!(second.access_token, first.access_token);
    assert!(tokens.refresh(&user(), bytes(second.refresh_token.as_ref().unwrap()), too_late).is_ok());
}

#[test]
fn a_cached_token_is_gone_once_its_family_had_to_make_room() {
    let mut tokens = tokens();
    let first = tokens.delegate(&user(), NOW);
    for n in 0..REMEMBERED {
        tokens.delegate(&UserPrincipalName::new(format!("{n}@x")).unwrap(), NOW);
    }
    let second = tokens.delegate(&user(), NOW);
    assert_ne!(second.access_token, first.access_token);
    assert!(refresh(&mut tokens, &second.refresh_token).is_ok());
}

#[test]
fn without_a_cache_every_delegate_gets_another_token() {
    let mut tokens = with(|settings| settings.cache = false);
    let (first, second) = (tokens.delegate(&user(), NOW), tokens.delegate(&user(), NOW));
    assert_ne!(first.access_token, second.access_token);
    assert!(refresh(&mut tokens, &first.refresh_token).is_ok());
}

#[test]
fn a_kept_refresh_token_comes_back_with_every_answer() {
    let mut tokens = with(|settings| settings.rotation = RefreshRotation::Keep);
    let first = tokens.delegate(&user(), NOW);
    for _ in 0..2 {
        let next = refresh(&mut tokens, &first.refresh_token).unwrap();
        assert_eq!(next.refresh_token, first.refresh_token);
        assert_ne!(next.access_token, first.access_token);
    }
}

#[test]
fn a_refresh_token_of_limited_lifetime_expires() {
    let mut tokens = with(|settings| settings.refresh_lifetime = Some(Duration::from_secs(100)));
    let first = tokens.delegate(&user(), NOW).refresh_token.unwrap();
    let (late, too_late) = (NOW + Duration::from_secs(99), NOW + Duration::from_secs(199));
    let second = tokens.refresh(&user(), bytes(&first), late).unwrap().refresh_token.unwrap();
    assert_eq!(tokens.refresh(&user(), bytes(&second), too_late), Err(Unredeemable::Unknown));
}

#[test]
fn a_duration_is_told_in_the_unit_that_was_chosen() {
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
fn no_lifetime_is_too_short_or_too_long() {
    let last = UNIX_EPOCH + Duration::from_secs(253_402_300_799);
    for (lifetime, duration) in [(Duration::ZERO, 1), (Duration::MAX, i64::MAX)] {
        let mut tokens = with(|settings| settings.lifetime = lifetime);
        let issued = tokens.delegate(&user(), last);
        assert_eq!(issued.duration, duration);
        assert!(tokens.check(issued.access_token.unwrap().expose_secret(), last).is_some());
    }
}

#[test]
fn a_seed_makes_every_token_come_out_the_same() {
    let issue = |seed| {
        let mut tokens = with(|settings| settings.seed = Some(seed));
        let first = tokens.delegate(&user(), NOW);
        (tokens.random_id(), first.access_token, refresh(&mut tokens, &first.refresh_token).unwrap())
    };
    assert_eq!(issue(1), issue(1));
    assert_ne!(issue(1), issue(2));
}

#[test]
fn after_a_reset_no_token_of_before_is_accepted_whatever_the_seed() {
    let mut tokens = with(|settings| settings.seed = Some(1));
    let issued = tokens.delegate(&user(), NOW);
    tokens.reset();
    assert_eq!(tokens.check(issued.access_token.as_ref().unwrap().expose_secret(), NOW), None);
    assert!(refresh(&mut tokens, &issued.refresh_token).is_err());
    assert_ne!(tokens.delegate(&user(), NOW).access_token, issued.access_token);
}

#[test]
fn debug_shows_no_token() {
    let mut tokens = tokens();
    let issued = tokens.delegate(&user(), NOW);
    let shown = format!("{tokens:?} {:?} {issued:?}", tokens.cache);
    assert!(!shown.contains(issued.access_token.as_ref().unwrap().expose_secret()));
    assert!(!shown.contains(issued.refresh_token.as_ref().unwrap().expose_secret()));
}

fn refresh(
    tokens: &mut Tokens,
    token: &Option<RefreshToken>,
) -> Result<DelegatedAccessTokenApiResultValue, Unredeemable> {
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

//! Several users, disabled users and administrators.

use super::*;

#[test]
fn users_that_share_a_secret_have_separate_tokens() {
    let service =
        Fixture::with(Settings::default(), User::new(credential("a@x")), [User::new(credential("b@x"))]);
    let mut tokens = Vec::new();
    for name in ["a@x", "b@x"] {
        let token = service.call(&GetDelegateAccessToken::new(credential(name))).unwrap();
        let answer = service.who_am_i(token.access_token().expose_secret());
        let caller: serde_json::Value = serde_json::from_slice(answer.body().as_bytes()).unwrap();
        assert_eq!(caller["userPrincipalName"], name);
        tokens.push(token);
    }
    assert_ne!(tokens[0].access_token(), tokens[1].access_token());
    let stolen = tokens[1].refresh_token().unwrap();
    assert!(service.refresh(stolen).is_err());
    assert!(service.call(&RefreshUserAccessToken::new(credential("b@x"), stolen.clone())).is_ok());
}

#[test]
fn every_operation_refuses_a_disabled_user() {
    let disabled = User::new(credential("a@x")).administrator(true).disabled();
    let service = Fixture::with(Settings::default(), disabled, []);
    let token = RefreshToken::new("unknown").unwrap();
    for refused in [
        service.delegate().unwrap_err(),
        service.refresh(&token).unwrap_err(),
        service.call(&DeleteTokenCache::new(service.credential.clone())).unwrap_err(),
    ] {
        assert_eq!((refused.status(), refused.code()), (Some(StatusCode::BAD_REQUEST), Some("UserDisabled")));
    }
}

#[test]
fn only_an_administrator_can_delete_the_token_cache() {
    let administrator = User::new(credential("b@x")).administrator(true);
    let service = Fixture::with(Settings::default(), User::new(credential("a@x")), [administrator]);
    let token = service.delegate().unwrap();
    let refused = service.call(&DeleteTokenCache::new(credential("a@x"))).unwrap_err();
    assert_eq!(refused.code(), Some("AdministratorRequired"));
    assert_eq!(service.delegate().unwrap().access_token(), token.access_token());

    service.call(&DeleteTokenCache::new(credential("b@x"))).unwrap();
    assert_ne!(service.delegate().unwrap().access_token(), token.access_token());
}

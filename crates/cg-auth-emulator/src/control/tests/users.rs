//! Users and revocations over HTTP.

use cg_auth_core::{ApiCredential, ClientSecret, UserPrincipalName};

use super::*;
use crate::User;

#[test]
fn users_are_added_changed_and_removed_while_the_emulator_runs() {
    let emulator = Emulator::start_blocking().unwrap();
    let new = r#"{"user_principal_name":"New@x","client_secret":"one","administrator":true}"#;
    let (status, added) = ask(&emulator, "POST /_emulator/users", new);
    let digest = emulator.digest("one");
    let row = json!({ "user_principal_name": "New@x", "enabled": true, "administrator": true,
        "client_secret_digest": digest, "second_secret": false });
    assert_eq!((status, &added), (201, &row));
    let (_, list) = ask(&emulator, "GET /_emulator/users", "");
    assert_eq!(list["users"][2], row);
    assert_eq!(list["users"].as_array().unwrap().len(), 3);
    assert_eq!(raw_http::delegate(emulator.address(), &credential("new@X", "one")).0, 200);

    let patch = |body| ask(&emulator, "PATCH /_emulator/users/NEW%40x", body);
    let (status, changed) = patch(r#"{"client_secret":"two","second_secret":"one"}"#);
    assert_eq!((status, &changed["second_secret"]), (200, &json!(true)));
    for secret in ["one", "two"] {
        assert_eq!(raw_http::delegate(emulator.address(), &credential("new@x", secret)).0, 200);
    }
    patch(r#"{"second_secret":null}"#);
    assert_eq!(raw_http::delegate(emulator.address(), &credential("new@x", "one")).0, 400);
    patch(r#"{"enabled":false,"administrator":false}"#);
    let (status, refused) = raw_http::delegate(emulator.address(), &credential("new@x", "two"));
    assert_eq!((status, &refused["code"]), (400, &json!("UserDisabled")));
    patch(r#"{"enabled":true}"#);
    let (_, issued) = raw_http::delegate(emulator.address(), &credential("new@x", "two"));
    assert_eq!(me(&emulator, &issued), 200);

    assert_eq!(ask(&emulator, "DELETE /_emulator/users/new@x", "").0, 204);
    assert_eq!(me(&emulator, &issued), 401);
    assert_eq!(raw_http::delegate(emulator.address(), &credential("new@x", "two")).0, 400);
    ask(&emulator, "POST /_emulator/users", new);
    assert_eq!(me(&emulator, &issued), 401, "the removed user's token must not come back");
    assert_eq!(ask(&emulator, "POST /_emulator/reset/users", "").0, 204);
    assert_eq!(emulator.users().len(), 2);
}

#[test]
fn the_same_changes_are_made_in_rust() {
    let emulator = Emulator::start_blocking().unwrap();
    let user = User::new(credential("u@x", "one"));
    emulator.add_user(user.clone()).unwrap();
    assert_eq!(emulator.add_user(User::new(credential("U@x", "one"))), Err(crate::UserError::Exists));
    emulator.change_user(user.client_secret(ClientSecret::new("two").unwrap())).unwrap();
    assert_eq!(raw_http::delegate(emulator.address(), &credential("u@x", "one")).0, 400);
    let (_, issued) = raw_http::delegate(emulator.address(), &credential("u@x", "two"));
    emulator.revoke_user("U@X").unwrap();
    assert_eq!(me(&emulator, &issued), 401);
    emulator.remove_user("U@x").unwrap();
    assert_eq!(emulator.remove_user("u@x"), Err(crate::UserError::Unknown));
    assert_eq!(emulator.revoke_user("u@x"), Err(crate::UserError::Unknown));
}

#[test]
fn one_token_one_users_tokens_or_all_are_revoked() {
    let emulator = Emulator::start_blocking().unwrap();
    let issue =
        |credential: Option<&ApiCredential>| raw_http::delegate(emulator.address(), credential.unwrap()).1;
    let revoke = |body: serde_json::Value| ask(&emulator, "POST /_emulator/revoke", &body.to_string()).0;
    let (admin, plain) = (issue(emulator.administrator()), issue(emulator.plain_user()));
    assert_eq!(revoke(json!({ "token": admin["value"]["access_token"] })), 204);
    assert_eq!((me(&emulator, &admin), me(&emulator, &plain)), (401, 200));
    let again = issue(emulator.administrator());
    assert_eq!(me(&emulator, &again), 200);
    assert_eq!(revoke(json!({ "user": "PLAIN@example.com" })), 204);
    assert_eq!((me(&emulator, &again), me(&emulator, &plain)), (200, 401));
    assert_eq!(me(&emulator, &issue(emulator.plain_user())), 200);
    assert_eq!(revoke(json!({ "all": true })), 204);
    assert_eq!(me(&emulator, &again), 401);
    assert_eq!(me(&emulator, &issue(emulator.administrator())), 200);
}

#[test]
fn two_users_of_one_name_are_refused_at_the_start() {
    let builder = Emulator::builder().user(User::new(credential("u@x", "one")));
    let error = builder.user(User::new(credential("U@x", "two"))).start_blocking().unwrap_err();
    assert_eq!(error.to_string(), "the emulator cannot have the user U@x");
}

/// The status of the protected resource for an issued access token.
fn me(emulator: &Emulator, issued: &serde_json::Value) -> u16 {
    let token = issued["value"]["access_token"].as_str().unwrap();
    ask(emulator, &format!("GET /me HTTP/1.1\r\nauthorization: Bearer {token}\r\nx-rest:"), "").0
}

fn credential(name: &str, secret: &str) -> ApiCredential {
    ApiCredential::new(ClientSecret::new(secret).unwrap(), UserPrincipalName::new(name).unwrap())
}

//! Rule 2, and the token of a process that was started again.

use std::time::Duration;

use cg_auth_core::testing::ScriptedTransport;

use super::{super::*, Processes};

#[test]
fn a_second_process_adopts_the_token_with_the_rest_of_its_life_and_sends_nothing() {
    everywhere(async |tasks| {
        let processes = Processes::new(ScriptedTransport::new().answer(issue(1)), tasks);
        processes.start().token().await.unwrap();
        processes.clock.advance(LIFETIME / 4);
        let second = processes.start();
        let token = second.token().await.unwrap();
        assert_eq!((token.expose_secret(), processes.requests()), ("token-1", 1));
        let left = token.expiry().remaining(processes.clock.now());
        assert_eq!(left, Some(LIFETIME / 4 * 3));
        assert_eq!(token.expiry().lifetime(), Some(LIFETIME));
        assert_eq!(token.expiry().source().as_str(), "store");
        processes.assert_events(&["token_acquired", "token_adopted"]).await;
        processes.clock.advance(LIFETIME / 4 * 3);
        assert!(second.peek().is_none(), "it expires like the one of the first process");
    });
}

#[test]
fn a_hit_asks_no_store() {
    everywhere(async |tasks| {
        let processes = Processes::new(ScriptedTransport::new().answer(issue(1)), tasks);
        let provider = processes.start();
        provider.token().await.unwrap();
        let operations = processes.store.operations().len();
        for _ in 0..100 {
            provider.token().await.unwrap();
        }
        assert_eq!(processes.store.operations().len(), operations);
        assert_eq!(operations, 2, "{:?}", processes.store.operations());
    });
}

#[test]
fn a_process_whose_token_is_due_adopts_the_newer_one_of_another() {
    everywhere(async |tasks| {
        let processes = Processes::new(ScriptedTransport::new().answer(issue(1)).answer(issue(2)), tasks);
        let (first, second) = (processes.start(), processes.start());
        first.token().await.unwrap();
        assert_eq!(second.token().await.unwrap().expose_secret(), "token-1");
        processes.clock.advance(LIFETIME - Duration::from_secs(20));
        assert_eq!(first.token().await.unwrap().expose_secret(), "token-2");
        assert_eq!(second.token().await.unwrap().expose_secret(), "token-2");
        assert_eq!(processes.requests(), 2);
        assert_eq!(asked(&processes.service), ["credential"; 2], "no refresh token is used");
    });
}

#[test]
fn a_token_that_an_api_refused_here_is_not_adopted_again_and_another_process_may_go_on_with_it() {
    everywhere(async |tasks| {
        let processes = Processes::new(ScriptedTransport::new().answer(issue(1)).answer(issue(2)), tasks);
        let (first, second) = (processes.start(), processes.start());
        let token = first.token().await.unwrap();
        second.token().await.unwrap();
        assert!(first.invalidate(&token));
        assert_eq!(first.token().await.unwrap().expose_secret(), "token-2");
        assert_eq!(second.token().await.unwrap().expose_secret(), "token-1");
        let refused = second.peek().unwrap();
        assert!(second.invalidate(&refused));
        assert_eq!(second.token().await.unwrap().expose_secret(), "token-2");
        assert_eq!(processes.requests(), 2);
    });
}

#[test]
fn a_token_of_unknown_lifetime_is_shared_for_an_hour() {
    everywhere(async |tasks| {
        let unknown = r#"{"value":{"access_token":"opaque","duration":0},"isSuccess":true}"#;
        let script = ScriptedTransport::new().answer(response(200, &[], unknown)).answer(issue(2));
        let processes = Processes::new(script, tasks);
        let first = processes.start();
        first.token().await.unwrap();
        processes.clock.advance(LIFETIME - Duration::from_secs(1));
        let second = processes.start();
        let token = second.token().await.unwrap();
        assert_eq!((token.expose_secret(), token.expiry().lifetime()), ("opaque", None));
        processes.clock.advance(Duration::from_secs(1));
        assert_eq!(processes.start().token().await.unwrap().expose_secret(), "token-2");
        assert_eq!(first.token().await.unwrap().expose_secret(), "opaque", "it is used until it is refused");
    });
}

#[test]
fn each_user_secret_and_service_has_an_entry_of_its_own() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().answer(issue(1)).answer(issue(2));
        let processes = Processes::new(script, tasks);
        let first = processes.start();
        first.token().await.unwrap();
        let rotated = processes.start();
        rotated.replace_secret(ClientSecret::new("rotated").unwrap());
        assert_eq!(rotated.token().await.unwrap().expose_secret(), "token-2");
        assert_eq!(processes.store.len(), 2);
    });
}

//! Rule 8: what stays in one process, and what the store learns.

use std::pin::pin;

use cg_auth_core::{
    model::{AccessToken, DelegatedAccessToken, RefreshToken},
    testing::ScriptedTransport,
    token::Expiry,
};

use super::{super::*, Processes};

#[test]
fn a_cleared_token_is_not_adopted_again_and_stays_with_the_others() {
    everywhere(async |tasks| {
        let processes = Processes::new(ScriptedTransport::new().answer(issue(1)).answer(issue(2)), tasks);
        let (first, second) = (processes.start(), processes.start());
        first.token().await.unwrap();
        second.token().await.unwrap();
        first.clear();
        assert_eq!(first.token().await.unwrap().expose_secret(), "token-2");
        assert_eq!(second.token().await.unwrap().expose_secret(), "token-1");
    });
}

#[test]
fn a_seeded_token_is_not_saved_and_its_refresh_token_is_not_used() {
    everywhere(async |tasks| {
        let processes = Processes::new(ScriptedTransport::new().answer(issue(1)), tasks);
        let provider = processes.start();
        let refresh_token = Some(RefreshToken::new("r").unwrap());
        let seeded = DelegatedAccessToken::new(AccessToken::new("seeded").unwrap(), refresh_token);
        provider.seed(seeded, Expiry::UNKNOWN);
        assert!(processes.store.is_empty());
        assert!(!provider.state().has_refresh_token);
        let token = provider.token().await.unwrap();
        assert!(provider.invalidate(&token));
        assert_eq!(provider.token().await.unwrap().expose_secret(), "token-1");
        assert_eq!(asked(&processes.service), ["credential"]);
    });
}

#[test]
fn deleting_the_token_cache_of_the_service_removes_the_entry() {
    everywhere(async |tasks| {
        let script =
            ScriptedTransport::new().answer(issue(1)).answer(response(200, &[], "")).answer(issue(3));
        let processes = Processes::new(script, tasks);
        let provider = processes.start();
        provider.token().await.unwrap();
        assert_eq!(processes.store.len(), 1);
        provider.delete_token_cache().await.unwrap();
        assert!(processes.store.is_empty());
        assert_eq!(processes.start().token().await.unwrap().expose_secret(), "token-3");
    });
}

#[test]
fn an_entry_stays_if_the_service_does_not_delete_its_cache() {
    everywhere(async |tasks| {
        let processes = Processes::new(ScriptedTransport::new().answer(issue(1)).answer(outage()), tasks);
        let provider = processes.start();
        provider.token().await.unwrap();
        provider.delete_token_cache().await.unwrap_err();
        assert_eq!(processes.operations("remove"), 0);
        assert_eq!(processes.start().token().await.unwrap().expose_secret(), "token-1");
    });
}

#[test]
fn invalidating_clearing_and_seeding_ask_no_store() {
    everywhere(async |tasks| {
        let processes = Processes::new(ScriptedTransport::new().answer(issue(1)), tasks);
        let provider = processes.start();
        let token = provider.token().await.unwrap();
        let operations = processes.store.operations();
        assert!(provider.invalidate(&token));
        provider.clear();
        let seeded = DelegatedAccessToken::new(AccessToken::new("seeded").unwrap(), None);
        provider.seed(seeded, Expiry::UNKNOWN);
        assert_eq!(processes.store.operations(), operations);
    });
}

#[test]
fn a_shutdown_hands_out_the_token_and_leaves_it_to_the_others() {
    everywhere(async |tasks| {
        let processes = Processes::new(ScriptedTransport::new().answer(issue(1)), tasks);
        let provider = processes.start();
        provider.token().await.unwrap();
        let (token, _) = provider.shutdown().await.unwrap();
        assert!(token.refresh_token().is_none(), "no refresh token is kept");
        assert_eq!(processes.start().token().await.unwrap().expose_secret(), "token-1");
    });
}

#[test]
fn a_shutdown_during_an_acquisition_shares_its_token_and_ends_its_lease() {
    everywhere(async |tasks| {
        let processes = Processes::new(ScriptedTransport::new().hold_back(issue(1)), tasks);
        let provider = processes.start();
        let mut token = pin!(provider.token());
        assert!(poll_once(token.as_mut()).await.is_pending());
        until(|| processes.requests() == 1).await;
        let mut shutdown = pin!(provider.shutdown());
        assert!(poll_once(shutdown.as_mut()).await.is_pending());
        processes.service.release();
        assert!(bounded(shutdown).await.is_some());
        // The clock stands still, so no lease runs out.
        assert_eq!(bounded(processes.start().token()).await.unwrap().expose_secret(), "token-1");
        assert_eq!(processes.requests(), 1);
    });
}

#[test]
fn a_pool_shares_the_token_of_each_user_in_its_own_entry() {
    everywhere(async |tasks| {
        let script = ScriptedTransport::new().answer(issue(1)).answer(issue(2));
        let processes = Processes::new(script, tasks);
        let pool = || {
            let runtime = TestRuntime { clock: processes.clock.clone(), tasks };
            let secret = ClientSecret::new(SECRET).unwrap();
            cg_auth_core::TokenPool::new(client(processes.service.clone(), runtime), secret)
                .with_store(processes.store.clone())
        };
        let (first, second) = (pool(), pool());
        for (pool, name, token) in [
            (&first, "ann@example.com", "token-1"),
            (&second, "ANN@example.com", "token-1"),
            (&second, "ben@example.com", "token-2"),
            (&first, "ben@example.com", "token-2"),
        ] {
            let user = UserPrincipalName::new(name).unwrap();
            assert_eq!(pool.for_user(&user).token().await.unwrap().expose_secret(), token);
        }
        assert_eq!(processes.requests(), 2);
    });
}

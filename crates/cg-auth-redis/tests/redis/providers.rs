//! Providers over one server, against the emulator.

use cg_auth_core::token::session::StoreState;
use cg_auth_emulator::{Emulator, Operation};
use cg_auth_hyper::{AuthClient, HyperTransport};
use cg_auth_redis::{RedisStore, Sealed, TokenProvider};

use super::server::{self, Server};

/// A provider over `store`, with transport and client of its own.
pub(crate) fn provider_over(emulator: &Emulator, store: Sealed<RedisStore>) -> TokenProvider {
    let client = AuthClient::new(emulator.base_url().clone(), HyperTransport::new().unwrap());
    let credential = emulator.credential();
    let (user, secret) = (credential.user_principal_name(), credential.client_secret());
    TokenProvider::new(client, user.clone(), secret.clone()).with_store(store)
}

fn provider(emulator: &Emulator, server: &Server) -> TokenProvider {
    provider_over(emulator, Sealed::new(server.store()))
}

#[tokio::test(flavor = "multi_thread")]
async fn two_providers_make_one_acquisition() {
    if !server::is_there() {
        return;
    }
    let (emulator, server) = (Emulator::start().await.unwrap(), Server::start(&[]));
    let (first, second) = (provider(&emulator, &server), provider(&emulator, &server));
    let (one, other) = tokio::join!(first.token(), second.token());
    assert_eq!(one.unwrap().expose_secret(), other.unwrap().expose_secret());
    assert_eq!(emulator.count(Operation::GetDelegateAccessToken), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_fails_while_the_server_is_down_and_the_token_is_shared_again_afterwards() {
    if !server::is_there() {
        return;
    }
    let (emulator, server) = (Emulator::start().await.unwrap(), Server::start(&[]));
    let before = provider(&emulator, &server);
    before.token().await.unwrap();
    let during = provider(&emulator, &server);
    let after = provider(&emulator, &server);
    let stopped = server.stop();
    before.token().await.unwrap();
    during.token().await.unwrap();
    assert_eq!(during.state().store, Some(StoreState::Unavailable));
    assert_eq!(emulator.count(Operation::GetDelegateAccessToken), 2);

    let server = stopped.start();
    after.token().await.unwrap();
    assert_eq!(emulator.count(Operation::GetDelegateAccessToken), 3, "the server has lost its data");
    provider(&emulator, &server).token().await.unwrap();
    assert_eq!(emulator.count(Operation::GetDelegateAccessToken), 3);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn no_call_fails_while_the_server_hangs() {
    if !server::is_there() {
        return;
    }
    let (emulator, server) = (Emulator::start().await.unwrap(), Server::start(&[]));
    provider(&emulator, &server).token().await.unwrap();
    server.freeze();
    provider(&emulator, &server).token().await.unwrap();
    assert_eq!(emulator.count(Operation::GetDelegateAccessToken), 2);
    server.thaw();
}

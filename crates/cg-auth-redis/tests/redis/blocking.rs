//! Blocking providers, which know no runtime of tokio.

use std::sync::{Arc, Mutex};

use cg_auth_core::{
    causes::cause_chain,
    token::{Event, session::StoreState},
};
use cg_auth_emulator::{Emulator, Operation};
use cg_auth_redis::{RedisStore, Sealed};
use cg_auth_ureq::{AuthClient, BlockingTokenProvider, ThreadRuntime, UreqTransport};
use tokio::runtime::Builder;

use super::server::{self, Server};

fn provider(emulator: &Emulator, store: RedisStore) -> BlockingTokenProvider {
    let transport = UreqTransport::new().unwrap();
    let client = AuthClient::with_runtime(emulator.base_url().clone(), transport, ThreadRuntime::new());
    let credential = emulator.credential();
    let (user, secret) = (credential.user_principal_name(), credential.client_secret());
    BlockingTokenProvider::new(client, user.clone(), secret.clone()).with_store(Sealed::new(store))
}

#[test]
fn a_store_without_a_runtime_leaves_a_blocking_provider_on_its_own_and_says_why() {
    let emulator = Emulator::start_blocking().unwrap();
    let provider = provider(&emulator, RedisStore::new("redis://localhost:1".parse().unwrap()));
    let shown = Arc::new(Mutex::new(String::new()));
    let texts = Arc::clone(&shown);
    provider.on_event(move |event| {
        if let Event::StoreUnavailable { error, .. } = event {
            *texts.lock().unwrap() += &cause_chain(error).to_string();
        }
    });
    provider.token().unwrap();
    assert_eq!(provider.state().store, Some(StoreState::Unavailable));
    let shown = shown.lock().unwrap().clone();
    assert!(shown.contains("within a tokio runtime; name one with RedisStore::with_runtime"), "{shown}");
}

#[test]
fn blocking_providers_share_a_token_over_a_store_with_a_runtime() {
    if !server::is_there() {
        return;
    }
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (emulator, server) = (Emulator::start_blocking().unwrap(), Server::start(&[]));
    let store = || server.store().with_runtime(runtime.handle().clone());
    let (first, second) = (provider(&emulator, store()), provider(&emulator, store()));
    let token = first.token().unwrap();
    assert_eq!(second.token().unwrap().expose_secret(), token.expose_secret());
    assert_eq!(emulator.count(Operation::GetDelegateAccessToken), 1);
    assert_eq!(second.state().store, Some(StoreState::Available));

    // Without its runtime the store is away, and the provider acquires by itself.
    let third = provider(&emulator, store());
    drop(runtime);
    third.token().unwrap();
    assert_eq!(emulator.count(Operation::GetDelegateAccessToken), 2);
    assert_eq!(third.state().store, Some(StoreState::Unavailable));
}

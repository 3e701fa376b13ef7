//! A store in a folder needs no runtime, and outlives those of its operations.

use std::{future::poll_fn, task::Poll};

use cg_auth_core::{
    AuthClient, TokenProvider,
    token::{session::StoreState, store::TokenStore as _},
};
use cg_auth_emulator::{Emulator, Operation};
use cg_auth_hyper::HyperTransport;
use cg_auth_store::{FileStore, Sealed, file_store};
use cg_auth_ureq::{BlockingTokenProvider, ThreadRuntime, UreqTransport};
use tokio::runtime::{Builder, Runtime};

use super::{HOUR, claim, entry, private_folder};

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn provider(emulator: &Emulator, store: &Sealed<FileStore>) -> TokenProvider {
    let client = AuthClient::new(emulator.base_url().clone(), HyperTransport::new().unwrap());
    let credential = emulator.credential();
    let (user, secret) = (credential.user_principal_name(), credential.client_secret());
    TokenProvider::new(client, user.clone(), secret.clone()).with_store(store.clone())
}

#[test]
fn blocking_providers_share_a_token_without_any_runtime() {
    let (emulator, folder) = (Emulator::start_blocking().unwrap(), private_folder());
    let credential = emulator.credential();
    let provider = || {
        let transport = UreqTransport::new().unwrap();
        let client = AuthClient::with_runtime(emulator.base_url().clone(), transport, ThreadRuntime::new());
        let (user, secret) = (credential.user_principal_name(), credential.client_secret());
        let provider = BlockingTokenProvider::new(client, user.clone(), secret.clone());
        provider.with_store(file_store(folder.path()))
    };
    let token = provider().token().unwrap();
    let second = provider();
    assert_eq!(second.token().unwrap().expose_secret(), token.expose_secret());
    assert_eq!(emulator.count(Operation::GetDelegateAccessToken), 1);
    assert_eq!(second.state().store, Some(StoreState::Available));
}

#[test]
fn providers_of_two_runtimes_share_a_store_that_outlives_one_of_them() {
    let (emulator, folder) = (Emulator::start_blocking().unwrap(), private_folder());
    let store = file_store(folder.path());
    let (first, second) = (runtime(), runtime());
    let token = first.block_on(provider(&emulator, &store).token()).unwrap();
    drop(first);
    let other = provider(&emulator, &store);
    assert_eq!(second.block_on(other.token()).unwrap().expose_secret(), token.expose_secret());
    assert_eq!(emulator.count(Operation::GetDelegateAccessToken), 1);
    assert_eq!(other.state().store, Some(StoreState::Available));
}

#[test]
fn an_operation_whose_runtime_ends_leaves_the_store_usable() {
    let (folder, entry) = (private_folder(), entry());
    let store = file_store(folder.path());
    for number in 0..20 {
        let runtime = runtime();
        runtime.block_on(async {
            let mut removal = Box::pin(store.remove(&entry));
            poll_fn(|context| {
                let _ = removal.as_mut().poll(context);
                Poll::Ready(())
            })
            .await;
        });
        drop(runtime);
        let holder = cg_auth_core::token::store::Holder::new(number);
        claim(&store, holder, Some(HOUR)).unwrap();
    }
}

//! A store in a folder needs no runtime, and outlives those of its operations.

use std::{future::poll_fn, task::Poll};

use cg_auth_core::{
    AuthClient, TokenProvider,
    token::{
        session::StoreState,
        store::{Claim, Holder, TokenStore as _},
    },
};
use cg_auth_emulator::{Emulator, Operation};
use cg_auth_hyper::HyperTransport;
use cg_auth_store::{FileStore, Sealed, file_store};
use cg_auth_ureq::{BlockingTokenProvider, ThreadRuntime, UreqTransport};
use rustix::fs::{FlockOperation, flock};
use tokio::runtime::{Builder, Runtime};

use super::{HOUR, claim, entry, private_folder, source_of};

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
        let holder = Holder::new(number);
        claim(&store, holder, Some(HOUR)).unwrap();
    }
}

/// Each of a thousand users has a provider of its own, and all start while another process changes something.
#[test]
fn a_thousand_operations_at_once_fail_for_no_want_of_threads() {
    let folder = private_folder();
    let (store, entry) = (file_store(folder.path()), entry());
    claim(&store, Holder::new(1), None).unwrap();
    let lock = std::fs::File::open(folder.path().join(".lock")).unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    let mut lock = Some(lock);
    let with_lease = |number| {
        let mut claim = Claim::new(Holder::new(number));
        claim.lease = Some(HOUR);
        claim
    };
    let claims: Vec<_> = (0..1000).map(with_lease).collect();
    let mut pending: Vec<_> = claims.iter().map(|claim| Some(store.claim(&entry, claim))).collect();
    let mut failed = Vec::new();
    ThreadRuntime::block_on(poll_fn(|context| {
        for place in &mut pending {
            let Some(operation) = place else { continue };
            if let Poll::Ready(outcome) = operation.as_mut().poll(context) {
                failed.extend(outcome.err().map(|error| source_of(&error)));
                *place = None;
            }
        }
        lock.take();
        if pending.iter().all(Option::is_none) { Poll::Ready(()) } else { Poll::Pending }
    }));
    // A loaded machine may keep one for longer than its limit.
    failed.retain(|error| !error.contains("400ms"));
    assert!(failed.is_empty(), "{} failed: {}", failed.len(), failed[0]);
}

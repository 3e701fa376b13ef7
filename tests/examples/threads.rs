//! A program with threads and without async: they share a token that is always valid, over ureq.
//!
//! All threads wait for one acquisition, which repeats a failed call and ends at its deadline.

use std::{error::Error, thread};

use cg_auth_emulator::{Emulator, Operation};
use cg_auth_ureq::{AuthClient, BlockingTokenProvider, ThreadRuntime, UreqTransport};

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let service = Emulator::start_blocking()?;
    let (base_url, credential) = (service.base_url().clone(), service.credential());
    let (user, secret) = (credential.user_principal_name().clone(), credential.client_secret().clone());
    let busy = service.next(Operation::GetDelegateAccessToken).refuse(503);

    let client = AuthClient::with_runtime(base_url, UreqTransport::new()?, ThreadRuntime::new());
    let provider = BlockingTokenProvider::new(client, user, secret);
    let statuses = thread::scope(|scope| {
        [(); 8].map(|()| scope.spawn(|| call(&provider, &service))).map(thread::ScopedJoinHandle::join)
    });
    for status in statuses {
        assert_eq!(status.map_err(|_| "a thread panicked")??, 200);
    }
    assert_eq!((service.count(Operation::GetDelegateAccessToken), busy.hits()), (2, 1));
    Ok(())
}

/// A call of the program that needs a token.
fn call(provider: &BlockingTokenProvider, api: &Emulator) -> Result<u16, Box<dyn Error + Send + Sync>> {
    let request = ureq::get(api.protected_url()).header("authorization", provider.authorization()?);
    Ok(request.call()?.status().as_u16())
}

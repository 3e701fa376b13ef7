//! A program with threads and without async: they share a token that is always valid, over ureq.

#![allow(clippy::print_stdout)] // a program that shows something

use std::{error::Error, thread, time::Duration};

use cg_auth_emulator::{Emulator, Operation};
use cg_auth_ureq::{AuthClient, BlockingTokenProvider, ThreadRuntime, UreqTransport};
use http::StatusCode;

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let service = Emulator::start_blocking()?;
    let (base_url, credential) = (service.base_url().clone(), service.credential());
    let (user, secret) = (credential.user_principal_name().clone(), credential.client_secret().clone());
    let busy = service.next(Operation::GetDelegateAccessToken).refuse(503);

    let client = AuthClient::with_runtime(base_url, UreqTransport::new()?, ThreadRuntime::new());
    let provider = BlockingTokenProvider::new(client.with_timeout(Duration::from_secs(20)), user, secret);
    let threads = [(); 8].map(|()| {
        let (provider, url) = (provider.clone(), service.protected_url());
        thread::spawn(move || call(&provider, &url))
    });
    for thread in threads {
        assert_eq!(thread.join().map_err(|_| "a thread panicked")??, 200);
    }
    // One acquisition for all threads, whose request was repeated once.
    assert_eq!((service.count(Operation::GetDelegateAccessToken), busy.hits()), (2, 1));
    println!("8 threads shared one token");
    Ok(())
}

/// A call of the program that needs a token.
fn call(provider: &BlockingTokenProvider, url: &str) -> Result<StatusCode, Box<dyn Error + Send + Sync>> {
    Ok(ureq::get(url).header("authorization", provider.authorization()?).call()?.status())
}

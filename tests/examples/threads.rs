//! A program with threads and without async: they share a token that is always valid, over ureq.

#![allow(clippy::print_stdout)] // a program that shows something

use std::{error::Error, thread, time::Duration};

use cg_auth_emulator::{Emulator, Operation};
use cg_auth_ureq::{AuthClient, BlockingTokenProvider, ThreadRuntime, UreqTransport};

fn main() -> Result<(), Box<dyn Error>> {
    let service = Emulator::start_blocking()?;
    let credential = service.credential();
    let (user, secret) = (credential.user_principal_name().clone(), credential.client_secret().clone());
    let busy = service.next(Operation::GetDelegateAccessToken).refuse(503);

    let transport = UreqTransport::new()?;
    let client = AuthClient::with_runtime(service.base_url().clone(), transport, ThreadRuntime::new());
    let provider = BlockingTokenProvider::new(client.with_timeout(Duration::from_secs(20)), user, secret);
    let threads = [(); 8].map(|()| {
        let (provider, url) = (provider.clone(), service.protected_url());
        thread::spawn(move || -> Result<_, Box<dyn Error + Send + Sync>> {
            Ok(ureq::get(url).header("authorization", provider.authorization()?).call()?.status())
        })
    });
    for thread in threads {
        assert_eq!(thread.join().expect("no panic").map_err(|error| error.to_string())?, 200);
    }
    // One acquisition for all threads, which was repeated once.
    assert_eq!((service.count(Operation::GetDelegateAccessToken), busy.hits()), (2, 1));
    println!("8 threads, one token");
    Ok(())
}

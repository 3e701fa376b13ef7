//! The core over a transport of a third party: an `HttpTransport` in under 100 lines, with TLS and HTTP/2. It
//! passes the suite of this workspace: the contract of transports and the table of failures.

#![allow(clippy::print_stdout)] // a program that shows something

use std::error::Error;

use cg_auth_core::AuthClient;
use cg_auth_emulator::Emulator;
use cg_auth_tests::one_connection_each::OneConnectionEach;
use tokio_rustls::rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let emulator = Emulator::builder().tls().start().await?;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(emulator.ca_pem().ok_or("no authority")?.as_bytes())?)?;
    let transport = OneConnectionEach::new(roots)?;
    let client = AuthClient::new(emulator.base_url().clone(), transport);
    let credential = emulator.credential();

    let token = client.get_delegate_access_token(credential).await?.value;
    println!("a token of duration {}", token.duration());
    let refresh_token = token.refresh_token().ok_or("no refresh token")?;
    let refreshed = client.refresh_user_access_token(credential, refresh_token).await?.value;
    assert_ne!(refreshed.access_token(), token.access_token());
    println!("refreshed");
    client.delete_token_cache(credential).await?;
    println!("cache cleared, all of it over a transport of {} lines", lines_of_the_transport());
    assert!(lines_of_the_transport() < 100);
    Ok(())
}

/// Lines of code, without imports, comments and blank lines.
fn lines_of_the_transport() -> usize {
    let source = include_str!("../src/one_connection_each.rs");
    let code = source.lines().skip_while(|line| !line.starts_with("#[derive")).map(str::trim);
    code.filter(|line| !line.is_empty() && !line.starts_with("//")).count()
}

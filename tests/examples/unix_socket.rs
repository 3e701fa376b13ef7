//! A service on hyper whose API and whose issuer of tokens are behind a Unix socket. No reqwest, and no TLS.

#![allow(clippy::print_stdout)] // a program that shows something
#![cfg_attr(not(unix), allow(unused_imports))]

use bytes::Bytes;
use cg_auth_emulator::{Emulator, Operation};
use cg_auth_hyper::{AuthClient, HyperTransport, TokenProvider};
use cg_auth_tower::{AuthorizationLayer, BoxError, Origin};
use http::{Request, StatusCode, Uri};
use http_body_util::Full;
use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioIo},
};
use tower::{ServiceBuilder, ServiceExt, service_fn};

#[cfg(unix)]
#[tokio::main]
async fn main() -> Result<(), BoxError> {
    use {cg_auth_tests::unix_bridge::bridge, tokio::net::UnixStream};

    let (emulator, folder) = (Emulator::start().await?, tempfile::tempdir()?);
    let path = folder.path().join("service.sock");
    bridge(&path, emulator.address());
    let (base_url, user) = (emulator.base_url(), emulator.credential().user_principal_name().clone());

    let connector = service_fn(move |_: Uri| {
        let path = path.clone();
        Box::pin(async move { UnixStream::connect(path).await.map(TokioIo::new) })
    });
    let client = AuthClient::new(base_url.clone(), HyperTransport::with_connector(connector.clone()));
    let provider = TokenProvider::new(client, user, emulator.credential().client_secret().clone());
    let api = ServiceBuilder::new()
        .layer(AuthorizationLayer::new(provider, Origin::from(base_url)))
        .service(Client::builder(TokioExecutor::new()).build(connector));

    for _ in 0..2 {
        let request = Request::get(emulator.protected_url()).body(Full::<Bytes>::default())?;
        assert_eq!(api.clone().oneshot(request).await?.status(), StatusCode::OK);
        emulator.revoke_all();
    }
    println!("2 answers for {} requests", emulator.count(Operation::ProtectedResource));
    assert_eq!(emulator.count(Operation::ProtectedResource), 3);
    Ok(())
}

#[cfg(not(unix))]
fn main() {}

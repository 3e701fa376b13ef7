//! A service on hyper that needs a token for each request it serves, and no HTTP library but hyper.

#![allow(clippy::print_stdout)] // a program that shows something

use std::{convert::Infallible, error::Error};

use cg_auth_emulator::{Emulator, Operation};
use cg_auth_hyper::{AuthClient, Body, HttpTransport, HyperTransport, TokenProvider, UserPrincipalName};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::{
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let emulator = Emulator::start().await?;
    let transport = HyperTransport::new()?;
    let (user, secret) = {
        let credential = emulator.credential();
        (credential.user_principal_name().clone(), credential.client_secret().clone())
    };
    let client = AuthClient::new(emulator.base_url().clone(), transport.clone());
    let provider = TokenProvider::new(client, user.clone(), secret);
    // The first request finds the token cached, or waits for less time.
    provider.prefetch();
    let service = Service { provider, user };

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let itself = format!("http://{}/", listener.local_addr()?);
    tokio::spawn(serve(listener, service));

    for _ in 0..100 {
        let response = transport.send(Request::get(&itself).body(Body::empty())?).await?;
        let text = String::from_utf8_lossy(response.body().as_bytes());
        assert_eq!(response.status(), StatusCode::OK);
        assert!(text.starts_with("acting for someone@example.com"));
    }
    let count = emulator.count(Operation::GetDelegateAccessToken);
    println!("100 requests served with {count} token");
    assert_eq!(count, 1);
    Ok(())
}

/// The state of the request handler. A clone shares the token.
#[derive(Clone)]
struct Service {
    provider: TokenProvider,
    user: UserPrincipalName,
}

impl Service {
    async fn handle(&self, _: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let (status, text) = match self.provider.authorization().await {
            // Here the service would call an API with that header.
            Ok(_) => (StatusCode::OK, format!("acting for {}", self.user)),
            Err(error) if error.is_retryable() => (StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
            Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()),
        };
        let mut response = Response::new(Full::from(text));
        *response.status_mut() = status;
        Ok(response)
    }
}

async fn serve(listener: TcpListener, service: Service) {
    while let Ok((stream, _)) = listener.accept().await {
        let service = service.clone();
        tokio::spawn(async move {
            let handler = service_fn(|request| service.handle(request));
            // A client that disconnects is no error of this service.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), handler).await;
        });
    }
}

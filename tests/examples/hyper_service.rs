//! A service on hyper that needs a token for each request it serves, and no HTTP library but hyper.

#![allow(clippy::print_stdout)] // a program that shows something

use std::{convert::Infallible, error::Error};

use cg_auth_core::{ApiCredential, AuthClient, body::Body, transport::HttpTransport};
use cg_auth_emulator::Emulator;
use cg_auth_hyper::HyperTransport;
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
    let service = Service {
        client: AuthClient::new(emulator.base_url().clone(), transport.clone()),
        credential: emulator.credential().clone(),
    };

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let itself = format!("http://{}/", listener.local_addr()?);
    tokio::spawn(serve(listener, service));

    for _ in 0..2 {
        let response = transport.send(Request::get(&itself).body(Body::empty())?).await?;
        let text = String::from_utf8_lossy(response.body().as_bytes());
        println!("{} {text}", response.status());
        assert_eq!(response.status(), StatusCode::OK);
        assert!(text.starts_with("acting for someone@example.com"));
    }
    Ok(())
}

/// What the handler of a request needs. A clone shares the connections to the token service.
#[derive(Clone)]
struct Service {
    client: AuthClient,
    credential: ApiCredential,
}

impl Service {
    async fn handle(&self, _: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let (status, text) = match self.client.get_delegate_access_token(&self.credential).await {
            Ok(answer) => {
                // Here the service would call on with `answer.value.access_token()`.
                let user = self.credential.user_principal_name();
                (StatusCode::OK, format!("acting for {user} for {} s", answer.value.duration()))
            }
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
            // A client that goes away is none of this service's failures.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), handler).await;
        });
    }
}

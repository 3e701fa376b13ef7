//! The core over a transport of one's own: an `HttpTransport` in under 30 lines, one plain HTTP/1.1
//! connection for each call.

#![allow(clippy::print_stdout)] // a program that shows something

use std::error::Error;

use async_trait::async_trait;
use cg_auth_core::{
    AuthClient,
    body::{Body, BodyCollector},
    transport::{HttpTransport, TransportError},
};
use cg_auth_emulator::Emulator;
use http::{Request, Response, header::HOST, uri::Scheme};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;

#[derive(Debug)]
struct OneConnectionEach;

#[async_trait]
impl HttpTransport for OneConnectionEach {
    async fn send(&self, request: Request<Body>) -> Result<Response<Body>, TransportError> {
        let (mut head, body) = request.into_parts();
        let uri = head.uri.into_parts();
        let (Some(authority), Some(target), true) =
            (uri.authority, uri.path_and_query, uri.scheme == Some(Scheme::HTTP))
        else {
            return Err(TransportError::config("only http URLs are supported"));
        };
        head.headers.insert(HOST, authority.as_str().parse().map_err(TransportError::config)?);
        head.uri = target.into();

        let stream = tokio::net::TcpStream::connect(authority.as_str()).await;
        let stream = TokioIo::new(stream.map_err(TransportError::connect)?);
        let connected = hyper::client::conn::http1::handshake(stream).await;
        let (mut sender, connection) = connected.map_err(TransportError::closed_before_sending)?;
        tokio::spawn(connection);
        let request = Request::from_parts(head, Full::new(body.into_bytes()));
        let (head, mut body) =
            sender.send_request(request).await.map_err(TransportError::closed)?.into_parts();
        let mut collected = BodyCollector::new(Body::DEFAULT_LIMIT);
        while let Some(frame) = body.frame().await {
            collected.push(frame.map_err(TransportError::closed)?.data_ref().map_or(&[], |piece| piece))?;
        }
        Ok(Response::from_parts(head, collected.finish()))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let emulator = Emulator::start().await?;
    let client = AuthClient::new(emulator.base_url().clone(), OneConnectionEach);
    let credential = emulator.credential();

    let token = client.get_delegate_access_token(credential).await?.value;
    println!("a token of duration {}", token.duration());
    let refresh_token = token.refresh_token().ok_or("no refresh token")?;
    let refreshed = client.refresh_user_access_token(credential, refresh_token).await?.value;
    assert_ne!(refreshed.access_token(), token.access_token());
    println!("refreshed");
    client.delete_token_cache(credential).await?;
    println!("cache cleared, all of it over a transport of {} lines", lines_of_the_transport());
    assert!(lines_of_the_transport() < 30);
    Ok(())
}

/// Lines that are not blank, from `#[async_trait]` to the end of the implementation.
fn lines_of_the_transport() -> usize {
    let implementation =
        include_str!("hand_written_transport.rs").lines().skip_while(|line| *line != "#[async_trait]");
    1 + implementation.take_while(|line| *line != "}").filter(|line| !line.trim().is_empty()).count()
}

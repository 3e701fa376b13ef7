//! Two processes that share a token on a Redis server. The second one sends nothing to the service.

#![allow(clippy::print_stdout)] // a program that shows something

use std::error::Error;

use cg_auth_emulator::{Emulator, Operation};
use cg_auth_hyper::{AuthClient, HyperTransport};
use cg_auth_redis::{TokenProvider, redis_store};
use cg_auth_tests::redis_server::RedisServer;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Says so itself if redis-server is not installed.
    let Some(server) = RedisServer::start(&[]) else { return Ok(()) };
    let emulator = Emulator::start().await?;
    let credential = emulator.credential();
    let process = || -> Result<TokenProvider, Box<dyn Error>> {
        let client = AuthClient::new(emulator.base_url().clone(), HyperTransport::new()?);
        let (user, secret) = (credential.user_principal_name(), credential.client_secret());
        // On another machine: rediss://USER:PASSWORD@HOST.
        let store = redis_store(&server.url())?;
        Ok(TokenProvider::new(client, user.clone(), secret.clone()).with_store(store))
    };

    let (first, second) = (process()?, process()?);
    let token = first.token().await?;
    assert_eq!(second.token().await?.expose_secret(), token.expose_secret());
    println!("2 processes, {} request", emulator.count(Operation::GetDelegateAccessToken));
    assert_eq!(emulator.count(Operation::GetDelegateAccessToken), 1);
    Ok(())
}

//! An application on axum that calls an API with reqwest, for a user whose token is always valid.
//!
//! A program takes its settings with `ServiceSettings::from_environment`. Here the emulator is the service and
//! the API, and the application finds the emulator's variables.

#![allow(clippy::print_stdout)] // a program that shows something

use std::{collections::BTreeMap, error::Error};

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use cg_auth_emulator::{Emulator, Operation};
use cg_auth_reqwest::{ReqwestTransport, ServiceSettings, TokenError};
use cg_auth_reqwest_middleware::AuthorizationMiddleware;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use tokio::net::TcpListener;

/// The application with these settings.
fn application(settings: &ServiceSettings) -> Result<Router, Box<dyn Error>> {
    let transport = ReqwestTransport::from_settings(settings.transport())?;
    let provider = settings.provider(transport)?;
    let client = ClientBuilder::new(reqwest::Client::new())
        .with(AuthorizationMiddleware::new(provider, settings.base_url()?))
        .build();
    let api = Api { client, url: format!("{}/me", settings.base_url()?) };
    Ok(Router::new().route("/me", get(me)).with_state(api))
}

/// The API, with a client that sends the token.
#[derive(Clone)]
struct Api {
    client: ClientWithMiddleware,
    url: String,
}

impl Api {
    /// What the API knows about the user.
    async fn me(&self) -> reqwest_middleware::Result<String> {
        Ok(self.client.get(&self.url).send().await?.error_for_status()?.text().await?)
    }
}

async fn me(State(api): State<Api>) -> Result<String, Failure> {
    api.me().await.map_err(Failure)
}

/// Why the API gave no answer.
struct Failure(reqwest_middleware::Error);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = match &self.0 {
            reqwest_middleware::Error::Middleware(error)
                if error.downcast_ref().is_some_and(TokenError::is_retryable) =>
            {
                StatusCode::SERVICE_UNAVAILABLE
            }
            _ => StatusCode::BAD_GATEWAY,
        };
        (status, self.0.to_string()).into_response()
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let emulator = Emulator::start().await?;
    let variables: BTreeMap<_, _> = emulator.env().into_iter().collect();
    let settings = ServiceSettings::from_variables(|name| variables.get(name).map(Into::into))?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let itself = format!("http://{}/me", listener.local_addr()?);
    tokio::spawn(axum::serve(listener, application(&settings)?).into_future());

    for revoked in [false, true] {
        if revoked {
            emulator.revoke_all();
        }
        let answer = reqwest::get(&itself).await?;
        assert_eq!(answer.status(), StatusCode::OK);
        println!("the application answers {}", answer.text().await?);
    }
    assert_eq!(emulator.count(Operation::ProtectedResource), 3);
    println!("the API refused one token, and no caller of the application noticed");
    Ok(())
}

#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

// The traits of serde. Nothing here uses the rest of that crate, which every program would build.
extern crate serde_core as serde;

#[cfg(all(test, shuttle))]
mod any_order;
pub mod body;
mod caught;
pub mod causes;
mod client;
pub mod docs;
mod doubling;
pub mod endpoint;
pub mod model;
mod recovery;
#[cfg(feature = "test-util")]
pub mod testing;
pub mod time;
pub mod token;
pub mod transport;

pub use self::{
    client::{AuthClient, CallError, CallErrorKind, FailedAttempt, RetryPolicy},
    model::{
        api_credential::ApiCredential, base_url::BaseUrl, config_error::ConfigError, secret::ClientSecret,
        user_principal_name::UserPrincipalName,
    },
    recovery::Recovery,
    token::{
        error::{TokenError, TokenErrorKind},
        issued::IssuedToken,
        pool::TokenPool,
        provider::TokenProvider,
        source::TokenSource,
    },
};

//! The values of the service, in Rust: what it is asked with and what it answers.
//!
//! A value that exists is good: [`UserPrincipalName`], [`BaseUrl`], [`ClientSecret`], [`AccessToken`] and
//! [`RefreshToken`] are checked when they are made and trusted from then on. What has the shape of a JSON
//! document is read with [`serde::Deserialize`], whichever contract it was written in, and written through
//! an explicit view that names the contract ([`JsonContract`]): no logger that serialises what it is given
//! writes a secret by accident.

pub(crate) mod api_credential;
mod api_error;
mod api_result;
pub(crate) mod base_url;
pub(crate) mod config_error;
mod delegated_access_token;
mod environment;
mod json_contract;
pub(crate) mod json_reading;
pub(crate) mod secret;
mod text;
pub(crate) mod user_principal_name;

pub use self::{
    api_error::ApiError,
    api_result::{DelegatedAccessTokenApiResult, DelegatedAccessTokenApiResultValue},
    base_url::is_loopback_host,
    delegated_access_token::{DelegatedAccessToken, NoAccessToken},
    environment::Environment,
    json_contract::{JsonContract, Wire},
    json_reading::JsonError,
    secret::{AccessToken, RefreshToken},
    text::{decode_base64url, without_newline},
};
// Public at the crate root.
pub(crate) use self::{
    api_credential::ApiCredential, base_url::BaseUrl, config_error::ConfigError, json_reading::read_json,
    secret::ClientSecret, user_principal_name::UserPrincipalName,
};

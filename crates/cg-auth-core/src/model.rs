//! The values that go to the service and come from it.
//!
//! [`UserPrincipalName`], [`BaseUrl`], [`Origin`], [`ClientSecret`], [`AccessToken`] and [`RefreshToken`] check their
//! text when they are made, so a value that exists is valid.
//!
//! The JSON documents implement [`serde::Deserialize`], which reads both contracts of the service. To write
//! one, call its `wire` method and name the contract ([`JsonContract`]). None implements [`serde::Serialize`]
//! itself, so a logger cannot write a secret by accident.

pub(crate) mod api_credential;
mod api_error;
mod api_result;
pub(crate) mod base_url;
pub(crate) mod config_error;
mod delegated_access_token;
mod environment;
mod header_text;
mod json_contract;
pub(crate) mod json_reading;
mod origin;
pub(crate) mod secret;
mod text;
mod text_value;
pub(crate) mod user_principal_name;

pub use self::{
    api_error::ApiError,
    api_result::{DelegatedAccessTokenApiResult, DelegatedAccessTokenApiResultValue},
    base_url::{is_loopback_host, localhost_addresses},
    delegated_access_token::DelegatedAccessToken,
    environment::Environment,
    json_contract::{JsonContract, Wire},
    json_reading::JsonError,
    origin::{Origin, Origins},
    secret::{AccessToken, RefreshToken},
    text::{decode_base64url, without_newline},
};
// Re-exported at the crate root, where programs find them.
pub(crate) use self::{
    api_credential::ApiCredential,
    api_error::ErrorTexts,
    api_result::Envelope,
    base_url::BaseUrl,
    config_error::ConfigError,
    header_text::HeaderText,
    json_reading::{PlainJson, read_json},
    secret::ClientSecret,
    text::{decode_base64, lossy_text},
    user_principal_name::UserPrincipalName,
};

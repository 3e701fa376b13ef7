#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
mod error;
#[cfg(feature = "rustls")]
mod tls;
mod transport;

pub use cg_auth_core;
pub use cg_auth_core::{
    ApiCredential, AuthClient, BaseUrl, ClientSecret, ConfigError, Error, ErrorKind, Recovery,
    UserPrincipalName,
};

pub use self::{builder::HyperTransportBuilder, transport::HyperTransport};

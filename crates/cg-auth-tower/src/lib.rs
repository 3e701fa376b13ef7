#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod docs;
mod error;
mod future;
mod grpc;
mod layer;
mod replay;
mod service;
mod settings;

pub use cg_auth_core;
pub use cg_auth_core::{
    BaseUrl, ConfigError, IssuedToken, TokenError, TokenErrorKind, TokenPool, TokenProvider, TokenSource,
    model::{Origin, Origins},
    token::is_unauthorized,
};

pub use self::{
    error::BoxError, future::ResponseFuture, grpc::is_unauthenticated, layer::AuthorizationLayer,
    service::Authorization,
};

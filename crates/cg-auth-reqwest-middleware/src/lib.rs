#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod confined_client;
mod middleware;
mod unauthenticated;

pub use cg_auth_core;
pub use cg_auth_core::{
    BaseUrl, ConfigError, IssuedToken, TokenError, TokenErrorKind, TokenPool, TokenProvider, TokenSource,
    model::{Origin, Origins},
    token::is_unauthorized,
};

pub use self::{
    confined_client::ConfinedClient, middleware::AuthorizationMiddleware, unauthenticated::Unauthenticated,
};

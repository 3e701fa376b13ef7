#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod back_off;
mod connector;
mod failure;
mod limit;
mod link;
mod redis_url;
mod reply;
mod reply_guard;
mod script;
mod server_clock;
mod store;

pub use cg_auth_core;
pub use cg_auth_core::{
    TokenPool, TokenProvider,
    token::store::{StoreError, TokenStore},
};
pub use cg_auth_store::{ByteStore, Sealed};
pub use cg_auth_transport_util::{TlsSettings, TlsVersion};

pub use self::{
    redis_url::RedisUrl,
    store::{RedisStore, redis_store},
};

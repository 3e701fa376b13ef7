#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod byte_store;
#[cfg(feature = "contract")]
pub mod contract;
mod file;
mod memory;
mod record;
mod record_json;
mod sealed;

pub use cg_auth_core;
pub use cg_auth_core::{
    TokenPool, TokenProvider,
    token::store::{StoreError, TokenStore},
};

#[cfg(feature = "contract")]
pub(crate) use self::contract::declare_store_cases;
pub use self::{
    byte_store::ByteStore,
    file::{FileStore, file_store},
    memory::MemoryStore,
    sealed::Sealed,
};

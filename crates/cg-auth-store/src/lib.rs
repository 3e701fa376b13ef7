#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod byte_store;
#[cfg(feature = "contract")]
pub mod contract;
mod memory;
mod record;
mod sealed;

pub use cg_auth_core;
pub use cg_auth_core::{
    TokenPool, TokenProvider,
    token::store::{StoreError, TokenStore},
};

#[cfg(feature = "contract")]
pub(crate) use self::contract::declare_store_cases;
pub use self::{byte_store::ByteStore, memory::MemoryStore, sealed::Sealed};

//! The contract of a token store as a suite that any store can run.
//!
//! Each [case](cases) is a public async function over a [`Subject`], and tries one rule of
//! [the contract](cg_auth_core::token::store#the-contract). [`store_contract!`](crate::store_contract) makes one
//! `#[test]` of each:
//!
//! ```
//! use cg_auth_store::{
//!     MemoryStore, Sealed,
//!     cg_auth_core::token::store::TokenStore,
//!     contract::{Subject, Suite},
//! };
//! use std::sync::Arc;
//!
//! struct Memory(MemoryStore);
//!
//! impl Subject for Memory {
//!     fn store(&self) -> Arc<dyn TokenStore> {
//!         Arc::new(Sealed::new(self.0.clone()))
//!     }
//! }
//!
//! mod memory {
//!     # use super::*;
//!     cg_auth_store::store_contract!(Suite::new(Memory(MemoryStore::new())));
//! }
//! # fn main() {}
//! ```

mod case;
pub mod clauses;
mod failure;
mod list;
mod process;
mod subject;
mod suite;

pub(crate) use self::list::declare_store_cases;
pub use self::{
    case::Case,
    failure::Failure,
    list::cases,
    subject::Subject,
    suite::{Exemption, Suite},
};

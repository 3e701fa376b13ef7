//! The cases, one module for each rule of the [contract](cg_auth_core::token::store#the-contract).

pub mod adoption;
pub mod atomicity;
pub mod ends;
pub mod inspection;
pub mod lateness;
pub mod order;
pub mod publication;
pub mod removal;
pub mod renewal;
pub mod repetition;
pub mod secrecy;
pub mod unreadable;

//! [`BlockingTokenProvider`] and [`BlockingTokenPool`]: the token lifecycle for programs without async.
//!
//! They add nothing to the lifecycle of the core: each method calls its async sibling and waits for the result.

mod pool;
mod provider;

pub use cg_auth_core::time::ThreadRuntime;

pub use self::{pool::BlockingTokenPool, provider::BlockingTokenProvider};

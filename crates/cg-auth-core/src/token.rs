//! Token lifecycle: when a token expires, when it is renewed, and how callers wait.

mod as_str;
mod authorized;
pub(crate) mod error;
mod event;
mod expiry;
mod fleet;
mod flight;
pub(crate) mod issued;
pub(crate) mod pool;
pub(crate) mod provider;
mod secret_source;
pub mod session;
mod shared_back_off;
pub(crate) mod source;
pub mod store;
mod sync;

#[cfg(feature = "tracing")]
pub use self::event::trace::{trace_event, trace_event_of};
pub use self::{
    authorized::{authorized, is_unauthorized},
    event::{Event, EvictionCause, Grant, Reason},
    expiry::{DurationUnit, Expiry, ExpirySource, JwtClaims},
    secret_source::{EnvironmentSecret, FileSecret, SecretFn, SecretResult, SecretSource},
    source::TokenFuture,
};
// Re-exported at the crate root, where programs find them.
pub(crate) use self::{error::TokenError, issued::IssuedToken, provider::TokenProvider, source::TokenSource};

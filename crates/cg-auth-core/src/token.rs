//! The life of a token: when it expires, when another is got, and who waits for that.

pub(crate) mod error;
mod event;
mod expiry;
mod flight;
pub(crate) mod issued;
mod jwt_claims;
mod permits;
pub(crate) mod pool;
pub(crate) mod provider;
mod secret_source;
pub mod session;
pub(crate) mod source;
#[cfg(feature = "tracing")]
mod trace;
mod turn;
mod waiters;

#[cfg(feature = "tracing")]
pub use self::trace::trace_event;
pub use self::{
    error::TokenErrorKind,
    event::{Event, Grant, Reason},
    expiry::{DurationUnit, Expiry, ExpirySource},
    provider::{authorized, is_unauthorized},
    secret_source::{EnvironmentSecret, FileSecret, SecretFn, SecretResult, SecretSource},
    source::TokenFuture,
};
// Public at the crate root.
pub(crate) use self::{error::TokenError, issued::IssuedToken, provider::TokenProvider, source::TokenSource};

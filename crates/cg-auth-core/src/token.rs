//! The life of a token: when it expires, when another is got, and who waits for that.

mod error;
mod event;
mod expiry;
mod flight;
mod issued;
mod jwt_claims;
mod provider;
mod schedule;
mod secret_source;
mod session;
mod snapshot;
mod source;
mod waiters;

pub use self::{
    error::{TokenError, TokenErrorKind},
    event::{Event, Grant, Reason},
    expiry::{DurationUnit, Expiry, ExpirySource},
    issued::IssuedToken,
    provider::{TokenProvider, is_unauthorized},
    schedule::Phase,
    secret_source::{EnvironmentSecret, FileSecret, SecretFn, SecretResult, SecretSource},
    session::{AttemptId, Call, Next, Session, State, Step},
    snapshot::Snapshot,
    source::{TokenFuture, TokenSource},
};

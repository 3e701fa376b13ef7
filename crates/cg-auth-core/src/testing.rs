//! Test doubles for programs that embed this crate. Feature `test-util`.
//!
//! - [`ScriptedTokenSource`] hands out prepared tokens and errors, for the test of an adapter.
//! - [`ScriptedTransport`] plays prepared answers, for a provider or a client without a service.
//! - [`ScriptedStore`] shares tokens between providers, and fails as the test tells it to.
//! - [`ManualClock`] moves only when the test moves it.
//!
//! [`TokenError::of_kind`](crate::TokenError::of_kind) and
//! [`CallError::of_answer`](crate::CallError::of_answer) make errors. The
//! [guide](crate::docs::guides::testing) shows them at work.

mod manual_clock;
mod scripted_store;
mod scripted_token_source;
mod scripted_transport;

pub use self::{
    manual_clock::ManualClock, scripted_store::ScriptedStore, scripted_token_source::ScriptedTokenSource,
    scripted_transport::ScriptedTransport,
};

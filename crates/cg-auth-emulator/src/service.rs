//! The emulated service, which turns a request into a response and needs no socket.

mod answer;
mod auth_service;
mod cache;
mod caller;
mod credential_check;
mod families;
mod jwt;
mod refresh_ticket;
mod settings;
mod tokens;
mod users;

pub(crate) use self::{auth_service::AuthService, settings::Settings, users::Users};
pub use self::{
    credential_check::KeyHeaderPolicy,
    settings::{RefreshRotation, Refusals},
    users::UserError,
};

#[cfg(test)]
mod tests;

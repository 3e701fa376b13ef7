//! The emulated service, which turns a request into a response and needs no socket.

mod answer;
mod auth_service;
mod cache;
mod caller;
mod credential_check;
mod families;
mod jwt;
mod refresh_ticket;
mod service_settings;
mod settings;
mod tokens;
mod users;

pub(crate) use self::{auth_service::AuthService, settings::Settings, users::Users};
pub use self::{
    credential_check::KeyHeaderPolicy,
    service_settings::ServiceSettings,
    settings::{RefreshRotation, Refusals},
    tokens::TokenCounts,
    users::UserError,
};

#[cfg(test)]
pub(crate) use self::families::MAX_FAMILIES;

#[cfg(test)]
mod tests;

//! The control API under `/_emulator/`: programs in any language control the emulator over HTTP.

mod access;
mod clock;
mod digest;
mod error;
mod health;
mod index;
mod openapi;
mod query;
mod requests;
mod reset;
mod revoke;
mod route;
mod routes;
mod schema;
mod scripts;
mod settings;
mod state;
mod table;
mod users;

pub(crate) use self::routes::{answer, is_control_path};

#[cfg(test)]
mod tests;

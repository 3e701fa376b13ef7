//! The control API under `/_emulator/`: programs in any language control the emulator over HTTP.

mod access;
mod clock;
mod error;
mod input;
mod requests;
mod routes;
mod scripts;

pub(crate) use self::routes::{answer, is_control_path};

#[cfg(test)]
mod tests;

//! Takes orders: the control API under `/_emulator/`, for programs in any language.

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

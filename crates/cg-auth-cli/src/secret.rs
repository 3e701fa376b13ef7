//! Secrets: where one comes from ([`SecretOrigin`]), what it is called ([`SecretLabel`]), and a secret that
//! may be rotated while the command runs ([`RotatingSecret`]).

mod command;
mod file;
mod label;
mod origin;
mod prompt;
mod rotating;

pub(crate) use self::{
    file::read_open as read_open_file,
    label::SecretLabel,
    origin::{SecretOrigin, read_standard_input},
    rotating::RotatingSecret,
};

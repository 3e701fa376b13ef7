#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod answer;
mod builder;
mod clock;
mod credential_check;
mod emulator;
mod error;
mod jwt;
mod operations;
mod refusal;
mod server;
mod service;
mod tls;
mod tokens;

pub use cg_auth_core;

pub use self::{
    builder::EmulatorBuilder, clock::EmulatorClock, credential_check::KeyHeaderPolicy, emulator::Emulator,
    error::EmulatorError,
};

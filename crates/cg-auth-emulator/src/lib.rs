#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod answer;
mod builder;
mod cache;
mod caller;
mod clock;
mod connection;
mod control;
mod conversation;
mod credential_check;
mod emulator;
mod error;
mod exchange;
mod families;
mod jwt;
mod operation;
mod phase;
#[cfg(test)]
mod raw_http;
#[cfg(test)]
mod raw_http2;
mod recorded_request;
mod refresh_ticket;
mod refusal;
mod request_log;
mod script_writing;
mod scripts;
mod sending;
mod server;
mod service;
mod settings;
mod signing_key;
mod state;
mod tls;
mod tokens;
mod users;
mod waiting;

pub use cg_auth_core;

pub use self::{
    builder::EmulatorBuilder,
    clock::EmulatorClock,
    credential_check::KeyHeaderPolicy,
    emulator::Emulator,
    error::EmulatorError,
    operation::Operation,
    recorded_request::RecordedRequest,
    script_writing::{ScriptBuilder, ScriptGuard},
    settings::{RefreshRotation, Refusals},
    tls::Alpn,
    users::User,
    waiting::WaitTimedOut,
};

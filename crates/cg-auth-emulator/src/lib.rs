#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

#[path = "service/answer.rs"]
mod answer;
mod builder;
#[path = "service/cache.rs"]
mod cache;
#[path = "service/caller.rs"]
mod caller;
mod clock;
#[path = "http/connection.rs"]
mod connection;
#[path = "control/routes.rs"]
mod control;
#[path = "http/conversation.rs"]
mod conversation;
#[path = "service/credential_check.rs"]
mod credential_check;
mod emulator;
mod error;
#[path = "http/exchange.rs"]
mod exchange;
#[path = "service/families.rs"]
mod families;
#[path = "service/jwt.rs"]
mod jwt;
mod operation;
#[path = "http/shutdown.rs"]
mod phase;
#[cfg(test)]
#[path = "http/raw_http.rs"]
mod raw_http;
#[cfg(test)]
#[path = "http/raw_http2.rs"]
mod raw_http2;
#[path = "request_log/recorded_request.rs"]
mod recorded_request;
#[path = "service/refresh_ticket.rs"]
mod refresh_ticket;
mod refusal;
#[path = "request_log/log.rs"]
mod request_log;
#[path = "scripts/builder.rs"]
mod script_writing;
#[path = "scripts/queue.rs"]
mod scripts;
#[path = "http/sending.rs"]
mod sending;
#[path = "http/server.rs"]
mod server;
#[path = "service/auth_service.rs"]
mod service;
#[path = "service/settings.rs"]
mod settings;
mod signing_key;
mod state;
#[path = "http/tls.rs"]
mod tls;
#[path = "service/tokens.rs"]
mod tokens;
#[path = "user.rs"]
mod users;
#[path = "request_log/waiting.rs"]
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

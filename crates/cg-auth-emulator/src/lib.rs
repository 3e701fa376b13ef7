#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod builder;
mod clock;
mod control;
mod digest;
mod emulator;
mod error;
mod front;
mod http;
mod input;
mod metrics;
mod names;
mod operation;
mod refusal;
mod request_log;
mod response;
mod scripts;
mod service;
mod state;
mod user;

pub use cg_auth_core;

pub use self::{
    builder::EmulatorBuilder,
    clock::{ClockError, EmulatorClock},
    emulator::Emulator,
    error::EmulatorError,
    http::Alpn,
    names::UnknownName,
    operation::Operation,
    request_log::{HeaderValues, RecordedRequest, RequestFilter, WaitTimedOut},
    scripts::{
        AnswerPart, ConnectionEnd, Fault, NamedFault, Point, Script, ScriptBuilder, ScriptError, ScriptGuard,
        When,
    },
    service::{KeyHeaderPolicy, RefreshRotation, Refusals, ServiceSettings, TokenCounts, UserError},
    state::Part,
    user::User,
};

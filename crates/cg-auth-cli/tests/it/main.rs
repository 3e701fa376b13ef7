//! The command as a process: its output, its exit codes, and that it never shows a secret.

#![allow(clippy::unwrap_used, clippy::print_stderr)] // helpers of tests are tests

mod canary;
mod config_file;
mod delete_token_cache;
mod demo;
mod emulator;
mod emulator_log;
mod failures;
mod harness;
mod help;
mod inspect;
mod precedence;
mod proxies;
mod readme;
mod refresh;
mod scenario;
mod secrets;
mod signals;
mod streams;
mod terminal;
mod token;
mod watch;

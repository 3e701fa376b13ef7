//! Runs the command as a process. The tests check its output, its exit codes, and that it never shows a
//! secret.

#![allow(clippy::unwrap_used, clippy::print_stderr)] // test helpers may panic and print, like tests

mod acceptance;
mod canary;
mod complete;
mod completion;
mod config;
mod config_file;
mod delete_token_cache;
mod demo;
mod descriptors;
mod doctor;
mod emulator;
mod emulator_log;
mod environment;
mod examples;
mod exec;
mod failures;
mod harness;
mod help;
mod inspect;
mod platform_roots;
mod precedence;
mod proxies;
mod proxy;
mod proxy_process;
mod proxy_requests;
mod readme;
mod recipes;
mod refresh;
mod refresh_lock;
mod refused_arguments;
mod retries;
mod saved_files;
mod scenario;
mod secret_command;
mod secret_pipes;
mod secrets;
mod signals;
mod store;
mod streams;
mod terminal;
mod token;
mod upstream;
mod watch;

//! The command as a process: what it prints, what it ends with, what it never shows.

#![allow(clippy::unwrap_used)] // helpers of tests are tests

mod demo;
mod failures;
mod harness;
mod secrets;
mod streams;
mod token;

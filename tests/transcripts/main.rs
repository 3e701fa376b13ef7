//! The recorded exchanges of the vendor's clients, one per file beside this one, against this workspace: the
//! requests that it sends in their place, the answers that it reads, and the requests that the emulator
//! answers.

// A failed expectation in a helper is a failed test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod answers;
mod recording;
mod replay;
mod requests;

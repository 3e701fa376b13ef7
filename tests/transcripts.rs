//! The recorded exchanges of the vendor's clients against this workspace: what we send instead, what we
//! make of the answers, and what the emulator makes of the requests.

// A failed expectation in a helper is a failed test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "transcripts_suite/answers.rs"]
mod answers;
#[path = "transcripts_suite/recording.rs"]
mod recording;
#[path = "transcripts_suite/replay.rs"]
mod replay;
#[path = "transcripts_suite/requests.rs"]
mod requests;

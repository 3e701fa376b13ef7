//! `--store`: processes that share a token.

#![cfg(unix)]

mod commands;
mod ends;
mod place;
mod redis;
mod redis_login;
mod redis_unavailable;
mod setting;
mod sharing;
mod unavailable;

use std::{path::Path, process::Output};

use cg_auth_emulator::{Emulator, Operation};

use self::place::{Folder, Place, over_each_store};
use crate::harness::{stderr, stdout};

/// How many tokens the service has issued.
fn issued(emulator: &Emulator) -> u64 {
    emulator.count(Operation::GetDelegateAccessToken)
}

/// Every text below `folder`.
fn contents(folder: &Path) -> String {
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files.map(|path| String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned()).collect()
}

fn assert_shows_no_secret(output: &Output, emulator: &Emulator) {
    let text = stdout(output) + &stderr(output);
    let secret = emulator.credential().client_secret().expose_secret();
    for secret in [secret, "eyJ", "canary"] {
        assert!(!text.contains(secret), "{text}");
    }
}

//! [`Script`]: a Lua script that the server runs as one atomic step. The files in `scripts` hold the texts.

use std::sync::LazyLock;

use redis::{Cmd, cmd};

use crate::server_clock::Span;

/// A Lua script and its hash, by which the server knows it after the first run.
pub(crate) struct Script {
    text: &'static str,
    hash: String,
}

impl Script {
    fn new(text: &'static str) -> Self {
        Self { text, hash: redis::Script::new(text).get_hash().to_owned() }
    }

    /// The script over `key` by its hash, for the operation during `span`.
    pub(crate) fn by_hash(&self, key: &str, span: Span, arguments: &[Vec<u8>]) -> Cmd {
        command("EVALSHA", &self.hash, key, span, arguments)
    }

    /// The same with its text, for a server that does not know it.
    pub(crate) fn by_text(&self, key: &str, span: Span, arguments: &[Vec<u8>]) -> Cmd {
        command("EVAL", self.text, key, span, arguments)
    }
}

fn command(name: &str, script: &str, key: &str, span: Span, arguments: &[Vec<u8>]) -> Cmd {
    let mut command = cmd(name);
    command.arg(script).arg(1).arg(key).arg(span.began).arg(span.deadline).arg(arguments);
    command
}

/// A script behind the part that refuses a late run.
macro_rules! script {
    ($($file:literal),+) => {
        LazyLock::new(|| Script::new(concat!(include_str!("scripts/deadline.lua"), $(include_str!($file)),+)))
    };
}

pub(crate) static CLAIM: LazyLock<Script> = script!("scripts/entry.lua", "scripts/claim.lua");
pub(crate) static PUBLISH: LazyLock<Script> = script!("scripts/entry.lua", "scripts/publish.lua");
pub(crate) static INSPECT: LazyLock<Script> = script!("scripts/entry.lua", "scripts/inspect.lua");
pub(crate) static REMOVE: LazyLock<Script> = script!("scripts/remove.lua");

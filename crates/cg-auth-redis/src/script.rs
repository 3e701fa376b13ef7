//! [`Script`]: a step that the server runs as a whole. The files in `scripts` hold the texts.

use std::sync::LazyLock;

use redis::{Cmd, cmd};

/// A Lua script and its hash, by which the server knows it after the first run.
pub(crate) struct Script {
    text: &'static str,
    hash: String,
}

impl Script {
    fn new(text: &'static str) -> Self {
        Self { text, hash: redis::Script::new(text).get_hash().to_owned() }
    }

    /// The script over `key`, by its hash.
    pub(crate) fn by_hash(&self, key: &str, arguments: &[Vec<u8>]) -> Cmd {
        command("EVALSHA", &self.hash, key, arguments)
    }

    /// The script over `key`, with its text, for a server that does not know it.
    pub(crate) fn by_text(&self, key: &str, arguments: &[Vec<u8>]) -> Cmd {
        command("EVAL", self.text, key, arguments)
    }
}

fn command(name: &str, script: &str, key: &str, arguments: &[Vec<u8>]) -> Cmd {
    let mut command = cmd(name);
    command.arg(script).arg(1).arg(key).arg(arguments);
    command
}

/// A script after the part that reads the entry.
macro_rules! over_entry {
    ($file:literal) => {
        LazyLock::new(|| Script::new(concat!(include_str!("scripts/entry.lua"), include_str!($file))))
    };
}

pub(crate) static CLAIM: LazyLock<Script> = over_entry!("scripts/claim.lua");
pub(crate) static PUBLISH: LazyLock<Script> = over_entry!("scripts/publish.lua");
pub(crate) static INSPECT: LazyLock<Script> = over_entry!("scripts/inspect.lua");

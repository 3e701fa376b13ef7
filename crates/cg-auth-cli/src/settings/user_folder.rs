//! The folders of the user, as the XDG specification has them on every Unix, macOS included.

use std::{env, path::PathBuf};

/// The folder for configuration: `$XDG_CONFIG_HOME`, else `~/.config`; on Windows `%APPDATA%`.
pub(super) fn configuration() -> Option<PathBuf> {
    of_user("XDG_CONFIG_HOME", ".config", "APPDATA")
}

/// The folder for data that can be acquired again: `$XDG_CACHE_HOME`, else `~/.cache`; on Windows `%LOCALAPPDATA%`.
pub(super) fn cache() -> Option<PathBuf> {
    of_user("XDG_CACHE_HOME", ".cache", "LOCALAPPDATA")
}

fn of_user(xdg: &str, in_home: &str, on_windows: &str) -> Option<PathBuf> {
    match cfg!(windows) {
        true => absolute(on_windows),
        false => absolute(xdg).or_else(|| Some(absolute("HOME")?.join(in_home))),
    }
}

/// The folder that a variable names. A relative path counts as unset, as the specification requires.
fn absolute(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute())
}

//! [`expanded`]: `~` at the beginning of a path.

use std::{
    env,
    path::{Path, PathBuf},
};

/// `path`, with the home folder in place of a leading `~`. Only `~` and `~/…` are expanded; `~name` and `./~`
/// stay as they are, and so does every path of a user without a home folder.
///
/// A shell expands a word that begins with `~`. It expands neither `--client-secret-file=~/secret` nor a line
/// of a configuration file.
#[must_use]
pub fn expanded(path: impl Into<PathBuf>) -> PathBuf {
    let path = path.into();
    in_home(&path, env::home_dir().filter(|home| home.is_absolute()).as_deref()).unwrap_or(path)
}

fn in_home(path: &Path, home: Option<&Path>) -> Option<PathBuf> {
    let rest = path.strip_prefix("~").ok()?;
    // Joining an empty path would append a slash.
    home.map(|home| if rest.as_os_str().is_empty() { home.to_owned() } else { home.join(rest) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_tilde_that_stands_alone_is_the_home_folder() {
        let home = Some(Path::new("/home/a"));
        for (path, expected) in [
            ("~", Some("/home/a")),
            ("~/", Some("/home/a")),
            ("~/x/y", Some("/home/a/x/y")),
            ("~//x", Some("/home/a/x")),
            ("~b/x", None),
            ("./~/x", None),
            ("/~/x", None),
            ("x/~", None),
            ("", None),
        ] {
            assert_eq!(in_home(Path::new(path), home).as_deref(), expected.map(Path::new), "{path}");
        }
        assert_eq!(in_home(Path::new("~/x"), None), None);
    }
}

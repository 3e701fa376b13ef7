//! The blocking types have every method of their async siblings, and the guide shows what the README runs.

use std::{collections::BTreeSet, fs, path::Path};

/// A file of this workspace.
fn text(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names of the public methods in a file.
fn methods(file: &str) -> BTreeSet<String> {
    let text = text(file);
    let starts = ["    pub fn ", "    pub async fn ", "    pub const fn "];
    let name = |line: &str| {
        let rest = starts.iter().find_map(|start| line.strip_prefix(start))?;
        Some(rest.split(['(', '<']).next()?.to_owned())
    };
    text.lines().filter_map(name).collect()
}

#[test]
fn no_method_of_the_async_types_is_missing() {
    for name in ["provider", "pool"] {
        let of_async = methods(&format!("cg-auth-core/src/token/{name}.rs"));
        let blocking = methods(&format!("cg-auth-ureq/src/blocking/{name}.rs"));
        assert!(of_async.len() > 10, "{of_async:?}");
        let missing: Vec<_> = of_async.difference(&blocking).collect();
        assert!(missing.is_empty(), "{name}: {missing:?}");
        let added: Vec<_> = blocking.difference(&of_async).collect();
        assert_eq!(added, ["as_async"], "{name}");
    }
}

#[test]
fn the_guide_shows_the_lines_that_the_readme_runs() {
    let guide = text("cg-auth-core/docs/guides/without_async.md");
    let (_, shown) = guide.split_once("```rs\n").unwrap();
    let (shown, _) = shown.split_once("```").unwrap();
    let readme = text("cg-auth-ureq/README.md");
    let run: Vec<_> = readme.lines().map(str::trim).collect();
    assert!(shown.lines().count() >= 4, "{shown}");
    assert!(shown.lines().all(|line| run.contains(&line)), "{shown}");
}

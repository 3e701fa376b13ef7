//! Completion by fish's own driver.

use super::folder::Folder;
use crate::harness::{skip_without, stdout};

/// What fish proposes for `line`, without descriptions. `None` if fish is not installed.
pub(super) fn in_fish(folder: &Folder, line: &str) -> Option<Vec<String>> {
    if skip_without("fish") {
        return None;
    }
    let target = "~/.config/fish/completions/cg-auth.fish";
    if !folder.path.join(target.trim_start_matches("~/")).exists() {
        folder.install("fish", target);
    }
    let mut fish = folder.command("fish");
    let output = fish.args(["-c", "complete --do-complete $argv[1]", "--", line]).output().unwrap();
    let found = stdout(&output);
    Some(found.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect())
}

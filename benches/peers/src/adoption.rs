//! Adoption: the processor time of a cold release build of `cg-auth-core`, and the crates in its tree, beside the crates
//! that any client of a JSON API has.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{
    effort::Effort,
    subject::Subject,
    table::{Row, median, rounded},
};

pub fn measure(effort: Effort) -> Vec<Row> {
    let scratch = Scratch(std::env::temp_dir().join(format!("cg-auth-peers-{}", std::process::id())));
    let core =
        format!("cg-auth-core = {{ path = {:?} }}", Path::new(PEERS).join("../../crates/cg-auth-core"));
    let subjects = [
        (Subject::Floor, scratch.package("floor", FLOOR)),
        (Subject::CgAuth, scratch.package("core", &core)),
    ];

    let rounds = if effort.is_quick { 1 } else { 2 };
    let times: Vec<[f64; 2]> =
        (0..rounds).map(|_| [0, 1].map(|subject: usize| time_of_a_build(&subjects[subject].1))).collect();
    let share = median(times.iter().map(|[floor, own]| own / floor));
    let mut time = Row::new("adoption", "adoption", "cold release build, processor time");
    time.set(Subject::Floor, 1.0, "1.00");
    time.set(Subject::CgAuth, share, rounded(share));

    let mut crates = Row::new("adoption, crates", "adoption", "crates in the tree");
    for (subject, package) in &subjects {
        let count = crates_of(package);
        crates.set(*subject, count as f64, count.to_string());
    }
    vec![time, crates]
}

/// A folder that is removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    /// A package with these dependencies, in the versions of this workspace.
    fn package(&self, name: &str, dependencies: &str) -> PathBuf {
        let package = self.0.join(name);
        fs::create_dir_all(package.join("src")).unwrap();
        fs::write(package.join("src/lib.rs"), "").unwrap();
        fs::copy(Path::new(PEERS).join("Cargo.lock"), package.join("Cargo.lock")).unwrap();
        let manifest = format!(
            "[workspace]\n[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[dependencies]\n{dependencies}\n"
        );
        fs::write(package.join("Cargo.toml"), manifest).unwrap();
        package
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn time_of_a_build(package: &Path) -> f64 {
    let _ = fs::remove_dir_all(package.join("target"));
    let before = time_of_children();
    let status = cargo(package).args(["build", "--release", "--offline", "--quiet"]).status().unwrap();
    assert!(status.success(), "cargo cannot build {}", package.display());
    time_of_children() - before
}

fn crates_of(package: &Path) -> usize {
    let tree =
        cargo(package).args(["tree", "--offline", "--edges", "normal", "--prefix", "none"]).output().unwrap();
    let tree = String::from_utf8(tree.stdout).unwrap();
    let crates = tree.lines().filter_map(|line| line.split(" (").next()).skip(1);
    crates.collect::<std::collections::BTreeSet<_>>().len()
}

fn cargo(package: &Path) -> Command {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(package).env("CARGO_TARGET_DIR", package.join("target")).stderr(Stdio::inherit());
    cargo
}

/// The user and system time of all ended children, in ticks.
fn time_of_children() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("this needs Linux");
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    // Fields 16 and 17 of proc(5); the first one here is field 3.
    fields[13..=14].iter().map(|ticks| ticks.parse::<f64>().unwrap()).sum()
}

const PEERS: &str = env!("CARGO_MANIFEST_DIR");
const FLOOR: &str = "
async-trait = \"0.1\"
bytes = \"1\"
http = \"1\"
serde = { version = \"1\", features = [\"derive\"] }
serde_json = \"1\"
thiserror = \"2\"
";

//! Where and with which versions the figures were taken.

use std::{fs, process::Command};

use crate::subject::Subject;

/// One sentence with the date, the processor, the compiler and the peers' versions.
pub fn sentence() -> String {
    let date = jiff::Timestamp::now().strftime("%Y-%m-%d");
    let peers: Vec<String> = Subject::ALL
        .into_iter()
        .filter(|subject| subject.is_peer())
        .map(|peer| format!("{} {}", peer.name(), version_of(peer.name())))
        .collect();
    format!("Taken on {date}, {}, {}, with {}.", processor(), compiler(), peers.join(", "))
}

fn processor() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{count} processors of {}", model.map_or("an unknown model", |(_, model)| model.trim()))
}

fn compiler() -> String {
    let output =
        Command::new("rustc").arg("--version").output().map(|output| output.stdout).unwrap_or_default();
    let version = String::from_utf8_lossy(&output);
    version.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

/// The version in this workspace's lock.
fn version_of(package: &str) -> &'static str {
    let lock = include_str!("../Cargo.lock");
    let entry = lock.split("[[package]]").find(|entry| entry.contains(&format!("name = \"{package}\"\n")));
    let version = entry.and_then(|entry| entry.split("version = \"").nth(1)?.split('"').next());
    version.unwrap_or("of an unknown version")
}

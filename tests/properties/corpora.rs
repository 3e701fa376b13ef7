//! Every file of every corpus of the fuzzer, through the property of its target.

#![allow(clippy::unwrap_used)]

use std::{
    collections::BTreeSet,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

/// Makes a test of each target, and the list of all targets.
macro_rules! corpora {
    ($($target:ident)+) => {
        $(#[test]
        fn $target() {
            replay(stringify!($target), cg_auth_properties::$target::check);
        })+

        const TARGETS: &[&str] = &[$(stringify!($target)),+];
    };
}

corpora! {
    answers
    api_error
    api_result
    base_url
    cli_config
    emulator
    expiry
    inspect
    jwt_claims
    origin
    pem
    proxies
    redaction
    requests
    retry_after
    session
    stored_entry
}

/// Runs `check` with each file of the corpus of `target`.
fn replay(target: &str, check: fn(&[u8])) {
    let files = files(&folder().join("corpus").join(target));
    assert!(!files.is_empty(), "{target} has no corpus; add a file to tests/fuzz/corpus/{target}");
    for file in files {
        let input = fs::read(&file).unwrap();
        let outcome = catch_unwind(AssertUnwindSafe(|| check(&input)));
        assert!(outcome.is_ok(), "a promise of {target} does not hold for {}", file.display());
    }
}

#[test]
fn each_target_of_the_fuzzer_has_a_corpus_and_a_test() {
    let targets: BTreeSet<_> = TARGETS.iter().map(|target| (*target).to_owned()).collect();
    let stems = |folder: &str| -> BTreeSet<String> {
        let entries = fs::read_dir(self::folder().join(folder)).unwrap().map(|entry| entry.unwrap().path());
        entries.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
    };
    assert_eq!(stems("fuzz_targets"), targets, "tests/fuzz/fuzz_targets");
    assert_eq!(stems("corpus"), targets, "tests/fuzz/corpus");
    let manifest = fs::read_to_string(folder().join("Cargo.toml")).unwrap();
    for target in &targets {
        assert!(
            manifest.contains(&format!("name = \"{target}\"\n")),
            "tests/fuzz/Cargo.toml has no {target}"
        );
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

//! Completion at the prompts of real shells, installed as the first lines of each script say.

#![cfg(target_os = "linux")]

mod fish;
mod folder;
mod prompt;

use self::{fish::in_fish, folder::Folder, prompt::Prompt};

/// A line up to the cursor, and the whole line after TAB.
const UNIQUE: &[(&str, &str)] = &[
    ("cg-auth tok", "cg-auth token "),
    ("cg-auth token --f", "cg-auth token --format "),
    ("cg-auth token --format j", "cg-auth token --format json "),
    ("cg-auth token --format=j", "cg-auth token --format=json "),
    ("cg-auth --error-format json token --f", "cg-auth --error-format json token --format "),
    ("cg-auth -v token --base-url us", "cg-auth -v token --base-url us-government "),
    ("cg-auth token --transport=hy", "cg-auth token --transport=hyper "),
    ("cg-auth token --profile la", "cg-auth token --profile lab "),
    ("cg-auth exec --store fi", "cg-auth exec --store file "),
    ("cg-auth token --store red", "cg-auth token --store redis://localhost "),
    ("cg-auth token --store redis:", "cg-auth token --store redis://localhost "),
    ("cg-auth store show --store=redis://lo", "cg-auth store show --store=redis://localhost "),
    (
        "cg-auth token --config other.toml --profile ",
        "cg-auth token --config other.toml --profile elsewhere ",
    ),
    (
        "cg-auth token --config=other.toml --profile=e",
        "cg-auth token --config=other.toml --profile=elsewhere ",
    ),
    ("cg-auth completions f", "cg-auth completions fish "),
    ("./cg-auth tok", "./cg-auth token "),
    ("~/cg-auth token --fo", "~/cg-auth token --format "),
    ("true; cg-auth tok", "true; cg-auth token "),
    ("X=1 cg-auth token --fo", "X=1 cg-auth token --format "),
    ("cg-auth help exit", "cg-auth help exit-codes "),
    ("cg-auth help ref", "cg-auth help refresh "),
    ("cg-auth man dele", "cg-auth man delete-token-cache "),
    ("cg-auth token --ca-file roots", "cg-auth token --ca-file roots.pem "),
    ("cg-auth token --ca-file=roots", "cg-auth token --ca-file=roots.pem "),
    ("cg-auth emulator -- cg-auth tok", "cg-auth emulator -- cg-auth token "),
    // Neither a file nor anything else is a duration.
    ("cg-auth token --timeout roots", "cg-auth token --timeout roots"),
];

/// A line up to the cursor, what is then listed, and what is not.
const LISTED: &[(&str, &[&str], &[&str])] = &[
    (
        "cg-auth ",
        &["token", "refresh", "inspect", "emulator", "completions", "man", "help"],
        &["exit-codes", "__candidates"],
    ),
    ("cg-auth token --format ", &["raw", "json", "header", "env"], &["roots.pem"]),
    ("cg-auth token --base-url ", &["commercial", "us-government", "insider-us-east"], &["roots.pem"]),
    ("cg-auth token --profile ", &["work", "lab"], &["roots.pem", "elsewhere", "canary"]),
    ("cg-auth token --store ", &["file", "redis://localhost", "none"], &["roots.pem", "canary"]),
    ("cg-auth help ", &["token", "exit-codes", "environment"], &["__candidates"]),
    ("cg-auth completions ", &["bash", "zsh", "fish", "powershell", "elvish"], &["roots.pem"]),
];

fn assert_completes(prompt: &mut Prompt) {
    for (line, expected) in UNIQUE {
        let completed = prompt.complete(line);
        assert_eq!(completed.line.trim_end(), expected.trim_end(), "{line}: {completed:?}");
    }
    for (line, listed, unlisted) in LISTED {
        let shown = prompt.complete(line).shown;
        let words: Vec<_> = shown.split_whitespace().collect();
        assert!(listed.iter().all(|word| words.contains(word)), "{line}: {shown}");
        assert!(!unlisted.iter().any(|word| words.contains(word)), "{line}: {shown}");
    }
}

#[test]
fn bash_completes_every_kind_of_word() {
    let folder = Folder::new("bash");
    let Some(mut prompt) = Prompt::bash(&folder, true) else { return };
    assert_completes(&mut prompt);
}

#[test]
fn bash_without_its_completion_package_completes_too() {
    let folder = Folder::new("bash-bare");
    let Some(mut prompt) = Prompt::bash(&folder, false) else { return };
    let without_delegation = UNIQUE.iter().filter(|(line, _)| !line.contains(" -- "));
    let program = ("cg-auth emulator -- cg-au", "cg-auth emulator -- cg-auth ");
    for (line, expected) in without_delegation.chain([&program]) {
        let completed = prompt.complete(line);
        assert_eq!(completed.line.trim_end(), expected.trim_end(), "{line}: {completed:?}");
    }
}

#[test]
fn bash_quotes_the_names_of_profiles_and_files() {
    let folder = Folder::new("bash-quotes");
    let Some(mut prompt) = Prompt::bash(&folder, true) else { return };
    for (line, expected) in [
        ("cg-auth token --profile my", r"cg-auth token --profile my\ profile"),
        ("cg-auth token --profile=my", r"cg-auth token --profile=my\ profile"),
        (r"cg-auth token --profile my\ p", r"cg-auth token --profile my\ profile"),
        ("cg-auth token --profile 'my", "cg-auth token --profile 'my profile'"),
        ("cg-auth token --profile \"my", "cg-auth token --profile \"my profile\""),
        ("cg-auth token --profile eu:", "cg-auth token --profile eu:north"),
        ("cg-auth token --profile x", r"cg-auth token --profile x\$\(touch\ pwned\)"),
        ("cg-auth token --ca-file two", r"cg-auth token --ca-file two\ words.pem"),
        (
            r"cg-auth token --config odd\ name.toml --profile ",
            r"cg-auth token --config odd\ name.toml --profile spaced",
        ),
    ] {
        let completed = prompt.complete(line);
        assert_eq!(completed.line.trim_end(), expected, "{completed:?}");
    }
    assert!(!folder.path.join("pwned").exists(), "a name of a profile was run");
}

#[test]
fn zsh_completes_every_kind_of_word() {
    let folder = Folder::new("zsh");
    let Some(mut prompt) = Prompt::zsh(&folder) else { return };
    assert_completes(&mut prompt);
    for (line, expected) in [
        ("cg-auth token --profile my", r"cg-auth token --profile my\ profile"),
        (r"cg-auth token --profile=my\ p", r"cg-auth token --profile=my\ profile"),
        ("cg-auth token --profile 'my", "cg-auth token --profile 'my profile'"),
        ("cg-auth token --profile eu:", "cg-auth token --profile eu:north"),
        ("cg-auth token --profile x", r"cg-auth token --profile x\$\(touch\ pwned\)"),
        ("cg-auth token --ca-file two", r"cg-auth token --ca-file two\ words.pem"),
        (
            r"cg-auth token --config odd\ name.toml --profile ",
            r"cg-auth token --config odd\ name.toml --profile spaced",
        ),
    ] {
        let completed = prompt.complete(line);
        assert_eq!(completed.line.trim_end(), expected, "{completed:?}");
    }
    assert!(!folder.path.join("pwned").exists(), "a name of a profile was run");
}

#[test]
fn fish_completes_every_kind_of_word() {
    let folder = Folder::new("fish");
    for (line, expected) in UNIQUE {
        let Some(found) = in_fish(&folder, line) else { return };
        // fish prints the last word, which the others show within the line.
        let (before, wanted) = expected.trim_end().rsplit_once(' ').unwrap();
        let has_match = !line.ends_with(wanted);
        let wanted = if has_match { vec![wanted] } else { vec![] };
        assert_eq!(found, wanted, "{before}: {line}");
    }
    for (line, listed, unlisted) in LISTED {
        let Some(found) = in_fish(&folder, line) else { return };
        assert!(listed.iter().all(|word| found.iter().any(|it| it == word)), "{line}: {found:?}");
        assert!(!unlisted.iter().any(|word| found.iter().any(|it| it == word)), "{line}: {found:?}");
    }
    for (line, expected) in [
        ("cg-auth token --profile my", "my profile"),
        (r"cg-auth token --profile my\ p", "my profile"),
        ("cg-auth token --profile=my", "--profile=my profile"),
        ("cg-auth token --profile x", "x$(touch pwned)"),
        ("cg-auth token --profile eu:", "eu:north"),
        ("cg-auth token --ca-file two", "two words.pem"),
        (r"cg-auth token --config odd\ name.toml --profile ", "spaced"),
    ] {
        let Some(found) = in_fish(&folder, line) else { return };
        assert_eq!(found, [expected], "{line}");
    }
    assert!(!folder.path.join("pwned").exists(), "a name of a profile was run");
}

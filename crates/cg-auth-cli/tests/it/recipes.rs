//! The recipes of the READMEs, as they stand there, under three shells. A recipe whose token fails ends with the
//! exit code of the failure, and calls nothing.

#![cfg(unix)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use assert_cmd::Command;
use cg_auth_emulator::{Emulator, Operation};

use crate::harness::{cg_auth_process, emulator, refresh_token_of, skip_without, stderr, stdout};

const SHELLS: &[&[&str]] = &[&["sh"], &["bash", "-e"], &["dash"]];

/// What a recipe has done.
#[derive(Debug)]
struct Outcome {
    code: Option<i32>,
    stdout: String,
    stderr: String,
    /// The requests for the resource that takes the token.
    calls: u64,
    folder: PathBuf,
}

/// Runs `recipe` in `shell`, in a folder with the files that the recipes name.
fn run(shell: &[&str], recipe: &str, emulator: &Emulator, is_secret_right: bool) -> Outcome {
    let folder =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("recipes-{}", emulator.address().port()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let right = emulator.credential().client_secret().expose_secret();
    let secret = if is_secret_right { right } else { "wrong" };
    fs::write(folder.join("secret.txt"), secret).unwrap();
    fs::write(folder.join("refresh-token"), refresh_token_of(emulator)).unwrap();
    let plain = cg_auth_process();
    let bin = Path::new(plain.get_program()).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let before = emulator.count(Operation::ProtectedResource);
    let mut command = Command::new(shell[0]);
    command.args(&shell[1..]).args(["-c", recipe]).current_dir(&folder);
    command.envs(emulator.env()).env("CG_AUTH_CLIENT_SECRET", secret);
    command.env("PATH", path).env("URL", emulator.protected_url()).env("GITHUB_ENV", folder.join("github"));
    let output = command.output().unwrap();
    let calls = emulator.count(Operation::ProtectedResource) - before;
    Outcome { code: output.status.code(), stdout: stdout(&output), stderr: stderr(&output), calls, folder }
}

/// Runs `recipe` with a right and with a wrong secret, in each shell. `has_worked` judges the first run.
fn assert_recipe(recipe: &str, has_worked: impl Fn(&Outcome) -> bool) {
    if skip_without("curl") {
        return;
    }
    let emulator = emulator();
    for shell in SHELLS.iter().filter(|shell| !skip_without(shell[0])) {
        let good = run(shell, recipe, &emulator, true);
        assert_eq!(good.code, Some(0), "{shell:?}: {recipe}: {}", good.stderr);
        assert!(has_worked(&good), "{shell:?}: {recipe}: {good:?}");
        let bad = run(shell, recipe, &emulator, false);
        // 3 is a refusal of the service.
        assert_eq!((bad.code, bad.calls), (Some(3), 0), "{shell:?}: {recipe}: {bad:?}");
        assert!(!has_worked(&bad), "{shell:?}: {recipe}: {bad:?}");
    }
}

/// The blocks of `language` in `text`, without the lines that set the service and the user.
fn blocks<'a>(text: &'a str, language: &str) -> impl Iterator<Item = String> + use<'a> {
    let opening = format!("```{language}\n");
    let blocks: Vec<_> = text.split(opening.as_str()).skip(1).collect();
    blocks.into_iter().map(|rest| {
        let block = rest.split("```").next().unwrap();
        block
            .lines()
            .filter(|line| !line.starts_with("export CG_AUTH_"))
            .map(|line| format!("{line}\n"))
            .collect()
    })
}

fn recipes_section() -> &'static str {
    let readme = include_str!("../../README.md");
    readme.split("\n## Recipes\n").nth(1).unwrap().split("\n## ").next().unwrap()
}

fn calls_the_resource(outcome: &Outcome) -> bool {
    outcome.calls == 1 && outcome.stdout.contains("someone@example.com")
}

#[test]
fn every_recipe_for_a_shell_works_and_hides_no_failure() {
    // A watch runs until it is stopped.
    let recipes: Vec<_> =
        blocks(recipes_section(), "sh").filter(|recipe| !recipe.contains("--watch")).collect();
    assert!(recipes.len() >= 3, "{recipes:?}");
    for recipe in recipes {
        assert_recipe(&recipe, calls_the_resource);
    }
}

#[test]
fn the_recipe_for_a_watch_begins_with_a_valid_token_or_fails() {
    let recipe = blocks(recipes_section(), "sh").find(|recipe| recipe.contains("--watch")).unwrap();
    let program = "echo \"Authorization: Bearer $(cat token)\" | curl --fail -H @- \"$URL\"; code=$?";
    assert_recipe(&format!("{recipe}{program}; kill $!; exit $code\n"), calls_the_resource);
}

#[test]
fn the_first_example_of_the_command_hides_no_failure() {
    let example = blocks(include_str!("../../README.md"), "sh").nth(1).unwrap();
    let recipe = format!("{example}echo \"Authorization: Bearer $TOKEN\" | curl --fail -H @- \"$URL\"");
    assert_recipe(&recipe, calls_the_resource);
}

#[test]
fn the_recipe_of_the_repository_works_and_hides_no_failure() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md")).unwrap();
    let recipe = blocks(&readme, "sh").find(|block| block.contains("cg-auth exec")).unwrap();
    assert_recipe(&recipe, calls_the_resource);
}

#[test]
fn the_step_for_github_masks_the_token_and_hides_no_failure() {
    let step = blocks(recipes_section(), "yaml").next().unwrap();
    let recipe: String = step
        .split("run: |\n")
        .nth(1)
        .unwrap()
        .lines()
        .map(|line| format!("{}\n", line.trim_start()))
        .collect();
    assert_recipe(&recipe, |outcome| {
        let exported = fs::read_to_string(outcome.folder.join("github")).unwrap_or_default();
        let token = exported.trim_end().strip_prefix("CG_AUTH_ACCESS_TOKEN=").unwrap_or_default();
        token.starts_with("eyJ") && outcome.stdout == format!("::add-mask::{token}\n")
    });
}

#[test]
fn the_unit_for_systemd_works_and_hides_no_failure() {
    let unit = blocks(recipes_section(), "ini").next().unwrap().replace("\\\n", " ").replace("$$", "$");
    let line = unit.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/local/bin/")).unwrap();
    assert_recipe(line, calls_the_resource);
}

#[test]
fn the_program_behind_the_proxy_works_and_hides_no_failure() {
    if skip_without("python3") {
        return;
    }
    let readme = include_str!("../../README.md");
    let recipe = blocks(readme, "sh").find(|block| block.contains("cg-auth proxy")).unwrap();
    assert!(recipe.contains("https://api.example.com/v1 -- python3 report.py"), "{recipe}");
    let recipe = recipe.replace("https://api.example.com/v1", "\"$CG_AUTH_BASE_URL\"");
    let program = blocks(readme, "python").find(|block| block.contains("CG_AUTH_UPSTREAM_URL")).unwrap();
    let program = program.replace("/reports", "/me");
    let recipe = format!("cat >report.py <<'END'\n{program}print(reports)\nEND\n{recipe}");
    assert_recipe(&recipe, calls_the_resource);
}

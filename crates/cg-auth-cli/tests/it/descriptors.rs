//! Standard streams that are closed, and too few file descriptors.

#![cfg(unix)]

use std::{
    fs,
    process::{Command, Output},
};

use assert_cmd::cargo::cargo_bin;
use cg_auth_emulator::{Emulator, Operation};

use crate::harness::{cg_auth_process, emulator, file, refresh_token_of, stderr, stdout, with_emulator};

/// Runs `cg-auth` and `line` in a shell, with the environment of `emulator`.
fn shell(emulator: &Emulator, line: &str) -> Output {
    let mut command = Command::new("sh");
    for (name, value) in cg_auth_process().get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let line = line.replace("cg-auth", &format!("'{}'", cargo_bin!("cg-auth").display()));
    command.args(["-c", &line]).envs(emulator.env()).output().unwrap()
}

fn requests(emulator: &Emulator) -> u64 {
    [Operation::GetDelegateAccessToken, Operation::RefreshUserAccessToken, Operation::DeleteTokenCache]
        .map(|operation| emulator.count(operation))
        .iter()
        .sum()
}

#[test]
fn without_standard_output_a_command_fails_with_1_before_a_request() {
    let emulator = emulator();
    for command in [
        "token",
        "token -o json",
        "token --watch",
        "refresh",
        "refresh -o raw",
        "delete-token-cache --yes",
        "inspect",
        "emulator",
        "demo",
        "completions bash",
        "man",
        "help exit-codes",
        "--help",
        "--version",
    ] {
        for closed in [">&-", "<&- >&-", "<&- >&- 2>&-", ">&- 2>&-"] {
            let output = shell(&emulator, &format!("CG_AUTH_REFRESH_TOKEN=x cg-auth {command} {closed}"));
            let text = stderr(&output);
            assert_eq!(output.status.code(), Some(1), "{command} {closed}: {text}");
            assert!(!text.contains("panicked"), "{text}");
            assert!(
                closed.contains("2>&-") || text.contains("standard output"),
                "{command} {closed}: {text}"
            );
            assert!(closed.contains("2>&-") || text.contains("it is closed"), "{command} {closed}: {text}");
        }
    }
    assert_eq!(requests(&emulator), 0);
}

#[test]
fn a_closed_stream_that_is_not_needed_is_no_error() {
    let emulator = emulator();
    let path = file("closed-output", "");
    for (line, is_printed) in [
        ("cg-auth token <&-".to_owned(), true),
        ("cg-auth token 2>&-".to_owned(), true),
        ("cg-auth token <&- 2>&-".to_owned(), true),
        (format!("cg-auth token --output '{}' >&-", path.display()), false),
        (format!("cg-auth token --output '{}' <&- >&- 2>&-", path.display()), false),
        ("cg-auth emulator -- true >&-".to_owned(), false),
        ("cg-auth exec -- true <&- >&-".to_owned(), false),
    ] {
        let output = shell(&emulator, &line);
        assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()), "{line}");
        assert_eq!(stdout(&output).starts_with("eyJ"), is_printed, "{line}");
    }
    assert!(fs::read_to_string(&path).unwrap().starts_with("eyJ"));
}

#[test]
fn closed_standard_input_is_named() {
    let emulator = emulator();
    for line in ["cg-auth inspect <&-", "cg-auth token --client-secret-file - <&-", "cg-auth refresh <&-"] {
        let output = shell(&emulator, line);
        assert_eq!(output.status.code(), Some(2), "{line}");
        assert!(stderr(&output).contains("standard input"), "{line}: {}", stderr(&output));
        assert!(stderr(&output).contains("it is closed"), "{line}: {}", stderr(&output));
    }
}

#[test]
fn the_null_device_is_no_closed_stream() {
    let emulator = emulator();
    for redirection in [">/dev/null", ">>/dev/null", "1<>/dev/null", "</dev/null >/dev/null 2>/dev/null"] {
        let output = shell(&emulator, &format!("cg-auth token {redirection}"));
        assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()), "{redirection}");
    }
    // Python opens the null device for reading and writing.
    let script = "import subprocess, sys; D = subprocess.DEVNULL\n\
                  sys.exit(subprocess.run([sys.argv[1], 'token'], stdin=D, stdout=D, stderr=D).returncode)";
    let mut command = Command::new("python3");
    command.args(["-c", script]).arg(cargo_bin!("cg-auth")).envs(emulator.env());
    match command.output() {
        Ok(output) => assert_eq!(output.status.code(), Some(0), "{}", stderr(&output)),
        Err(_) => eprintln!("skipped: python3 is not installed here"),
    }
}

#[test]
fn no_refresh_token_is_lost_to_an_output_that_cannot_be_written() {
    let emulator = emulator();
    let token = refresh_token_of(&emulator);
    let path = file("kept-refresh-token", &token);
    let variable = format!("CG_AUTH_REFRESH_TOKEN='{token}'");
    let mut lines = vec![
        format!("{variable} cg-auth refresh >&-"),
        format!("cg-auth refresh --update --refresh-token-file '{}' >&-", path.display()),
        format!("cg-auth refresh --update -o raw --refresh-token-file '{}' <&- >&- 2>&-", path.display()),
    ];
    if cfg!(target_os = "linux") {
        lines.push(format!("{variable} cg-auth refresh >/dev/full"));
        lines.push(format!("cg-auth refresh --update --refresh-token-file '{}' >/dev/full", path.display()));
        lines.push("cg-auth token --with-refresh-token -o json >/dev/full".into());
    }
    let before = requests(&emulator);
    for line in &lines {
        let output = shell(&emulator, line);
        assert_eq!((output.status.code(), stdout(&output)), (Some(1), String::new()), "{line}");
        assert_eq!(requests(&emulator), before, "{line}");
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), token);
    // The token was never sent, so the service still accepts it.
    let output =
        with_emulator(&emulator, &["refresh"]).env("CG_AUTH_REFRESH_TOKEN", &token).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

/// The test mounts a small disk, which needs the rights to do so.
#[cfg(target_os = "linux")]
#[test]
fn no_refresh_token_is_lost_to_a_full_disk() {
    let emulator = emulator();
    let token = refresh_token_of(&emulator);
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("full-disk");
    fs::create_dir_all(&folder).unwrap();
    let script = format!(
        r#"mount -t tmpfs -o size=8k none '{0}' || {{ echo skipped; exit; }}
        printf %s '{token}' >'{0}/token'
        CG_AUTH_REFRESH_TOKEN='{token}' "$0" refresh >'{0}/out'; echo "code $?"
        CG_AUTH_REFRESH_TOKEN='{token}' "$0" refresh >>'{0}/out'; echo "code $?"
        "$0" refresh --update --refresh-token-file '{0}/token'; echo "code $?"
        "$0" token --output '{0}/out'; echo "code $?"
        ls '{0}'"#,
        folder.display()
    );
    let before = requests(&emulator);
    let mut command = Command::new("unshare");
    command.args(["--mount", "--map-root-user", "sh", "-c", &script]).arg(cargo_bin!("cg-auth"));
    let Ok(output) = command.envs(emulator.env()).output() else { return };
    if !stdout(&output).contains("code") {
        eprintln!("skipped: this system does not let the test mount a disk: {}", stderr(&output));
        return;
    }
    let expected = "code 1\ncode 1\ncode 2\ncode 2\nout\ntoken\n";
    assert_eq!(stdout(&output), expected, "{}", stderr(&output));
    assert_eq!(stderr(&output).matches("No space left on device").count(), 4, "{}", stderr(&output));
    assert_eq!(requests(&emulator), before);
}

#[test]
fn a_pipe_without_a_reader_is_found_before_a_request() {
    let emulator = emulator();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    for arguments in [&["token"][..], &["refresh"], &["delete-token-cache", "--yes"]] {
        let mut command = cg_auth_process();
        command.args(arguments).envs(emulator.env()).env("CG_AUTH_REFRESH_TOKEN", "x");
        let output = command.stdout(writer.try_clone().unwrap()).output().unwrap();
        assert_eq!((output.status.code(), stderr(&output)), (Some(1), String::new()), "{arguments:?}");
    }
    assert_eq!(requests(&emulator), 0);
}

#[test]
fn too_few_descriptors_are_a_clear_error_of_every_command() {
    let emulator = emulator();
    let path = file("few-descriptors", "");
    let config = file("few-descriptors.toml", "[profiles.p]\nclient_secret_command = ['echo', 'x']\n");
    let commands = [
        "token".to_owned(),
        "token --transport hyper".to_owned(),
        format!("token --output '{}'", path.display()),
        format!("token -p p --config '{}'", config.display()),
        "refresh".to_owned(),
        "delete-token-cache --yes".to_owned(),
        "inspect".to_owned(),
        "emulator -- true".to_owned(),
        "exec -- true".to_owned(),
        "emulator --tls".to_owned(),
        "demo".to_owned(),
        "man".to_owned(),
    ];
    for command in &commands {
        for limit in 4..=26 {
            let line = format!("ulimit -n {limit}; CG_AUTH_REFRESH_TOKEN=x exec cg-auth {command}");
            let output = shell(&emulator, &line);
            let text = stderr(&output);
            assert_eq!(output.status.code(), Some(1), "{command} with {limit}: {text}");
            assert!(
                text.starts_with("error: ") && text.contains("ulimit -n"),
                "{command} with {limit}: {text}"
            );
            assert!(!text.contains("panicked"), "{command} with {limit}: {text}");
        }
    }
}

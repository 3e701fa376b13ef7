//! `cg-auth token --output` and `--refresh-token-out`: files that are replaced atomically, and what prevents it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
    time::Duration,
};

use cg_auth_emulator::{Emulator, Operation};
use serde_json::Value;

use crate::harness::{
    answering, block_on, cg_auth, chmod, emulator, http, stderr, stdout, token_at, token_from,
};

/// An empty folder in the tests' temporary folder.
fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if path.join("locked").exists() {
        chmod(&path.join("locked"), 0o700);
    }
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

/// The names of the files in `folder`.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    std::os::unix::fs::MetadataExt::mode(&fs::metadata(path).unwrap()) & 0o7777
}

fn token_into(emulator: &Emulator, path: &Path, arguments: &[&str]) -> Output {
    token_from(emulator).args(arguments).arg("--output").arg(path).output().unwrap()
}

#[test]
fn every_format_is_written_into_the_file_and_nothing_to_standard_output() {
    let emulator = emulator();
    let folder = folder("output-formats");
    for (format, start) in [
        ("raw", "eyJ"),
        ("json", "{\"version\":1,"),
        ("header", "Authorization: Bearer eyJ"),
        ("env", "export CG_AUTH_ACCESS_TOKEN='eyJ"),
    ] {
        let path = folder.join("token");
        let output = token_into(&emulator, &path, &["-o", format]);
        assert_eq!((output.status.code(), stdout(&output), stderr(&output)), (Some(0), "".into(), "".into()));
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with(start) && text.ends_with('\n') && !text.contains('\0'), "{text}");
        #[cfg(unix)]
        assert_eq!(mode(&path), 0o600, "{format}");
        chmod(&path, 0o666);
    }
    assert_eq!(names(&folder), ["token"], "no temporary file is left");
}

#[test]
fn a_file_that_becomes_shorter_keeps_no_old_bytes() {
    let path = folder("output-shorter").join("token");
    fs::write(&path, "x".repeat(100_000)).unwrap();
    let output = token_into(&emulator(), &path, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("eyJ") && text.lines().count() == 1, "{}", text.len());
}

#[test]
fn the_refresh_token_goes_to_its_own_file_and_refresh_reads_it() {
    let emulator = emulator();
    let path = folder("refresh-token-out").join("refresh-token");
    let mut command = token_from(&emulator);
    let output = command.arg("--refresh-token-out").arg(&path).output().unwrap();
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
    assert!(stdout(&output).starts_with("eyJ") && stdout(&output).lines().count() == 1);
    #[cfg(unix)]
    assert_eq!(mode(&path), 0o600);
    let saved = fs::read_to_string(&path).unwrap();
    assert!(!stdout(&output).contains(saved.trim_end()));

    let mut command = cg_auth();
    command
        .args(["refresh", "--update", "-o", "raw", "--refresh-token-file"])
        .arg(&path)
        .envs(emulator.env());
    let output = command.output().unwrap();
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
    assert_ne!(fs::read_to_string(&path).unwrap(), saved);
}

#[test]
fn a_service_without_refresh_tokens_leaves_the_file_and_the_access_token_is_printed() {
    let path = folder("no-refresh-token").join("refresh-token");
    fs::write(&path, "old").unwrap();
    let url = answering(http("200 OK", "", r#"{"isSuccess":true,"value":{"access_token":"opaque"}}"#));
    let output = token_at(&url).arg("--refresh-token-out").arg(&path).output().unwrap();
    assert_eq!((output.status.code(), stdout(&output)), (Some(1), "opaque\n".into()));
    assert!(stderr(&output).contains("issued no refresh token"), "{}", stderr(&output));
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
}

#[test]
fn options_that_make_no_sense_together_are_refused() {
    let emulator = emulator();
    let path = folder("output-usage").join("file");
    let path = path.to_str().unwrap();
    let twin = format!("{}/../output-usage/file", folder("output-usage").display());
    for (arguments, problem) in [
        (&["--output", path, "--refresh-token-out", path][..], "two different files"),
        (&["--output", path, "--refresh-token-out", &twin], "two different files"),
        (&["--output", "-"], "leave out --output to print the token"),
        (&["--refresh-token-out", "-"], "write ./- for a file of that name"),
        (&["--refresh-token-out", path, "--with-refresh-token", "-o", "json"], "used once"),
        (&["--refresh-token-out", path, "--watch"], "--refresh-token-out"),
        (&["--with-refresh-token", "-o", "json", "--watch"], "--with-refresh-token"),
        (&["--min-lifetime", "1m", "--watch"], "--min-lifetime"),
        (&["-o", "raw", "--watch"], "--output"),
        (&["--min-lifetime", "0s"], "greater than zero"),
    ] {
        let output =
            token_from(&emulator).args(arguments).args(["--error-format", "human"]).output().unwrap();
        assert_eq!((output.status.code(), stdout(&output)), (Some(2), String::new()), "{arguments:?}");
        assert!(stderr(&output).contains(problem), "{arguments:?}: {}", stderr(&output));
    }
    assert_eq!(emulator.count(Operation::GetDelegateAccessToken), 0);
}

#[cfg(unix)]
#[test]
fn an_obstacle_is_named_before_a_token_is_requested() {
    let emulator = emulator();
    let folder = folder("output-obstacles");
    let at = |name: &str| folder.join(name);
    fs::create_dir(at("folder")).unwrap();
    fs::write(at("original"), "kept").unwrap();
    fs::hard_link(at("original"), at("hard-link")).unwrap();
    std::os::unix::fs::symlink(at("nowhere"), at("dangling")).unwrap();
    std::os::unix::fs::symlink(at("loop"), at("loop")).unwrap();
    std::os::unix::fs::symlink(at("folder"), at("to-folder")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
    let before = names(&folder);
    for (path, problem) in [
        (at("folder"), "it is a folder"),
        (at("to-folder"), "it is a folder"),
        (at("missing/token"), "its folder does not exist"),
        (at("original/token"), "Not a directory"),
        (at("hard-link"), "it is a hard link"),
        (at("dangling"), "a symbolic link to a missing file"),
        (at("loop"), "symbolic links"),
        (at("pipe"), "not a regular file"),
        ("/dev/null".into(), "not a regular file"),
        ("/dev/stdout".into(), "not a regular file"),
        (at("new/"), "not the name of a file"),
        (at(".."), "not the name of a file"),
        (at(&"x".repeat(300)), "too long"),
    ] {
        for option in ["--output", "--refresh-token-out"] {
            let output = token_from(&emulator).arg(option).arg(&path).output().unwrap();
            assert_eq!((output.status.code(), stdout(&output)), (Some(2), String::new()), "{path:?}");
            let text = stderr(&output);
            assert!(text.contains("cannot write") && text.contains(problem), "{path:?}: {text}");
        }
    }
    assert_eq!(emulator.count(Operation::GetDelegateAccessToken), 0);
    assert_eq!(names(&folder), before);
    assert_eq!(fs::read_to_string(at("original")).unwrap(), "kept");
}

#[cfg(unix)]
#[test]
fn the_target_of_a_symbolic_link_is_replaced() {
    let emulator = emulator();
    let folder = folder("output-link");
    fs::write(folder.join("target"), "old").unwrap();
    std::os::unix::fs::symlink("target", folder.join("link")).unwrap();
    let output = token_into(&emulator, &folder.join("link"), &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(folder.join("link").is_symlink());
    assert!(fs::read_to_string(folder.join("target")).unwrap().starts_with("eyJ"));
}

/// A shell sets the limit on the size of files, which stands for a full disk.
#[cfg(unix)]
#[test]
fn a_full_disk_is_found_before_a_token_is_requested() {
    let emulator = emulator();
    let path = folder("output-full").join("token");
    fs::write(&path, "old").unwrap();
    let mut command = std::process::Command::new("sh");
    command.args(["-c", r#"trap "" XFSZ; ulimit -f 8; exec "$0" token --output "$1""#]);
    command.arg(assert_cmd::cargo::cargo_bin!("cg-auth")).arg(&path).envs(emulator.env());
    let output = command.output().unwrap();
    assert_eq!((output.status.code(), stdout(&output)), (Some(2), String::new()), "{}", stderr(&output));
    assert!(stderr(&output).contains("cannot write"), "{}", stderr(&output));
    assert_eq!(emulator.count(Operation::GetDelegateAccessToken), 0);
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    assert_eq!(names(path.parent().unwrap()), ["token"]);
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_is_found_before_a_token_is_requested() {
    let emulator = emulator();
    let folder = folder("output-locked").join("locked");
    fs::create_dir(&folder).unwrap();
    chmod(&folder, 0o500);
    if fs::write(folder.join("probe"), "").is_ok() {
        // /proc refuses even root.
        let output = token_into(&emulator, Path::new("/proc/self/token"), &[]);
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        return;
    }
    let output = token_into(&emulator, &folder.join("token"), &[]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert_eq!(emulator.count(Operation::GetDelegateAccessToken), 0);
}

/// A container mounts such files; elsewhere the test makes one, which needs root.
#[cfg(target_os = "linux")]
#[test]
fn a_bind_mount_is_found_before_a_token_is_requested() {
    let emulator = emulator();
    let folder = folder("output-mount");
    let script = r#"
        touch "$1/source" "$1/token" && mount --bind "$1/source" "$1/token" || { echo skipped; exit; }
        "$0" token --output "$1/token"; echo "code $?""#;
    let mut command = std::process::Command::new("unshare");
    command.args(["--mount", "--map-root-user", "sh", "-c", script]);
    command.arg(assert_cmd::cargo::cargo_bin!("cg-auth")).arg(&folder).envs(emulator.env());
    let Ok(output) = command.output() else { return };
    if !stdout(&output).contains("code") {
        eprintln!("skipped: this system does not let the test mount a file: {}", stderr(&output));
        return;
    }
    assert_eq!(stdout(&output), "code 2\n", "{}", stderr(&output));
    assert!(stderr(&output).contains("it is mounted"), "{}", stderr(&output));
    assert_eq!(emulator.count(Operation::GetDelegateAccessToken), 0);
}

#[test]
fn a_refusal_of_the_service_leaves_the_files_as_they_are() {
    let emulator = emulator();
    let folder = folder("output-refused");
    let _refused = emulator.next(Operation::GetDelegateAccessToken).always().refuse(401);
    fs::write(folder.join("token"), "old").unwrap();
    let mut command = token_from(&emulator);
    command.arg("--output").arg(folder.join("token")).arg("--refresh-token-out").arg(folder.join("refresh"));
    assert_eq!(command.output().unwrap().status.code(), Some(3));
    assert_eq!(fs::read_to_string(folder.join("token")).unwrap(), "old");
    assert_eq!(names(&folder), ["token"]);
}

#[test]
fn a_token_that_lives_too_short_has_its_own_error_and_is_not_printed() {
    let emulator = block_on(Emulator::builder().token_lifetime(Duration::from_secs(120)).start()).unwrap();
    let path = folder("min-lifetime").join("token");
    let code = |required: &str| {
        let output = token_into(&emulator, &path, &["--min-lifetime", required, "--error-format", "json"]);
        assert_eq!(stdout(&output), "");
        (output.status.code(), stderr(&output))
    };
    assert_eq!(code("100s"), (Some(0), String::new()));
    let written = fs::read_to_string(&path).unwrap();
    let (exit_code, text) = code("5m");
    assert_eq!(exit_code, Some(7), "{text}");
    let error: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(error["error"]["kind"], "short_lived");
    let message = error["error"]["message"].as_str().unwrap();
    assert!(
        message.starts_with("the token expires in 1m 5") && message.contains("--min-lifetime 5m"),
        "{text}"
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), written);

    let url = answering(http("200 OK", "", r#"{"isSuccess":true,"value":{"access_token":"opaque"}}"#));
    let output = token_at(&url).args(["--min-lifetime", "1s"]).output().unwrap();
    assert_eq!((output.status.code(), stdout(&output)), (Some(7), String::new()));
    assert!(stderr(&output).contains("nothing shows how long"), "{}", stderr(&output));
}

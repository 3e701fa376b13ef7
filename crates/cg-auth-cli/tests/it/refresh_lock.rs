//! `cg-auth refresh --update`: processes that share one file use each refresh token once.

#![cfg(unix)]

use std::{
    collections::HashSet,
    fs::{self, File},
    os::unix::fs::MetadataExt as _,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use cg_auth_emulator::{Emulator, Operation};
use rustix::fs::{FlockOperation, flock};

use crate::harness::{
    cg_auth_process, chmod, emulator, file, json_error, refresh_token_of, stderr, stdout, with_emulator,
};

fn refresh(emulator: &Emulator, path: &Path, arguments: &[&str]) -> Command {
    let mut command = cg_auth_process();
    command.args(["refresh", "--update", "-o", "raw", "--retries", "0"]).args(arguments);
    command.arg("--refresh-token-file").arg(path).envs(emulator.env());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn many_processes_use_each_refresh_token_once_under_reuse_detection() {
    let emulator = emulator();
    let path = file("shared-token", refresh_token_of(&emulator));
    let link = path.with_file_name("shared-token-link");
    let _ = fs::remove_file(&link);
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let children: Vec<Child> = (0..12)
        // Some name the file by a link: the lock belongs to the file.
        .map(|number| refresh(&emulator, if number % 3 == 0 { &link } else { &path }, &[]).spawn().unwrap())
        .collect();
    let mut tokens = HashSet::new();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
        assert!(tokens.insert(stdout(&output)), "two processes got the same access token");
    }
    assert_eq!(emulator.count(Operation::RefreshUserAccessToken), 12);
    // The token in the file is the current one: a service that saw a token twice would refuse all of them.
    let output = refresh(&emulator, &path, &[]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn a_process_waits_for_the_lock_and_then_reads_the_new_token() {
    let emulator = emulator();
    let path = file("waited-token", "spent");
    let lock = File::open(&path).unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    let mut child = refresh(&emulator, &path, &["-v"]).spawn().unwrap();
    wait_for(&mut child, "waiting for another process");
    // Another process replaces the file and releases the lock of the old one.
    let next = file("waited-token.next", refresh_token_of(&emulator));
    fs::rename(next, &path).unwrap();
    drop(lock);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

/// Reads standard error until a line contains `text`.
fn wait_for(child: &mut Child, text: &str) {
    use std::io::Read as _;
    let (mut read, mut byte) = (String::new(), [0]);
    while !read.contains(text) {
        assert_eq!(child.stderr.as_mut().unwrap().read(&mut byte).unwrap(), 1, "{read}");
        read.push(byte[0].into());
    }
}

#[test]
fn the_wait_for_the_lock_ends_with_the_time_limit() {
    let emulator = emulator();
    let path = file("locked-token", "old");
    let lock = File::open(&path).unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    let arguments = ["--timeout", "300ms", "--error-format", "json"];
    let output = refresh(&emulator, &path, &arguments).output().unwrap();
    assert_eq!((output.status.code(), stdout(&output)), (Some(6), String::new()));
    let error = json_error(&output);
    let text = error["message"].as_str().unwrap();
    assert!(text.contains("another process has locked") && text.contains("locked-token for 300ms"), "{text}");
    assert_eq!((&error["kind"], &error["retryable"]), (&"timeout".into(), &true.into()));
    assert_eq!(emulator.count(Operation::RefreshUserAccessToken), 0);
}

#[test]
fn a_signal_ends_the_wait_for_the_lock() {
    use rustix::process::{Pid, Signal, kill_process};
    let emulator = emulator();
    let path = file("signalled-token", "old");
    let lock = File::open(&path).unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    let mut child = refresh(&emulator, &path, &["-v"]).spawn().unwrap();
    wait_for(&mut child, "waiting for another process");
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(143));
}

#[test]
fn owner_and_mode_of_the_file_stay() {
    let emulator = emulator();
    let path = file("owned-token", refresh_token_of(&emulator));
    // Only root can give a file away.
    let is_root = std::os::unix::fs::chown(&path, Some(65_534), Some(65_533)).is_ok();
    for mode in [0o640, 0o600, 0o660] {
        chmod(&path, mode);
        let before = fs::read_to_string(&path).unwrap();
        let output = refresh(&emulator, &path, &[]).output().unwrap();
        assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
        assert_ne!(fs::read_to_string(&path).unwrap(), before);
        let metadata = fs::metadata(&path).unwrap();
        assert_eq!(metadata.mode() & 0o7777, mode);
        assert!(!is_root || (metadata.uid(), metadata.gid()) == (65_534, 65_533), "{metadata:?}");
    }
}

fn assert_refused(emulator: &Emulator, output: &Output, problem: &str) {
    let text = stderr(output);
    assert_eq!((output.status.code(), stdout(output)), (Some(2), String::new()), "{text}");
    assert!(text.contains("cannot write") && text.contains(problem), "{text}");
    assert_eq!(emulator.count(Operation::RefreshUserAccessToken), 0);
}

#[test]
fn a_file_that_cannot_be_replaced_is_found_before_the_exchange() {
    let emulator = emulator();
    let token = refresh_token_of(&emulator);
    let path = file("hard-linked-token", &token);
    let twin = path.with_file_name("hard-linked-token-twin");
    let _ = fs::remove_file(&twin);
    fs::hard_link(&path, &twin).unwrap();
    assert_refused(&emulator, &refresh(&emulator, &path, &[]).output().unwrap(), "it is a hard link");
    fs::remove_file(&twin).unwrap();

    let pipe = path.with_file_name("piped-token");
    let _ = fs::remove_file(&pipe);
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    assert_refused(&emulator, &refresh(&emulator, &pipe, &[]).output().unwrap(), "not a regular file");
    assert_eq!(fs::read_to_string(&path).unwrap(), token);
}

#[cfg(target_os = "linux")]
#[test]
fn an_immutable_file_and_a_bind_mount_are_found_before_the_exchange() {
    let emulator = emulator();
    let path = file("immutable-token", refresh_token_of(&emulator));
    let chattr = |change: &str| {
        Command::new("chattr")
            .arg(change)
            .arg(&path)
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|it| it.success())
    };
    for (set, unset) in [("+i", "-i"), ("+a", "-a")] {
        if !chattr(set) {
            eprintln!("skipped: chattr {set} needs root and a file system that has it");
            continue;
        }
        let output = refresh(&emulator, &path, &[]).output().unwrap();
        assert!(chattr(unset));
        assert_refused(&emulator, &output, "immutable or append-only");
    }
    let script = r#"mount --bind "$1" "$1" && shift && "$@""#;
    let mut command = Command::new("unshare");
    command.args(["--mount", "--map-root-user", "sh", "-c", script, "sh"]).arg(&path);
    let refresh = refresh(&emulator, &path, &[]);
    command.arg(refresh.get_program()).args(refresh.get_args()).envs(emulator.env());
    match command.output() {
        Ok(output) if output.status.code() == Some(2) => assert_refused(&emulator, &output, "it is mounted"),
        Ok(output) if output.status.code() == Some(0) => panic!("a bind mount was replaced"),
        _ => eprintln!("skipped: this system does not let the test mount a file"),
    }
}

/// Root may do all of it, so the test gives up its rights.
#[test]
fn a_file_of_another_user_in_a_sticky_folder_and_a_link_of_another_user_are_refused() {
    let emulator = emulator();
    let folder = std::env::temp_dir().join(format!("cg-auth-sticky-{}", std::process::id()));
    fs::create_dir(&folder).unwrap();
    chmod(&folder, 0o1777);
    let (path, link) = (folder.join("token"), folder.join("link"));
    fs::write(&path, refresh_token_of(&emulator)).unwrap();
    chmod(&path, 0o666);
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let is_root = rustix::process::geteuid().is_root();
    let given = is_root && std::os::unix::fs::lchown(&link, Some(65_533), None).is_ok();
    if given {
        let as_nobody = |path: &Path| {
            let refresh = refresh(&emulator, path, &[]);
            let mut command = Command::new("setpriv");
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
            command.arg(refresh.get_program()).args(refresh.get_args());
            for (name, value) in refresh.get_envs() {
                if let Some(value) = value {
                    command.env(name, value);
                }
            }
            command.output()
        };
        // The binary may stand in a folder that only root can enter.
        match as_nobody(&path) {
            Ok(output) if output.status.code() == Some(2) => {
                assert_refused(&emulator, &output, "belongs to another user");
                assert_refused(&emulator, &as_nobody(&link).unwrap(), "a symbolic link of another user");
            }
            outcome => eprintln!("skipped: cg-auth cannot run as another user here: {outcome:?}"),
        }
    } else {
        eprintln!("skipped: the test needs root");
    }
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn the_temporary_file_is_gone_after_every_end() {
    let emulator = emulator();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("refresh-remains");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir(&folder).unwrap();
    let path = folder.join("token");
    fs::write(&path, "refused").unwrap();
    chmod(&path, 0o600);
    assert_eq!(refresh(&emulator, &path, &[]).output().unwrap().status.code(), Some(3));
    fs::write(&path, refresh_token_of(&emulator)).unwrap();
    let output =
        with_emulator(&emulator, &["refresh", "--update", "--refresh-token-file"]).arg(&path).output();
    assert_eq!(output.unwrap().status.code(), Some(0));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
}

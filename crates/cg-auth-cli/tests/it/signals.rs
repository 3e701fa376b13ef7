//! Ctrl-C, SIGTERM and SIGHUP, in every state of the command.

#![cfg(unix)]

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::{answering, cg_auth_process, chmod, file, http};

/// Sends `signal`; returns the exit code and the messages on standard error.
fn stop(mut child: Child, signal: Signal) -> (Option<i32>, String) {
    kill_process(Pid::from_child(&child), signal).unwrap();
    let mut messages = String::new();
    child.stderr.take().unwrap().read_to_string(&mut messages).unwrap();
    (child.wait().unwrap().code(), messages)
}

#[test]
fn an_interrupted_call_ends_with_130_and_leaves_no_temporary_file() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("interrupted");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("token"), "old").unwrap();
    chmod(&folder.join("token"), 0o600);
    for (transport, signal, code, message) in [
        ("reqwest", Signal::INT, 130, "error: interrupted\n"),
        ("hyper", Signal::INT, 130, "error: interrupted\n"),
        ("reqwest", Signal::TERM, 143, "error: terminated\n"),
    ] {
        let mut command = cg_auth_process();
        command.args(["refresh", "--update", "--base-url", &url, "--upn", "a@b", "--transport", transport]);
        command.arg("--refresh-token-file").arg(folder.join("token")).env("CG_AUTH_CLIENT_SECRET", "s3cret");
        let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        // The call is in flight, and the listener never answers.
        let connection = listener.accept().unwrap();
        assert_eq!(stop(child, signal), (Some(code), message.into()));
        drop(connection);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    }
}

#[test]
fn an_interrupted_check_ends_with_130() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    for transport in ["reqwest", "hyper"] {
        let mut command = cg_auth_process();
        command.args(["doctor", "--base-url", &url, "--upn", "a@b", "--transport", transport]);
        command.env("CG_AUTH_CLIENT_SECRET", "s3cret").stdout(Stdio::null()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        // The check of TCP, then the request, which the listener never answers.
        let connections = [listener.accept().unwrap(), listener.accept().unwrap()];
        assert_eq!(stop(child, Signal::INT), (Some(130), "error: interrupted\n".into()));
        drop(connections);
    }
}

#[test]
fn an_interrupt_ends_the_wait_for_standard_input_and_for_a_command() {
    let config = file(
        "slow.toml",
        "[profiles.p]\nclient_secret_command = ['sh', '-c', 'echo started >&2; exec sleep 60']\n",
    );
    let profile = ["--profile", "p", "--config", config.to_str().unwrap()];
    for arguments in
        [&["token", "--client-secret-file", "-", "-v"][..], &[&["token", "-v"][..], &profile].concat()]
    {
        let mut command = cg_auth_process();
        command.args(arguments).args(["--base-url", "http://127.0.0.1:1", "--upn", "a@b"]);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let _open = child.stdin.take();
        // The command listens for signals before it writes anything.
        let mut word = [0; 1];
        child.stderr.as_mut().unwrap().read_exact(&mut word).unwrap();
        thread::sleep(Duration::from_millis(100));
        let (code, messages) = stop(child, Signal::INT);
        assert_eq!(code, Some(130), "{messages}");
    }
}

/// A named pipe without a process at its other end.
fn pipe(name: &str) -> PathBuf {
    let path = file(name, "");
    fs::remove_file(&path).unwrap();
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    path
}

/// Whether the process `id`, by default this process, handles `signal` (`SigCgt`) or ignores it (`SigIgn`).
#[cfg(target_os = "linux")]
pub(crate) fn has(id: Option<u32>, what: &str, signal: Signal) -> bool {
    let id = id.map_or_else(|| "self".to_owned(), |id| id.to_string());
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let mask = status.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(":\t")).unwrap();
    u64::from_str_radix(mask, 16).unwrap() & (1 << (signal.as_raw() - 1)) != 0
}

/// Starts `command` and waits until it listens for signals.
#[cfg(target_os = "linux")]
fn listening(command: &mut Command) -> Child {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let is_listening = (0..500).any(|_| {
        thread::sleep(Duration::from_millis(20));
        has(Some(child.id()), "SigCgt", Signal::TERM)
    });
    assert!(is_listening, "{command:?}");
    child
}

#[cfg(target_os = "linux")]
#[test]
fn a_signal_ends_a_command_that_is_blocked_by_a_file_or_a_reader() {
    // Two pipes: with one pipe for all, the command that writes would unblock the commands that read.
    let (path, out) = (pipe("held-up"), pipe("held-up-too"));
    let (path, out) = (path.to_str().unwrap(), out.to_str().unwrap());
    let mut children: Vec<Child> = [
        &["token", "--config", path][..],
        &["token", "--upn", "a@b", "--base-url", "http://127.0.0.1:1", "--ca-file", path],
        &["emulator", "--config", path],
        &["emulator", "--tls", "--ca-out", out],
        &["emulator", "--config", path, "--", "true"],
    ]
    .into_iter()
    .map(|arguments| listening(cg_auth_process().args(arguments).env("CG_AUTH_CLIENT_SECRET", "s3cret")))
    .collect();

    // The token is longer than the capacity of a pipe, so writing it blocks.
    let token = "x".repeat(300_000);
    let body = format!(r#"{{"isSuccess":true,"value":{{"access_token":"{token}","duration":60}}}}"#);
    let mut command = cg_auth_process();
    command.args(["token", "--upn", "a@b", "--base-url", &answering(http("200 OK", "", &body))]);
    let mut child = listening(command.env("CG_AUTH_CLIENT_SECRET", "s3cret"));
    child.stdout.as_mut().unwrap().read_exact(&mut [0; 1]).unwrap();
    children.push(child);

    let stops = [(Signal::INT, 130), (Signal::TERM, 143)];
    for (child, (signal, _)) in children.iter().zip(stops.iter().cycle()) {
        kill_process(Pid::from_child(child), *signal).unwrap();
    }
    for (number, (mut child, (_, code))) in children.into_iter().zip(stops.iter().cycle()).enumerate() {
        assert_eq!(child.wait().unwrap().code(), Some(*code), "{number}");
    }
}

#[test]
fn the_third_signal_kills_a_command_that_ignores_signals() {
    let mut command = cg_auth_process();
    let script = "trap '' TERM; echo ready; while :; do sleep 0.05; done";
    command.args(["emulator", "--", "sh", "-c", script]).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert_eq!(lines.next().unwrap(), "ready");
    for _ in 0..2 {
        kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
        // Both waits together are longer than the grace period, which must not apply here.
        thread::sleep(Duration::from_millis(1100));
        assert_eq!(child.try_wait().unwrap(), None);
    }
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(143));
    assert_eq!(lines.next(), None, "no process may keep its standard output open");
}

#[cfg(target_os = "linux")]
#[test]
fn a_closed_terminal_ends_a_call_with_129_and_an_emulator_gracefully() {
    if has(None, "SigIgn", Signal::HUP) {
        eprintln!("skipped: these tests run under nohup");
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut command = cg_auth_process();
    command.args(["token", "--upn", "a@b", "--base-url", &url]).env("CG_AUTH_CLIENT_SECRET", "s3cret");
    assert_eq!(stop(listening(&mut command), Signal::HUP), (Some(129), "error: hung up\n".into()));

    let ready_file = file("hung-up-ready.json", "");
    let mut emulator = cg_auth_process();
    emulator.args(["emulator", "--ready-file", ready_file.to_str().unwrap()]);
    assert_eq!(stop(listening(&mut emulator), Signal::HUP).0, Some(0));
    assert!(!ready_file.exists());
}

#[cfg(target_os = "linux")]
#[test]
fn an_emulator_under_nohup_outlives_its_terminal() {
    let itself = assert_cmd::cargo::cargo_bin!("cg-auth");
    let mut command = Command::new("sh");
    command.args(["-c", r#"trap "" HUP; exec "$0" emulator"#]).arg(itself);
    let mut child = listening(&mut command);
    kill_process(Pid::from_child(&child), Signal::HUP).unwrap();
    thread::sleep(Duration::from_millis(300));
    assert_eq!(child.try_wait().unwrap(), None);
    assert_eq!(stop(child, Signal::TERM).0, Some(0));
}

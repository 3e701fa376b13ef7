//! Ctrl-C and SIGTERM, wherever the command is.

#![cfg(unix)]

use std::{
    fs,
    io::Read as _,
    net::TcpListener,
    path::Path,
    process::{Child, Stdio},
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::{cg_auth_process, chmod, file};

fn stop(mut child: Child, signal: Signal) -> (Option<i32>, String) {
    kill_process(Pid::from_child(&child), signal).unwrap();
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    (child.wait().unwrap().code(), told)
}

#[test]
fn an_interrupted_call_ends_with_130_and_leaves_no_temporary_file() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("interrupted");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("token"), "old").unwrap();
    chmod(&folder.join("token"), 0o600);
    for (transport, signal, code, told) in [
        ("reqwest", Signal::INT, 130, "error: interrupted\n"),
        ("hyper", Signal::INT, 130, "error: interrupted\n"),
        ("reqwest", Signal::TERM, 143, "error: terminated\n"),
    ] {
        let mut command = cg_auth_process();
        command.args(["refresh", "--update", "--base-url", &url, "--upn", "a@b", "--transport", transport]);
        command.arg("--refresh-token-file").arg(folder.join("token")).env("CG_AUTH_CLIENT_SECRET", "s3cret");
        let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        // The call is under way, and nobody will answer.
        let connection = listener.accept().unwrap();
        assert_eq!(stop(child, signal), (Some(code), told.into()));
        drop(connection);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
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
        // Its first words: the handler is there before them.
        let mut word = [0; 1];
        child.stderr.as_mut().unwrap().read_exact(&mut word).unwrap();
        thread::sleep(Duration::from_millis(100));
        let (code, told) = stop(child, Signal::INT);
        assert_eq!(code, Some(130), "{told}");
    }
}

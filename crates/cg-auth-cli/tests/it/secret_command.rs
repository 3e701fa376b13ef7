//! `client_secret_command`: its process group, its environment, and the terminal that it may read.

#![cfg(target_os = "linux")]

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use cg_auth_emulator::Emulator;
use rustix::process::{Pid, Signal, kill_process};

use crate::{
    harness::{cg_auth, cg_auth_process, emulator, file, stderr},
    terminal::at_terminal,
};

/// A configuration file with the profile `p`, whose secret is the output of `script`.
fn config(name: &str, script: &str) -> PathBuf {
    let script = script.replace('\\', "\\\\").replace('"', "\\\"");
    file(name, format!("[profiles.p]\nclient_secret_command = [\"sh\", \"-c\", \"{script}\"]\n"))
}

fn token(config: &Path) -> Command {
    let mut command = cg_auth_process();
    command.args(["token", "-p", "p", "--base-url", "http://127.0.0.1:1", "--upn", "a@b", "--config"]);
    command.arg(config).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// Whether the process with this number still runs. A zombie does not.
fn runs(pid: &str) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !status.is_empty() && !status.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z')
}

fn assert_ended(pids: &str) {
    for pid in pids.split_whitespace() {
        let has_ended = (0..500).any(|_| {
            let runs = runs(pid);
            if runs {
                thread::sleep(Duration::from_millis(20));
            }
            !runs
        });
        assert!(has_ended, "process {pid} still runs");
    }
}

/// A command with a child, a grandchild and a child that ignores SIGTERM. It writes their numbers.
const FAMILY: &str = "(trap '' TERM HUP INT; while :; do sleep 0.1; done) & ignores=$!; \
    sh -c 'sleep 300 & echo $! >&2; exec sleep 300' & \
    sleep 0.3; echo family $$ $! $ignores >&2; sleep 300";

fn family(child: &mut Child) -> String {
    let lines = BufReader::new(child.stderr.as_mut().unwrap()).lines().map(Result::unwrap);
    let mut lines = lines.filter(|line| !line.starts_with("warning: "));
    let (grandchild, line) = (lines.next().unwrap(), lines.next().unwrap());
    format!("{grandchild} {}", line.strip_prefix("family ").unwrap())
}

#[test]
fn a_signal_ends_the_command_with_its_group() {
    let config = config("family.toml", FAMILY);
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let mut child = token(&config).spawn().unwrap();
        let family = family(&mut child);
        assert_eq!(family.split_whitespace().filter(|pid| runs(pid)).count(), 4, "{family}");
        kill_process(Pid::from_child(&child), signal).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code));
        assert_ended(&family);
    }
}

#[test]
fn the_end_of_a_watch_ends_the_command_with_its_group() {
    let config = config("watched-family.toml", FAMILY);
    let mut child = token(&config).arg("--watch").spawn().unwrap();
    let family = family(&mut child);
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_ended(&family);
}

#[test]
fn a_child_in_the_background_delays_nothing_and_lives_on() {
    let emulator = emulator();
    let pid_file = file("agent-pid", "");
    let script = format!("sleep 300 & echo $! >'{}'; echo \"$SECRET\"", pid_file.display());
    let config = config("agent.toml", &script);
    let mut command = cg_auth();
    command.args(["token", "-p", "p", "--config"]).arg(&config).envs(emulator.env());
    command.env("SECRET", secret(&emulator)).env_remove("CG_AUTH_CLIENT_SECRET");
    // The child inherits standard error too, which must not be a pipe that this test reads to its end.
    let mut command: Command = into_process(&command);
    let output =
        command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap().wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let pid = fs::read_to_string(&pid_file).unwrap();
    assert!(runs(pid.trim()), "an agent that the command starts lives on");
    kill_process(Pid::from_raw(pid.trim().parse().unwrap()).unwrap(), Signal::KILL).unwrap();
}

fn into_process(command: &assert_cmd::Command) -> Command {
    let mut process = Command::new(command.get_program());
    process.args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => process.env(name, value),
            None => process.env_remove(name),
        };
    }
    process
}

fn secret(emulator: &Emulator) -> String {
    emulator.credential().client_secret().expose_secret().to_owned()
}

#[test]
fn no_secret_is_in_the_environment_of_the_command() {
    let config = config("environment.toml", "env >&2; tr '\\0' '\\n' </proc/self/environ >&2; echo x");
    let mut command = token(&config);
    command.env("CG_AUTH_REFRESH_TOKEN", "canary-1").env("CG_AUTH_ACCESS_TOKEN", "canary-2");
    command.env("CG_AUTH_PROXY", "http://user:canary-3@proxy.example:1");
    for (number, name) in
        ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy", "ftp_proxy"]
            .into_iter()
            .enumerate()
    {
        command.env(name, format!("http://canary-4{number}:canary-5{number}@proxy.example:{number}/"));
    }
    command.env("NO_PROXY", "example.com");
    let output = command.output().unwrap();
    let shown = stderr(&output);
    assert!(!shown.contains("canary"), "{shown}");
    for kept in ["HTTPS_PROXY=http://proxy.example:0/", "NO_PROXY=example.com"] {
        assert!(shown.contains(kept), "{shown}");
    }
}

/// What the command prompts with, at the terminal itself.
const PROMPT: &str = "Master password: ";

/// `cg-auth token` in a terminal, with a command that reads the secret from the terminal. `end` ends the line
/// of the shell.
fn prompting(name: &str, script: &str, start: &str, end: &str) -> String {
    format!("{start} cg-auth token -p p --config '{}' {end}", config(name, script).display())
}

#[test]
fn a_command_may_prompt_at_the_terminal_whatever_is_redirected() {
    let emulator = emulator();
    let secret = secret(&emulator);
    let read = format!(
        "stty -echo </dev/tty; printf '{PROMPT}' >/dev/tty; read line </dev/tty; stty echo </dev/tty; echo $line"
    );
    // The prompt may also come from a child of the command, as with pass and gpg.
    for (name, script) in [
        ("prompting.toml", read.clone()),
        ("nested.toml", format!("sh -c '{}'; true", read.replace('\'', "'\\''"))),
    ] {
        for end in ["", "</dev/null", "2>/dev/null", "</dev/null 2>/dev/null | cat"] {
            let line = prompting(name, &script, "", &format!("{end}; echo code $?; ps -o stat= -p $$ "));
            let Some((shown, code)) = at_terminal(&emulator, &line, PROMPT, &format!("{secret}\r")) else {
                return;
            };
            assert_eq!(code, Some(0), "{shown}");
            assert!(shown.contains("eyJ") && shown.contains("code 0"), "{end}: {shown}");
            assert!(!shown.contains(&secret), "{end}: {shown}");
            // The shell is in the foreground again.
            let state = shown.lines().last().unwrap();
            assert!(state.contains('+'), "{end}: {shown}");
        }
    }
}

#[test]
fn ctrl_c_at_the_prompt_of_a_command_interrupts_everything() {
    let emulator = emulator();
    let script = format!("stty -echo </dev/tty; printf '{PROMPT}' >/dev/tty; read line </dev/tty");
    let line =
        prompting("interrupted.toml", &script, "trap 'echo the shell too' INT;", "; echo code $?; stty -a ");
    let Some((shown, _)) = at_terminal(&emulator, &line, PROMPT, "\u{3}") else { return };
    assert!(shown.contains("code 130") && shown.contains("the shell too"), "{shown}");
    assert!(shown.contains(" interrupted\r\n"), "{shown}");
    assert!(
        shown.contains(" echo ") && shown.contains(" icanon "),
        "the terminal shows typed text again: {shown}"
    );
}

#[test]
fn a_signal_at_the_prompt_of_a_command_restores_the_terminal() {
    let emulator = emulator();
    let script = format!("stty -echo </dev/tty; printf '{PROMPT}' >/dev/tty; read line </dev/tty");
    let config = config("terminated.toml", &script);
    let line = format!(
        "timeout --foreground 2 cg-auth token -p p --config '{}'; echo code $?; stty -a; ps -o stat= -p $$ ",
        config.display()
    );
    let Some((shown, _)) = at_terminal(&emulator, &line, "never", "") else { return };
    assert!(shown.contains(PROMPT) && shown.contains("code 124"), "{shown}");
    assert!(shown.contains(" echo ") && shown.contains(" icanon "), "{shown}");
    assert!(shown.lines().last().unwrap().contains('+'), "{shown}");
}

#[test]
fn ctrl_z_at_the_prompt_of_a_command_stops_both_and_fg_continues_both() {
    let emulator = emulator();
    let secret = secret(&emulator);
    // `stty` returns once the command is in the foreground. Before that a Ctrl-Z can be lost: the signal that
    // continues a process discards a stop that is still pending.
    let script = format!("stty echo </dev/tty; printf '{PROMPT}' >/dev/tty; read line </dev/tty; echo $line");
    let config = config("suspended.toml", &script);
    // The shell has job control. After Ctrl-Z it reads the next line from the terminal, and then continues.
    let line = format!(
        "set -m; cg-auth token -p p --config '{}'; echo stopped; fg >/dev/null; echo code $? ",
        config.display()
    );
    let typed = format!("\u{1a}{secret}\r");
    let Some((shown, _)) = at_terminal(&emulator, &line, PROMPT, &typed) else { return };
    assert!(shown.contains("stopped") && shown.contains("code 0") && shown.contains("eyJ"), "{shown}");
}

#[test]
fn a_command_that_asks_nothing_leaves_the_terminal_alone() {
    let emulator = emulator();
    let script = format!("ps -o stat= -p $$ >&2; echo '{}'", secret(&emulator));
    let Some((shown, code)) = at_terminal(&emulator, &prompting("quiet.toml", &script, "", ""), "never", "")
    else {
        return;
    };
    assert_eq!(code, Some(0), "{shown}");
    assert!(!shown.lines().next().unwrap().contains('+'), "the command runs in the background: {shown}");
}

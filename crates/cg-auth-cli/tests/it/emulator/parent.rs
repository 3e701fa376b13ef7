//! `--exit-with-parent`: the emulator does not outlive the process that started it.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

use assert_cmd::cargo::cargo_bin;

use crate::harness::{cg_auth_process, file, skip_without};

/// A shell that starts the emulator in the background and then waits for its own end. The pipe is open as long
/// as the shell, the emulator or the command of the emulator lives.
fn shell_with_emulator(arguments: &str) -> (Child, BufReader<ChildStdout>) {
    let mut shell = Command::new("sh");
    let script = format!("\"$0\" emulator {arguments} 2>&1 & read -r _");
    shell.envs(cg_auth_process().get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.arg("-c").arg(script).arg(cargo_bin!("cg-auth")).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut shell = shell.spawn().unwrap();
    let output = BufReader::new(shell.stdout.take().unwrap());
    (shell, output)
}

/// Kills the shell with SIGKILL, so that it passes no signal on, and waits until every holder of the pipe has ended.
fn kill_and_wait(mut shell: Child, mut output: BufReader<ChildStdout>) {
    shell.kill().unwrap();
    shell.wait().unwrap();
    output.read_to_end(&mut Vec::new()).unwrap();
}

fn first_line(output: &mut BufReader<ChildStdout>) -> String {
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    line
}

#[test]
fn the_emulator_ends_when_its_parent_was_killed_and_removes_its_files() {
    let ready_file = file("parent-ready.json", "");
    let arguments = format!("--exit-with-parent --tls --format json --ready-file '{}'", ready_file.display());
    let (shell, mut output) = shell_with_emulator(&arguments);
    let ready: serde_json::Value = serde_json::from_str(&first_line(&mut output)).unwrap();
    let ca_file = Path::new(ready["ca_file"].as_str().unwrap()).to_owned();
    assert!(ready_file.exists() && ca_file.exists());
    kill_and_wait(shell, output);
    assert!(!ready_file.exists() && !ca_file.exists());
}

#[test]
fn a_command_that_ignores_the_signal_is_killed_when_the_parent_has_ended() {
    let command = "sh -c 'trap \"echo asked\" TERM; echo ready; while :; do sleep 0.1; done'";
    let (shell, mut output) = shell_with_emulator(&format!("--exit-with-parent -- {command}"));
    assert_eq!(first_line(&mut output), "ready\n");
    kill_and_wait(shell, output);
}

#[test]
fn the_emulator_ends_when_its_parent_had_ended_before_it_started() {
    if skip_without("setsid") {
        return;
    }
    // The inner shell becomes the emulator once the outer one has ended, whose end closes `gone`.
    let gone = file("parent-gone", "");
    std::fs::remove_file(&gone).unwrap();
    assert!(Command::new("mkfifo").arg(&gone).status().unwrap().success());
    let command = "trap exit TERM; for _ in $(seq 100); do sleep 0.1; done; echo stays";
    let script = format!(
        "(read -r _ <\"$1\"; exec \"$0\" emulator --exit-with-parent -- sh -c '{command}') & exec 9>\"$1\""
    );
    let mut shell = Command::new("setsid");
    shell.envs(cg_auth_process().get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.args(["--wait", "sh", "-c", &script]).arg(cargo_bin!("cg-auth")).arg(&gone);
    let mut shell = shell.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let output = BufReader::new(shell.stdout.take().unwrap());
    shell.wait().unwrap();
    let printed: Vec<_> = output.lines().map(Result::unwrap).collect();
    assert_eq!(printed, [""; 0], "the command was ended before it could print");
}

#[test]
fn the_emulator_stays_while_its_parent_lives() {
    let command = "sh -c 'sleep 1; echo stays; exit 0'";
    let (mut shell, mut output) = shell_with_emulator(&format!("--exit-with-parent -- {command}"));
    assert_eq!(first_line(&mut output), "stays\n");
    drop(shell.stdin.take());
    shell.wait().unwrap();
}

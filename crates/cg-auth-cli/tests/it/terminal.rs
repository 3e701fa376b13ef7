//! Prompts at a terminal, which `script` provides.

#![cfg(target_os = "linux")]

use std::{
    io::{Read as _, Write as _},
    process::{Command, Stdio},
};

use assert_cmd::cargo::cargo_bin;
use cg_auth_emulator::{Emulator, Operation};

use crate::harness::{cg_auth_process, emulator, stderr};

/// The end of every prompt for a secret.
const HIDDEN: &str = "(hidden): ";

/// Runs `cg-auth` with `arguments` in a terminal and types `typed` once it shows `prompt`. Returns everything
/// that the terminal showed, and the exit code; `None` if `script` is not installed.
pub(crate) fn at_terminal(
    emulator: &Emulator,
    arguments: &str,
    prompt: &str,
    typed: &str,
) -> Option<(String, Option<i32>)> {
    let plain = cg_auth_process();
    let mut command = Command::new("script");
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.envs(emulator.env().into_iter().filter(|(name, _)| *name != "CG_AUTH_CLIENT_SECRET"));
    // `arguments` may set variables before the program.
    let (variables, arguments) = arguments.split_once("cg-auth ").unwrap();
    let line = format!("{variables}'{}' {arguments}", cargo_bin!("cg-auth").display());
    command.args(["--quiet", "--return", "--flush", "--command", &line, "/dev/null"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let Ok(mut child) = command.spawn() else {
        eprintln!(
            "skipped: the test needs a terminal, and `script`, which provides one, is not installed here"
        );
        return None;
    };
    let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut shown = Vec::new();
    let mut piece = [0; 256];
    let mut has_typed = false;
    loop {
        match output.read(&mut piece).unwrap() {
            0 => break,
            length => shown.extend_from_slice(&piece[..length]),
        }
        if !has_typed && String::from_utf8_lossy(&shown).contains(prompt) {
            has_typed = true;
            if prompt == HIDDEN {
                // The command hides typed characters right after it has shown the prompt.
                std::thread::sleep(std::time::Duration::from_millis(200));
            }
            input.write_all(typed.as_bytes()).unwrap();
        }
    }
    drop(input);
    Some((String::from_utf8_lossy(&shown).into_owned(), child.wait().unwrap().code()))
}

#[test]
fn a_person_is_prompted_for_the_secret_which_is_not_shown() {
    let emulator = emulator();
    let secret = emulator.credential().client_secret().expose_secret();
    for arguments in ["cg-auth token", "cg-auth token --client-secret-file -"] {
        let Some((shown, code)) = at_terminal(&emulator, arguments, HIDDEN, &format!("{secret}\r")) else {
            return;
        };
        assert_eq!(code, Some(0), "{shown}");
        let prompt = "Client secret for someone@example.com at 127.0.0.1 (hidden): ";
        assert!(shown.contains(prompt) && shown.contains("eyJ"), "{shown}");
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn ctrl_c_at_the_prompt_is_130() {
    let Some((shown, code)) = at_terminal(&emulator(), "cg-auth token", HIDDEN, "\u{3}") else { return };
    assert_eq!(code, Some(130), "{shown}");
}

#[test]
fn no_input_turns_prompts_off() {
    let emulator = emulator();
    for arguments in [
        "cg-auth token --no-input",
        "CG_AUTH_NO_INPUT=1 cg-auth token",
        "cg-auth token --client-secret-file - --no-input",
        "cg-auth delete-token-cache --no-input",
    ] {
        let Some((shown, code)) = at_terminal(&emulator, arguments, HIDDEN, "\r") else { return };
        assert_eq!(code, Some(2), "{shown}");
        assert!(!shown.contains(HIDDEN) && !shown.contains("[y/N]"), "{shown}");
    }
}

#[test]
fn deleting_asks_for_confirmation() {
    let emulator = emulator();
    let file = crate::harness::file("terminal-secret", emulator.credential().client_secret().expose_secret());
    let arguments = format!("cg-auth delete-token-cache --client-secret-file '{}'", file.display());
    for (typed, code, count) in [("n\r", 1, 0), ("\r", 1, 0), ("y\r", 0, 1)] {
        let Some((shown, ended)) = at_terminal(&emulator, &arguments, "[y/N] ", typed) else { return };
        assert_eq!(ended, Some(code), "{shown}");
        assert_eq!(emulator.count(Operation::DeleteTokenCache), count, "{shown}");
        assert_eq!(shown.contains("cancelled; nothing was deleted"), count == 0, "{shown}");
    }
}

#[test]
fn a_retry_is_a_line_at_a_terminal() {
    let emulator = emulator();
    let _guard = emulator.next(Operation::GetDelegateAccessToken).refuse(429);
    let file = crate::harness::file("retried-secret", emulator.credential().client_secret().expose_secret());
    let arguments = format!("cg-auth token --client-secret-file '{}'", file.display());
    let Some((shown, code)) = at_terminal(&emulator, &arguments, "never", "") else { return };
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!(shown.matches("429, next attempt in ").count(), 1, "{shown}");
}

#[test]
fn colours_are_shown_at_a_terminal_unless_no_color_is_set() {
    let emulator = emulator();
    for (arguments, has_colours) in
        [("cg-auth token --no-input", true), ("NO_COLOR=1 cg-auth token --no-input", false)]
    {
        let Some((shown, _)) = at_terminal(&emulator, arguments, "never", "") else { return };
        assert!(shown.contains("error"), "{shown}");
        assert_eq!(shown.contains('\u{1b}'), has_colours, "{shown:?}");
    }
    let piped = cg_auth_process().arg("token").output().unwrap();
    assert!(!stderr(&piped).contains('\u{1b}'));
}

#[test]
fn ctrl_c_reaches_the_command_of_an_emulator_once_whatever_is_redirected() {
    let script = "trap \"echo caught >/dev/tty\" INT; echo ready >/dev/tty; sleep 0.5; sleep 0.5; exit 5";
    for redirection in [
        "",
        "</dev/null",
        ">/dev/null",
        "2>/dev/null",
        "</dev/null >/dev/null",
        "</dev/null 2>/dev/null",
        "</dev/null >/dev/null 2>/dev/null",
        "<&- 2>&-",
    ] {
        // Without `exec`, a shell such as dash stays in the foreground and dies of the same Ctrl-C.
        let arguments = format!("exec cg-auth emulator -- sh -c '{script}' {redirection}");
        let Some((shown, code)) = at_terminal(&emulator(), &arguments, "ready", "\u{3}") else { return };
        assert_eq!((code, shown.matches("caught").count()), (Some(5), 1), "{redirection}: {shown}");
    }
}

#[test]
fn ctrl_c_of_another_process_reaches_the_command_of_an_emulator_in_the_background() {
    let script = "trap \"echo caught >/dev/tty\" INT; echo ready >/dev/tty; sleep 0.5; sleep 0.5; exit 5";
    // With job control the emulator is in a group of its own, which the terminal does not signal.
    let arguments = format!(
        "set -m; cg-auth emulator -- sh -c '{script}' & sleep 1; kill -INT $!; wait $!; echo code $? "
    );
    let Some((shown, _)) = at_terminal(&emulator(), &arguments, "never", "") else { return };
    let caught = shown.lines().filter(|line| line.trim() == "caught").count();
    assert!(shown.contains("code 5") && caught == 1, "{shown}");
}

#[test]
fn a_signal_at_the_prompt_restores_the_terminal() {
    // `timeout` sends SIGTERM to the command only.
    let arguments = "timeout --foreground 1.5 cg-auth token; echo ended $?; stty -a; true ";
    let Some((shown, _)) = at_terminal(&emulator(), arguments, "never", "") else { return };
    assert!(shown.contains(HIDDEN) && shown.contains("ended "), "{shown}");
    assert!(shown.contains(" icanon ") && shown.contains(" echo "), "{shown}");
}

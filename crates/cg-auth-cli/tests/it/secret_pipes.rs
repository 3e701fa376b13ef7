//! A secret on a named pipe, a process substitution or another stream that can be read only once.

#![cfg(unix)]

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use assert_cmd::cargo::cargo_bin;
use cg_auth_emulator::{Emulator, Operation};

use crate::harness::{
    block_on, cg_auth_process, emulator, file, refresh_token_of, stderr, stdout, token_from, with_emulator,
};

/// A named pipe.
pub(crate) fn pipe(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_file(&path);
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    path
}

fn secret(emulator: &Emulator) -> String {
    emulator.credential().client_secret().expose_secret().to_owned()
}

/// Tokens that a watch has to renew at once.
fn with_short_tokens() -> Emulator {
    block_on(Emulator::builder().token_lifetime(Duration::from_secs(2)).start()).unwrap()
}

#[test]
fn a_named_pipe_is_read_once_and_kept_by_a_watch() {
    let emulator = with_short_tokens();
    // Without refresh tokens, each acquisition needs the secret.
    let _refused = emulator.next(Operation::RefreshUserAccessToken).always().refuse(400);
    let path = pipe("secret-pipe");
    let mut command = cg_auth_process();
    command.args(["token", "--watch", "--retries", "0", "--client-secret-file"]).arg(&path);
    command.envs(emulator.env()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let writer = fs::write(&path, secret(&emulator) + "\n");
    writer.unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for _ in 0..3 {
        assert!(lines.next().unwrap().unwrap().contains("access_token"));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(emulator.count(Operation::GetDelegateAccessToken) >= 3);
}

#[test]
fn the_refresh_token_is_read_from_a_named_pipe() {
    let emulator = emulator();
    let path = pipe("refresh-token-pipe");
    let token = refresh_token_of(&emulator);
    let writer = thread::spawn({
        let path = path.clone();
        move || fs::write(path, token).unwrap()
    });
    let output = with_emulator(&emulator, &["refresh", "--refresh-token-file"]).arg(&path).output().unwrap();
    writer.join().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn a_process_substitution_gives_the_secret_also_to_a_watch() {
    let emulator = with_short_tokens();
    for (name, arguments) in [("once", ""), ("watch", "--watch")] {
        let script = format!(
            r#""$0" token {arguments} --client-secret-file <(printf '%s\n' "$SECRET") | head -n 3; exit "${{PIPESTATUS[0]}}""#
        );
        let mut command = Command::new("bash");
        command.args(["-c", &script]).arg(cargo_bin!("cg-auth")).envs(emulator.env());
        command.env_remove("CG_AUTH_CLIENT_SECRET").env("SECRET", secret(&emulator));
        let Ok(output) = command.output() else {
            eprintln!("skipped: bash is not installed here");
            return;
        };
        let lines = if name == "once" { 1 } else { 3 };
        assert_eq!(stdout(&output).lines().count(), lines, "{name}: {}", stderr(&output));
    }
}

#[test]
fn a_descriptor_and_standard_input_are_named_as_files() {
    let emulator = emulator();
    let path = file("secret-on-descriptor", secret(&emulator));
    for (number, redirection) in [(5, "5<"), (0, "<")] {
        let script = format!(r#"exec "$0" token --client-secret-file /dev/fd/{number} {redirection}"$1""#);
        let mut command = Command::new("sh");
        command.args(["-c", &script]).arg(cargo_bin!("cg-auth")).arg(&path).envs(emulator.env());
        let output = command.env_remove("CG_AUTH_CLIENT_SECRET").output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{number}: {}", stderr(&output));
    }
}

#[test]
fn a_byte_order_mark_before_a_secret_or_a_refresh_token_is_dropped() {
    let emulator = emulator();
    let marked = |name: &str, text: String| file(name, format!("\u{feff}{text}\r\n"));
    let secret_file = marked("secret-bom", secret(&emulator));
    let token_file = marked("refresh-token-bom", refresh_token_of(&emulator));
    let config = file(
        "bom.toml",
        "\u{feff}[profiles.p]\nclient_secret_command = ['sh', '-c', 'printf \"\\357\\273\\277%s\" \"$SECRET\"']\n",
    );
    let mut commands = [
        token_from(&emulator),
        token_from(&emulator),
        token_from(&emulator),
        with_emulator(&emulator, &["refresh", "--update"]),
    ];
    commands[0].arg("--client-secret-file").arg(&secret_file);
    commands[1].args(["--client-secret-file", "-"]).write_stdin(fs::read(&secret_file).unwrap());
    commands[2].args(["-p", "p", "--config"]).arg(&config).env("SECRET", secret(&emulator));
    commands[2].env_remove("CG_AUTH_CLIENT_SECRET");
    commands[3].arg("--refresh-token-file").arg(&token_file);
    for (number, command) in commands.iter_mut().enumerate() {
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{number}: {}", stderr(&output));
    }
    assert!(!fs::read_to_string(&token_file).unwrap().starts_with('\u{feff}'));
}

#[test]
fn a_secret_in_utf_16_is_refused_with_the_way_out() {
    let mut text = vec![0xff, 0xfe];
    text.extend("canary".encode_utf16().flat_map(u16::to_le_bytes));
    let path = file("secret-utf16", text);
    let output = token_from(&emulator()).arg("--client-secret-file").arg(path).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("UTF-16 text; save it as UTF-8"), "{}", stderr(&output));
}

#[test]
fn a_signal_ends_the_wait_for_a_pipe_that_nobody_writes() {
    use rustix::process::{Pid, Signal, kill_process};
    let path = pipe("silent-pipe");
    for arguments in [&["token"][..], &["token", "--watch"], &["refresh"]] {
        let mut command = cg_auth_process();
        command.args(arguments).args(["-v", "--base-url", "http://127.0.0.1:1", "--upn", "a@b"]);
        command.arg("--client-secret-file").arg(&path).env("CG_AUTH_REFRESH_TOKEN", "x");
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        // The settings are logged before the secret is read, and the signal is listened to before that.
        assert!(log.any(|line| line.unwrap().contains("timeout: ")));
        kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
        let code = if arguments.contains(&"--watch") { 0 } else { 143 };
        assert_eq!(child.wait().unwrap().code(), Some(code), "{arguments:?}");
    }
    // A writer that comes too late finds no reader.
    assert!(fs::File::options().write(true).read(true).open(&path).unwrap().write_all(b"x").is_ok());
}

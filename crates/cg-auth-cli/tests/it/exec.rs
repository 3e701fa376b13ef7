//! `cg-auth exec`: what its command inherits, and what it does not.

#![cfg(unix)]

use std::{
    io::{BufRead as _, BufReader},
    os::unix::process::ExitStatusExt as _,
    process::{Child, Stdio},
    time::Duration,
};

use cg_auth_emulator::Emulator;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::harness::{
    answering, block_on, cg_auth, cg_auth_process, chmod, emulator, file, http, json_error, stderr, stdout,
    with_emulator,
};

/// Runs `script` in a shell with a token of `emulator`. `options` stand before the command.
fn exec(emulator: &Emulator, options: &[&str], script: &str) -> assert_cmd::Command {
    with_emulator(emulator, &[&["exec"], options, &["--", "sh", "-c", script]].concat())
}

#[test]
fn a_command_gets_a_token_that_the_service_accepts_over_each_transport() {
    let itself = assert_cmd::cargo::cargo_bin!("cg-auth");
    let ask = "curl -fsS ${CG_AUTH_CA_FILE:+--cacert \"$CG_AUTH_CA_FILE\"} \
        -H \"Authorization: Bearer $CG_AUTH_ACCESS_TOKEN\" \"$CG_AUTH_PROTECTED_URL\"";
    for tls in [&[][..], &["--tls"]] {
        for transport in ["reqwest", "hyper"] {
            let mut command = cg_auth();
            command.arg("emulator").args(tls).arg("--").arg(itself);
            let output =
                command.args(["exec", "--transport", transport, "--", "sh", "-c", ask]).output().unwrap();
            assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()), "{transport}");
            let answer: Value = serde_json::from_str(&stdout(&output)).unwrap();
            assert_eq!(answer["userPrincipalName"], "someone@example.com");
        }
    }
}

#[test]
fn a_python_program_gets_the_token_and_its_expiry() {
    let emulator = emulator();
    let program = "import datetime, json, os, urllib.request\n\
        headers = {'Authorization': 'Bearer ' + os.environ['CG_AUTH_ACCESS_TOKEN']}\n\
        request = urllib.request.Request(os.environ['CG_AUTH_BASE_URL'] + '/me', headers=headers)\n\
        body = json.load(urllib.request.urlopen(request))\n\
        ours, its = os.environ['CG_AUTH_ACCESS_TOKEN_EXPIRES_AT'], body['expiresAt']\n\
        read = lambda text: datetime.datetime.strptime(text, '%Y-%m-%dT%H:%M:%SZ')\n\
        print(body['userPrincipalName'], (read(its) - read(ours)).total_seconds() in (0, 1, 2))\n";
    let output = with_emulator(&emulator, &["exec", "--", "python3", "-c", program]).output().unwrap();
    assert_eq!(stdout(&output), "someone@example.com True\n", "{}", stderr(&output));
}

#[test]
fn the_token_is_in_the_variable_that_was_named() {
    let script = "echo \"${GH_TOKEN%%.*} ${#GH_TOKEN_EXPIRES_AT} ${CG_AUTH_ACCESS_TOKEN-unset}\"";
    let emulator = emulator();
    let mut command = exec(&emulator, &["--env", "GH_TOKEN"], script);
    // The token of an outer `cg-auth exec` may have expired.
    command.env("CG_AUTH_ACCESS_TOKEN", "stale").env("CG_AUTH_ACCESS_TOKEN_EXPIRES_AT", "stale");
    let printed = stdout(&command.output().unwrap());
    assert!(printed.starts_with("eyJ") && printed.ends_with(" 20 unset\n"), "{printed}");

    for name in ["", "A=B", "9X", "CG_AUTH_CLIENT_SECRET"] {
        let output = exec(&emulator, &["--env", name], "true").output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{name}");
    }
}

#[test]
fn a_token_of_unknown_lifetime_has_an_empty_expiry() {
    let answer = r#"{"value":{"access_token":"opaque","duration":0},"isSuccess":true}"#;
    let url = answering(http("200 OK", "", answer));
    let mut command = cg_auth();
    command.args(["exec", "--base-url", &url, "--upn", "a@b", "--retries", "0"]);
    command.args(["--", "sh", "-c", "echo \"$CG_AUTH_ACCESS_TOKEN [$CG_AUTH_ACCESS_TOKEN_EXPIRES_AT]\""]);
    // A stale expiry must not stay beside the new token.
    command.env("CG_AUTH_CLIENT_SECRET", "s3cret").env("CG_AUTH_ACCESS_TOKEN_EXPIRES_AT", "stale");
    let output = command.output().unwrap();
    assert_eq!((stdout(&output).as_str(), stderr(&output).as_str()), ("opaque []\n", ""));
}

#[test]
fn no_secret_reaches_the_environment_of_the_command() {
    const CANARY: &str = "canary-4f1d";
    let secret = file("exec-secret", "");
    let emulator = emulator();
    std::fs::write(&secret, emulator.credential().client_secret().expose_secret()).unwrap();
    let login = format!("http://user:{CANARY}@127.0.0.1:1");
    let secret = secret.to_str().unwrap();
    let mut command = exec(
        &emulator,
        &["--client-secret-file", secret, "--proxy", "none"],
        "tr '\\0' '\\n' </proc/$$/environ; tr '\\0' '\\n' </proc/$$/cmdline; env",
    );
    for name in [
        "CG_AUTH_CLIENT_SECRET",
        "CG_AUTH_REFRESH_TOKEN",
        "CG_AUTH_ACCESS_TOKEN",
        "CG_AUTH_CONTROL_TOKEN",
        "CG_AUTH_ADMINISTRATOR_SECRET",
        "CG_AUTH_PLAIN_USER_SECRET",
    ] {
        command.env(name, CANARY);
    }
    command.env("CG_AUTH_CLIENT_SECRET_FILE", format!("/{CANARY}"));
    for name in ["CG_AUTH_PROXY", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "http_proxy"] {
        command.env(name, &login);
    }
    command.env("npm_config_proxy", format!("user:{CANARY}@127.0.0.1:1")).env("KEPT", "yes");
    command.env("FTP_PROXY", "http://127.0.0.1:2").env("NO_PROXY", "internal.example");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let printed = stdout(&output);
    assert!(!printed.contains(CANARY), "{printed}");
    assert!(!printed.contains(emulator.credential().client_secret().expose_secret()), "{printed}");
    let lines: Vec<_> = printed.lines().collect();
    for kept in [
        "KEPT=yes",
        "HTTPS_PROXY=http://127.0.0.1:1",
        "all_proxy=http://127.0.0.1:1",
        "npm_config_proxy=127.0.0.1:1",
        "FTP_PROXY=http://127.0.0.1:2",
        "NO_PROXY=internal.example",
    ] {
        assert!(lines.contains(&kept), "{kept}: {printed}");
    }
    for removed in [
        "CG_AUTH_PROXY=",
        "CG_AUTH_CLIENT_SECRET",
        "CG_AUTH_REFRESH_TOKEN",
        "CG_AUTH_CONTROL_TOKEN",
        "CG_AUTH_ADMINISTRATOR_SECRET",
        "CG_AUTH_PLAIN_USER_SECRET",
    ] {
        assert!(!printed.contains(removed), "{removed}: {printed}");
    }
}

#[test]
fn the_log_and_the_arguments_hold_neither_secret_nor_token() {
    let emulator = emulator();
    let output = exec(&emulator, &["-v"], "tr '\\0' ' ' </proc/$$/cmdline").output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(stderr(&output).contains("base URL: "), "{}", stderr(&output));
    for secret in [emulator.credential().client_secret().expose_secret(), "eyJ"] {
        assert!(
            !stderr(&output).contains(secret) && !stdout(&output).contains(secret),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn the_exit_code_and_the_killing_signal_are_the_commands_own() {
    let emulator = emulator();
    for code in [0, 1, 7, 126, 200] {
        let output = exec(&emulator, &[], &format!("exit {code}")).output().unwrap();
        assert_eq!((output.status.code(), stderr(&output)), (Some(code), String::new()));
    }
    for signal in [Signal::KILL, Signal::TERM, Signal::PIPE] {
        let output = exec(&emulator, &[], &format!("kill -{} $$", signal.as_raw())).output().unwrap();
        assert_eq!(output.status.signal(), Some(signal.as_raw()), "no code in place of the signal");
    }
}

#[test]
fn a_command_that_cannot_run_has_the_codes_of_shells() {
    let emulator = emulator();
    let not_executable = file("not-executable", "#!/bin/sh\n");
    let without_interpreter = file("without-interpreter", "exit 9\n");
    chmod(&without_interpreter, 0o700);
    for (program, code) in [
        ("/does/not/exist", 127),
        ("no-such-command-4f1d", 127),
        ("", 127),
        ("/", 126),
        (not_executable.to_str().unwrap(), 126),
        // The operating system cannot run it, so a shell does.
        (without_interpreter.to_str().unwrap(), 9),
    ] {
        let output = with_emulator(&emulator, &["exec", "--", program]).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{program}");
        let error = format!("error: cannot run the command {program}");
        assert!(code == 9 || stderr(&output).starts_with(error.trim_end()), "{}", stderr(&output));
    }
    let command = ["exec", "--error-format", "json", "--", "/does/not/exist"];
    let output = with_emulator(&emulator, &command).output().unwrap();
    assert_eq!(json_error(&output)["kind"], "command");
}

#[test]
fn no_command_is_started_without_a_token() {
    let marker = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("exec-started");
    let _ = std::fs::remove_file(&marker);
    let refused = http("400 Bad Request", "", r#"{"message":["refused"]}"#);
    let rejected = http("200 OK", "", r#"{"isSuccess":false,"errorMsg":"no"}"#);
    for transport in ["reqwest", "hyper"] {
        for (url, code) in [
            (answering(refused.clone()), 3),
            (answering(rejected.clone()), 3),
            (answering(http("200 OK", "", "nonsense")), 4),
            ("http://127.0.0.1:1".to_owned(), 5),
            (answering(None), 6),
            ("ftp://127.0.0.1".to_owned(), 2),
        ] {
            let mut command = cg_auth();
            command.args(["exec", "--base-url", &url, "--upn", "a@b", "--retries", "0"]);
            command.args(["--transport", transport, "--timeout", "2s", "--", "touch"]).arg(&marker);
            let output = command.env("CG_AUTH_CLIENT_SECRET", "s3cret").output().unwrap();
            assert_eq!(output.status.code(), Some(code), "{transport} {url}: {}", stderr(&output));
            assert!(!marker.exists(), "{transport} {url}");
        }
    }
    for arguments in [&["exec"][..], &["exec", "--"], &["exec", "true"]] {
        assert_eq!(cg_auth().args(arguments).output().unwrap().status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn a_token_with_a_short_life_causes_a_warning_that_names_the_proxy() {
    let short = Emulator::builder().token_lifetime(Duration::from_secs(120));
    let short = block_on(short.start()).unwrap();
    let output = exec(&short, &[], "true").output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let warning = stderr(&output);
    assert!(warning.starts_with("warning: the access token expires in "), "{warning}");
    assert!(warning.contains("cg-auth proxy"), "{warning}");
    let output = exec(&short, &["--error-format", "json"], "true").output().unwrap();
    let warning: Value = serde_json::from_str(&stderr(&output)).unwrap();
    assert!(warning["warning"].as_str().unwrap().contains("cg-auth proxy"));
    let long = emulator();
    assert_eq!(stderr(&exec(&long, &[], "true").output().unwrap()), "");
}

#[test]
fn standard_input_is_the_commands() {
    let emulator = emulator();
    let output = exec(&emulator, &[], "cat").write_stdin("first\nsecond\n").output().unwrap();
    assert_eq!(stdout(&output), "first\nsecond\n");
    // A secret from standard input leaves nothing for the command.
    let secret = emulator.credential().client_secret().expose_secret();
    let mut command = exec(&emulator, &["--client-secret-file", "-"], "cat; echo end");
    let output = command.env_remove("CG_AUTH_CLIENT_SECRET").write_stdin(secret).output().unwrap();
    assert_eq!((stdout(&output).as_str(), stderr(&output).as_str()), ("end\n", ""));
}

#[cfg(target_os = "linux")]
#[test]
fn signals_are_as_the_command_would_have_had_them_without_cg_auth() {
    let emulator = emulator();
    let itself = assert_cmd::cargo::cargo_bin!("cg-auth");
    for before in ["true", "trap '' HUP", "trap '' INT QUIT", "trap '' HUP INT TERM USR1"] {
        let signals = |prefix: &str| {
            let script = format!("{before}; {prefix} grep ^Sig[BIC] /proc/self/status");
            let mut shell = std::process::Command::new("sh");
            let output = shell.args(["-c", &script]).envs(emulator.env()).output().unwrap();
            assert!(output.status.success(), "{}", stderr(&output));
            // The C library uses the signals from 32 on for itself.
            let known = |line: &str| {
                let (name, mask) = line.split_once(":\t").unwrap();
                (name.to_owned(), u64::from_str_radix(mask, 16).unwrap() & 0x7fff_ffff)
            };
            stdout(&output).lines().map(known).collect::<Vec<_>>()
        };
        for transport in ["reqwest", "hyper"] {
            let prefix = format!("{} exec --transport {transport} --", itself.display());
            assert_eq!(signals(&prefix), signals("env"), "{before}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_command_inherits_the_descriptors_of_its_caller_and_no_others() {
    let emulator = block_on(Emulator::builder().tls().start()).unwrap();
    let ca_file = file("exec-ca.pem", emulator.ca_pem().unwrap());
    let itself = assert_cmd::cargo::cargo_bin!("cg-auth");
    let descriptors = |prefix: &str| {
        let script = format!("exec 7</dev/null; exec {prefix} ls /proc/self/fd");
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", &script]).envs(emulator.env()).env("CG_AUTH_CA_FILE", &ca_file);
        let output = shell.stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        stdout(&output)
    };
    for transport in ["reqwest", "hyper"] {
        let of_command = descriptors(&format!("{} exec --transport {transport} --", itself.display()));
        assert_eq!(of_command, descriptors("env"));
        assert!(of_command.lines().any(|line| line == "7"), "{of_command}");
    }
}

/// Starts a command and returns it with its first line.
fn started(emulator: &Emulator, script: &str) -> (Child, BufReader<std::process::ChildStdout>, String) {
    let mut command = cg_auth_process();
    command.args(["exec", "--", "sh", "-c", script]).envs(emulator.env());
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    (child, output, line)
}

#[test]
fn a_signal_reaches_the_command_itself() {
    let emulator = emulator();
    for (name, signal) in [
        ("INT", Signal::INT),
        ("TERM", Signal::TERM),
        ("HUP", Signal::HUP),
        ("USR1", Signal::USR1),
        ("QUIT", Signal::QUIT),
    ] {
        let script = format!("trap 'echo caught; exit 5' {name}; echo $$; while :; do sleep 0.05; done");
        let (mut child, mut output, first) = started(&emulator, &script);
        assert_eq!(first.trim(), child.id().to_string(), "the command has taken the place of cg-auth");
        kill_process(Pid::from_child(&child), signal).unwrap();
        let mut second = String::new();
        output.read_line(&mut second).unwrap();
        assert_eq!((second.as_str(), child.wait().unwrap().code()), ("caught\n", Some(5)), "{name}");

        // Without a handler the signal ends the command.
        let (mut child, _output, _) = started(&emulator, "echo ready; exec sleep 60");
        kill_process(Pid::from_child(&child), signal).unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(signal.as_raw()), "{name}");
    }
}

#[test]
fn a_signal_before_the_token_ends_cg_auth_and_no_command_is_started() {
    let marker = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("exec-interrupted");
    let _ = std::fs::remove_file(&marker);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    for transport in ["reqwest", "hyper"] {
        for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
            let mut command = cg_auth_process();
            command.args(["exec", "--base-url", &url, "--upn", "a@b", "--transport", transport]);
            command.args(["--", "touch"]).arg(&marker).env("CG_AUTH_CLIENT_SECRET", "s3cret");
            let mut child = command.stderr(Stdio::null()).spawn().unwrap();
            let _connection = listener.accept().unwrap();
            kill_process(Pid::from_child(&child), signal).unwrap();
            assert_eq!(child.wait().unwrap().code(), Some(code), "{transport} {signal:?}");
            assert!(!marker.exists());
        }
    }
}

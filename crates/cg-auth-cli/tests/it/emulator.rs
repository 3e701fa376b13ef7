//! `cg-auth emulator`: its output, and the commands that it runs.

mod clock;
mod front;
#[cfg(unix)]
mod parent;
#[cfg(unix)]
mod shells;
#[cfg(unix)]
mod trust;
#[cfg(unix)]
mod users;

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Child, Stdio},
};

use serde_json::Value;

use crate::harness::{cg_auth, cg_auth_process, file, stderr, stdout};

/// A running emulator that has printed its first line.
struct Running {
    child: Child,
    first_line: String,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        Self::start_with(arguments, &[])
    }

    fn start_with(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = cg_auth_process();
        let mut child = command
            .envs(variables.iter().copied())
            .arg("emulator")
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first_line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first_line).unwrap();
        Self { child, first_line }
    }

    fn ready(&self) -> Value {
        serde_json::from_str(&self.first_line).unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_command_gets_a_token_from_the_emulator_over_each_transport() {
    let cg_auth_itself = assert_cmd::cargo::cargo_bin!("cg-auth");
    for transport in ["reqwest", "hyper"] {
        for tls in [&[][..], &["--tls"]] {
            let mut command = cg_auth();
            // These settings would point the command at another service.
            command.env("CG_AUTH_CLIENT_SECRET", "x").env("CG_AUTH_BASE_URL", "commercial");
            command
                .env("CG_AUTH_PROFILE", "x")
                .env("CG_AUTH_CLIENT_SECRET_FILE", "/x")
                .env("CG_AUTH_CA_FILE", "/x")
                .env("CG_AUTH_STORE", "redis://:canary@localhost:1");
            command.arg("emulator").args(tls).arg("--").arg(cg_auth_itself);
            let output =
                command.args(["token", "--format", "json", "--transport", transport]).output().unwrap();
            assert_eq!(
                (output.status.code(), stderr(&output)),
                (Some(0), String::new()),
                "{transport} {tls:?}"
            );
            assert_eq!(stdout(&output).lines().count(), 1, "nothing but the command's own line");
            let printed: Value = serde_json::from_str(&stdout(&output)).unwrap();
            let scheme = if tls.is_empty() { "http://127" } else { "https://127" };
            assert!(printed["base_url"].as_str().unwrap().starts_with(scheme), "{printed}");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_command_is_told_where_the_protected_resource_and_the_control_api_are() {
    for tls in [&[][..], &["--tls"]] {
        let mut command = cg_auth();
        command.arg("emulator").args(tls).args([
            "--",
            "printenv",
            "CG_AUTH_BASE_URL",
            "CG_AUTH_PROTECTED_URL",
            "CG_AUTH_CONTROL_URL",
        ]);
        command.env("CG_AUTH_CONTROL_URL", "http://elsewhere.example");
        let output = command.env("CG_AUTH_PROTECTED_URL", "http://elsewhere.example").output().unwrap();
        let printed = stdout(&output);
        let base_url = printed.lines().next().unwrap();
        assert_eq!(printed, format!("{base_url}\n{base_url}/me\n{base_url}/_emulator\n"));
    }
}

#[cfg(unix)]
#[test]
fn the_exit_code_of_a_command_is_passed_on() {
    for (script, code) in [("exit 0", 0), ("exit 7", 7), ("exit 200", 200), ("kill -KILL $$", 137)] {
        let output =
            cg_auth().args(["emulator", "--format", "json", "--", "sh", "-c", script]).output().unwrap();
        assert_eq!(
            (output.status.code(), stdout(&output), stderr(&output)),
            (Some(code), String::new(), String::new())
        );
    }
    for (program, code) in [("/does/not/exist", 127), ("/", 126)] {
        let output = cg_auth().args(["emulator", "--", program]).output().unwrap();
        assert_eq!((output.status.code(), stdout(&output)), (Some(code), String::new()));
        assert!(stderr(&output).starts_with("error: cannot run the command "), "{}", stderr(&output));
    }
}

#[test]
fn the_request_log_of_a_command_appears_with_v_only() {
    let cg_auth_itself = assert_cmd::cargo::cargo_bin!("cg-auth");
    let output = cg_auth().args(["emulator", "-v", "--"]).arg(cg_auth_itself).arg("token").output().unwrap();
    assert!(stderr(&output).contains("200  POST   /auth/token/delegate"), "{}", stderr(&output));
    assert_eq!(stdout(&output).lines().count(), 1);
    let mut command = cg_auth();
    command.args(["emulator", "-v", "--error-format", "json", "--"]).arg(cg_auth_itself).arg("token");
    let log = stderr(&command.output().unwrap());
    let request = log.lines().find(|line| line.starts_with("{\"request\"")).unwrap();
    let request: Value = serde_json::from_str(request).unwrap();
    assert_eq!(request["request"]["operation"], "get_delegate_access_token");
}

#[test]
fn the_output_is_export_lines_or_one_object() {
    let exports = Running::start(&[]);
    assert!(
        exports.first_line.starts_with("export CG_AUTH_BASE_URL='http://127.0.0.1:"),
        "{}",
        exports.first_line
    );

    let ca_file = file("announced-ca.pem", "");
    let tls = Running::start(&["--format", "json", "--tls", "--ca-out", ca_file.to_str().unwrap()]);
    let ready = tls.ready();
    assert_eq!(ready["ca_file"], ca_file.to_str().unwrap());
    assert!(fs::read_to_string(&ca_file).unwrap().contains("BEGIN CERTIFICATE"));
    let output = cg_auth()
        .args(["token", "--base-url", ready["base_url"].as_str().unwrap(), "--ca-file"])
        .arg(&ca_file)
        .args(["--upn", ready["user_principal_name"].as_str().unwrap()])
        .env("CG_AUTH_CLIENT_SECRET", ready["client_secret"].as_str().unwrap())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[cfg(unix)]
#[test]
fn either_signal_stops_the_emulator_gracefully_and_removes_the_ready_file() {
    use rustix::process::{Pid, Signal, kill_process};
    for signal in [Signal::INT, Signal::TERM] {
        let ready_file = file("stopped-ready.json", "stale");
        let mut running = Running::start(&["--format", "json", "--ready-file", ready_file.to_str().unwrap()]);
        assert_eq!(fs::read_to_string(&ready_file).unwrap(), running.first_line);
        kill_process(Pid::from_child(&running.child), signal).unwrap();
        assert_eq!(running.child.wait().unwrap().code(), Some(0), "{signal:?}");
        assert!(!ready_file.exists());
    }
}

#[cfg(unix)]
#[test]
fn an_emulator_leaves_the_ready_file_of_another_one() {
    use rustix::process::{Pid, Signal, kill_process};
    let path = file("shared-ready.json", "stale");
    let start = || Running::start(&["--format", "json", "--ready-file", path.to_str().unwrap()]);
    let (mut first, mut second) = (start(), start());
    assert_ne!(first.ready()["base_url"], second.ready()["base_url"]);
    for (emulator, left) in [(&mut first, Some(second.first_line.clone())), (&mut second, None)] {
        kill_process(Pid::from_child(&emulator.child), Signal::TERM).unwrap();
        assert_eq!(emulator.child.wait().unwrap().code(), Some(0));
        assert_eq!(fs::read_to_string(&path).ok(), left);
    }
}

#[cfg(unix)]
#[test]
fn a_command_that_starts_another_emulator_reaches_that_one() {
    let itself = assert_cmd::cargo::cargo_bin!("cg-auth");
    let show = "echo $CG_AUTH_BASE_URL $CG_AUTH_CONTROL_URL $SSL_CERT_FILE; \"$0\" token | \"$0\" inspect --format json";
    let script = format!("\"$0\" emulator --seed 2 --tls -- sh -c '{show}' \"$0\"; {show}");
    let mut command = cg_auth();
    command.env("SSL_CERT_FILE", "own").args(["emulator", "--seed", "1", "--", "sh", "-c", &script]);
    let output = command.arg(itself).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let printed = stdout(&output);
    let lines: Vec<_> = printed.lines().collect();
    assert_eq!(lines.len(), 4, "{printed}");
    assert!(lines[0].starts_with("https://") && !lines[0].ends_with(" own"), "{printed}");
    assert!(lines[2].starts_with("http://") && lines[2].ends_with(" own"), "{printed}");
    for (line, seed) in [(lines[1], "2"), (lines[3], "1")] {
        let inspected: Value = serde_json::from_str(line).unwrap();
        assert_eq!(inspected["claims"]["jti"].to_string(), first_token_id(&["--seed", seed]));
    }
}

#[cfg(unix)]
#[test]
fn signals_reach_the_command() {
    use rustix::process::{Pid, Signal, kill_process};
    for (signal, name) in [(Signal::INT, "INT"), (Signal::TERM, "TERM")] {
        let script = format!("trap 'echo caught; exit 5' {name}; echo ready; while :; do sleep 0.05; done");
        let mut command = cg_auth_process();
        command.args(["emulator", "--", "sh", "-c", &script]).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        assert_eq!(lines.next().unwrap(), "ready");
        kill_process(Pid::from_child(&child), signal).unwrap();
        assert_eq!(lines.next().unwrap(), "caught");
        assert_eq!(child.wait().unwrap().code(), Some(5));
    }
}

#[test]
fn the_same_seed_issues_the_same_tokens() {
    let start = || first_token_id(&["--seed", "7"]);
    assert_eq!(start(), start());
    assert_ne!(start(), first_token_id(&["--seed", "8"]));
}

/// The `jti` of the first token that an emulator with `arguments` issues.
fn first_token_id(arguments: &[&str]) -> String {
    let itself = assert_cmd::cargo::cargo_bin!("cg-auth");
    let mut command = cg_auth();
    let output = command.arg("emulator").args(arguments).arg("--").arg(itself).arg("token").output().unwrap();
    let output = cg_auth().args(["inspect", "--format", "json"]).write_stdin(output.stdout).output().unwrap();
    serde_json::from_str::<Value>(&stdout(&output)).unwrap()["claims"]["jti"].to_string()
}

#[test]
fn the_emulators_configuration_file_is_read_and_flags_win() {
    let config = file(
        "emulator.toml",
        "listen = '192.0.2.1:1'\ntls = true\ntoken_lifetime = '5m'\nrefusals = 'is_success_false'\n\
         [[users]]\nuser_principal_name = 'one@example.com'\nclient_secret = 'one'\n",
    );
    let arguments = ["--format", "json", "--listen", "127.0.0.1:0", "--config", config.to_str().unwrap()];
    let ready = Running::start(&arguments);
    let announced = ready.ready();
    assert_eq!(announced["user_principal_name"], "one@example.com");
    let token = |secret: &str| {
        let mut command = cg_auth();
        command.args(["token", "--format", "json", "--upn", "one@example.com", "--base-url"]);
        command.arg(announced["base_url"].as_str().unwrap());
        command
            .env("CG_AUTH_CA_FILE", announced["ca_file"].as_str().unwrap())
            .env("CG_AUTH_CLIENT_SECRET", secret);
        command.output().unwrap()
    };
    let printed: Value = serde_json::from_str(&stdout(&token("one"))).unwrap();
    assert_eq!(printed["duration"], 300);
    assert!(stderr(&token("two")).contains("rejected"), "{}", stderr(&token("two")));

    for (text, message) in [
        ("listen = 1", "listen is an integer; it must be a string"),
        ("[[users]]", "users[0].user_principal_name: missing"),
        ("x", "invalid TOML at line 1"),
    ] {
        let output =
            cg_auth().args(["emulator", "--config"]).arg(file("broken-emulator.toml", text)).output();
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(message), "{}", stderr(&output));
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for command in [&[][..], &["--", "sh", "-c", "echo started"]] {
        let output = cg_auth().args(["emulator", "--listen", &address]).args(command).output().unwrap();
        assert_eq!((output.status.code(), stdout(&output)), (Some(2), String::new()));
        let message = format!("cannot listen on {address}; port 0 stands for any free port\n");
        assert!(stderr(&output).contains(&message), "{}", stderr(&output));
    }
    let output = cg_auth().args(["emulator", "--ca-out", "/does/not/exist"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
}

#[test]
fn a_command_does_not_depend_on_the_users_configuration() {
    let home = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("home-with-profile");
    let folder = home.join(".config/cg-auth");
    fs::create_dir_all(&folder).unwrap();
    // Reading this file would be an error, because it has no profile `none`.
    fs::write(folder.join("config.toml"), "default_profile = 'none'\n").unwrap();
    let itself = assert_cmd::cargo::cargo_bin!("cg-auth");
    for named in [None, Some("/does/not/exist")] {
        let mut command = cg_auth();
        command.env("HOME", &home).envs(named.map(|file| ("CG_AUTH_CONFIG", file)));
        let output = command.args(["emulator", "--"]).arg(itself).arg("token").output().unwrap();
        assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()), "{named:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_ready_file_that_is_not_a_regular_file_is_refused_and_kept() {
    let link = file("ready-link", "");
    let pipe = file("ready-pipe", "");
    fs::remove_file(&link).unwrap();
    fs::remove_file(&pipe).unwrap();
    std::os::unix::fs::symlink("/dev/null", &link).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for path in [link, pipe] {
        let output = cg_auth().args(["emulator", "--ready-file"]).arg(&path).args(["--", "true"]).output();
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(2), "{path:?}");
        assert!(stderr(&output).contains("not a regular file"), "{}", stderr(&output));
        assert!(fs::symlink_metadata(&path).is_ok());
    }
}

//! Test helpers: the command, an emulator, and a listener that gives one answer.

use std::{
    future::Future,
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Output,
    thread,
    time::Duration,
};

use assert_cmd::{
    Command,
    cargo::{cargo_bin, cargo_bin_cmd},
};
use cg_auth_emulator::Emulator;
use serde_json::Value;

/// The command, without any of its variables in the environment.
pub(crate) fn cg_auth() -> Command {
    let mut command = cargo_bin_cmd!("cg-auth");
    for variable in VARIABLES {
        command.env_remove(variable);
    }
    // The tests must not read the developer's configuration.
    command.env("HOME", env!("CARGO_TARGET_TMPDIR")).timeout(Duration::from_secs(60));
    command
}

/// The same command for tests that interact with the running process.
pub(crate) fn cg_auth_process() -> std::process::Command {
    let mut command = std::process::Command::new(cargo_bin!("cg-auth"));
    for variable in VARIABLES {
        command.env_remove(variable);
    }
    command.env("HOME", env!("CARGO_TARGET_TMPDIR"));
    command
}

const VARIABLES: [&str; 20] = [
    "CG_AUTH_BASE_URL",
    "CG_AUTH_USER_PRINCIPAL_NAME",
    "CG_AUTH_CLIENT_SECRET",
    "CG_AUTH_CLIENT_SECRET_FILE",
    "CG_AUTH_REFRESH_TOKEN",
    "CG_AUTH_TRANSPORT",
    "CG_AUTH_TIMEOUT",
    "CG_AUTH_RETRIES",
    "CG_AUTH_CA_FILE",
    "CG_AUTH_PROXY",
    "CG_AUTH_CONFIG",
    "CG_AUTH_PROFILE",
    "CG_AUTH_NO_INPUT",
    "CG_AUTH_CONTROL_TOKEN",
    "CG_AUTH_ERROR_FORMAT",
    "CG_AUTH_STORE",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "COLUMNS",
    "NO_COLOR",
];

/// `cg-auth token` with the address and credential of `emulator`.
pub(crate) fn token_from(emulator: &Emulator) -> Command {
    let credential = emulator.credential();
    let mut command = cg_auth();
    command
        .arg("token")
        .args(["--base-url", emulator.base_url().as_str()])
        .args(["--user-principal-name", credential.user_principal_name().as_str()])
        .env("CG_AUTH_CLIENT_SECRET", credential.client_secret().expose_secret());
    command
}

/// `cg-auth` and `arguments`, with the address and credential of `emulator` in the environment.
pub(crate) fn with_emulator(emulator: &Emulator, arguments: &[&str]) -> Command {
    let mut command = cg_auth();
    command.args(arguments).envs(emulator.env());
    command
}

/// A refresh token that `emulator` issues.
pub(crate) fn refresh_token_of(emulator: &Emulator) -> String {
    let arguments = ["token", "--format", "json", "--with-refresh-token"];
    let output = with_emulator(emulator, &arguments).output().unwrap();
    let printed: Value = serde_json::from_str(&stdout(&output)).unwrap();
    printed["refresh_token"].as_str().unwrap().to_owned()
}

/// `cg-auth token` with an invented credential, and without retries, because most test listeners answer only
/// once.
pub(crate) fn token_at(base_url: &str) -> Command {
    let mut command = cg_auth();
    command
        .args(["token", "--base-url", base_url, "--upn", "someone@example.com", "--retries", "0"])
        .env("CG_AUTH_CLIENT_SECRET", "s3cret");
    command
}

/// `cg-auth token` with the profile `p` of the file at `config`, for an address at which nothing listens.
pub(crate) fn token_with_profile(config: &Path) -> Command {
    let mut command = cg_auth();
    command.args(["token", "--base-url", "http://127.0.0.1:1", "--upn", "a@b", "--profile", "p", "--config"]);
    command.arg(config);
    command
}

pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

pub(crate) fn emulator() -> Emulator {
    block_on(Emulator::start()).unwrap()
}

/// The base URL of a listener that answers one request with `response`, or never if that is `None`.
pub(crate) fn answering(response: Option<String>) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        read_request(&mut stream);
        match response {
            Some(response) => stream.write_all(response.as_bytes()).unwrap(),
            // Waits until the command closes the connection.
            None => drop(stream.read(&mut [0; 64])),
        }
    });
    format!("http://{address}")
}

/// An HTTP/1.1 answer.
pub(crate) fn http(status: &str, headers: &str, body: &str) -> Option<String> {
    let length = body.len();
    Some(format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"))
}

/// Creates a file with `content` in the tests' temporary folder.
pub(crate) fn file(name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_file(&path);
    std::fs::write(&path, content).unwrap();
    chmod(&path, 0o600);
    path
}

/// Sets the permissions of the file at `path` on Unix.
pub(crate) fn chmod(path: &Path, mode: u32) {
    #[cfg(unix)]
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    #[cfg(not(unix))]
    let _ = (path, mode);
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The one line of JSON on standard error.
pub(crate) fn json_error(output: &Output) -> Value {
    let text = stderr(output);
    assert_eq!(text.lines().count(), 1, "{text}");
    let mut object: Value = serde_json::from_str(&text).unwrap();
    object["error"].take()
}

/// Reads the head and the body of a request, so that closing the stream does not reset the connection.
pub(crate) fn read_request(stream: &mut TcpStream) {
    let mut request = Vec::new();
    let mut piece = [0; 1024];
    while !is_complete(&request) {
        match stream.read(&mut piece).unwrap() {
            0 => return,
            length => request.extend_from_slice(&piece[..length]),
        }
    }
}

fn is_complete(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().unwrap())
    });
    body.len() >= length.unwrap_or(0)
}

/// Whether `program`, the path of a file or a command, is missing here: the test is then skipped. CI installs
/// everything and sets `CG_AUTH_TEST_TOOLS=all`, under which a missing one is a failure.
pub(crate) fn skip_without(program: &str) -> bool {
    let is_there = is_installed(program);
    let is_demanded = std::env::var_os("CG_AUTH_TEST_TOOLS").is_some_and(|wanted| wanted == "all");
    assert!(is_there || !is_demanded, "{program} is not installed, and CG_AUTH_TEST_TOOLS=all demands it");
    !is_there && skipped(program)
}

/// [`skip_without`] for a program that CI does not install, so that its absence is never a failure.
pub(crate) fn skip_without_optional(program: &str) -> bool {
    !is_installed(program) && skipped(program)
}

/// [`skip_without`] for `python3` and its modules.
pub(crate) fn skip_without_python(modules: &[&str]) -> bool {
    let import = |module: &&str| {
        let mut python = std::process::Command::new("python3");
        let output = python.args(["-c", &format!("import {module}")]).output();
        output.is_ok_and(|output| output.status.success())
    };
    if skip_without("python3") {
        return true;
    }
    let Some(module) = modules.iter().find(|module| !import(module)) else { return false };
    // No program has such a name, so this skips the test or fails it.
    skip_without(&format!("the module {module} of python3"))
}

fn is_installed(program: &str) -> bool {
    match program.contains('/') {
        true => Path::new(program).exists(),
        false => std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
            .any(|folder| folder.join(program).exists()),
    }
}

fn skipped(program: &str) -> bool {
    // The test harness would hide what `eprintln!` writes.
    let _ = writeln!(std::io::stderr(), "skipped: a test needs {program}, which is not installed here");
    true
}

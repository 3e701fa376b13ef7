//! Where the client secret comes from, and that it reaches the service only.

use std::process::{Output, Stdio};

use crate::harness::{
    answering, cg_auth, cg_auth_process, chmod, emulator, file, http, json_error, stderr, stdout, token_at,
    token_from,
};

const CANARY: &str = "canary-4f1d/with+signs==";

#[test]
fn a_secret_file_wins_over_the_variable() {
    let emulator = emulator();
    let secret = emulator.credential().client_secret().expose_secret().to_owned();
    for (name, newline) in [("secret-bare", ""), ("secret-lf", "\n"), ("secret-crlf", "\r\n")] {
        let path = file(name, format!("{secret}{newline}"));
        let mut command = token_from(&emulator);
        let output = command
            .env("CG_AUTH_CLIENT_SECRET", "wrong")
            .arg("--client-secret-file")
            .arg(path)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{name}: {}", stderr(&output));
    }
}

#[test]
fn the_secret_is_read_from_standard_input() {
    let emulator = emulator();
    let secret = emulator.credential().client_secret().expose_secret().to_owned();
    let mut command = token_from(&emulator);
    command.env_remove("CG_AUTH_CLIENT_SECRET").args(["--client-secret-file", "-"]);
    let output = command.write_stdin(format!("{secret}\n")).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn a_variable_holds_the_secret_or_names_its_file_and_one_newline_is_stripped() {
    let emulator = emulator();
    let secret = emulator.credential().client_secret().expose_secret().to_owned();
    let output = token_from(&emulator).env("CG_AUTH_CLIENT_SECRET", format!("{secret}\n")).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));

    let mut command = token_from(&emulator);
    command.env_remove("CG_AUTH_CLIENT_SECRET");
    let path = file("secret-of-variable", format!("{secret}\n"));
    let output = command.env("CG_AUTH_CLIENT_SECRET_FILE", path).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    command.env("CG_AUTH_CLIENT_SECRET_FILE", "-");
    let output = command.write_stdin(secret).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn without_a_terminal_the_command_does_not_wait_for_input() {
    let mut command = cg_auth_process();
    command.args(["token", "--base-url", "http://127.0.0.1:1", "--upn", "a@b"]);
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    // Standard input stays open and empty.
    let _open = child.stdin.take();
    assert_eq!(child.wait().unwrap().code(), Some(2));
}

#[test]
fn standard_input_that_holds_no_secret_is_refused_without_being_quoted() {
    let huge = CANARY.repeat(100_000);
    for input in [b"".as_slice(), b"canary\xff\0", b"canary\0", b"canary\ncanary\n", huge.as_bytes()] {
        for format in ["human", "json"] {
            let mut command = token_at("http://127.0.0.1:1");
            command.args(["--client-secret-file", "-", "--error-format", format]).write_stdin(input);
            let output = command.output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
            assert_silent(&output);
        }
    }
}

#[cfg(unix)]
#[test]
fn a_world_readable_file_is_used_with_a_warning() {
    let emulator = emulator();
    let path = file("secret-world", emulator.credential().client_secret().expose_secret());
    for (mode, warnings) in [(0o600, 0), (0o640, 0), (0o644, 1), (0o604, 1)] {
        chmod(&path, mode);
        let output = token_from(&emulator).arg("--client-secret-file").arg(&path).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert_eq!(stderr(&output).matches("warning: ").count(), warnings, "{mode:o}: {}", stderr(&output));
        assert_eq!(stdout(&output).lines().count(), 1);
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_read_is_named() {
    let locked = file("secret-locked", CANARY);
    chmod(&locked, 0o000);
    // No user can read a folder as a file. Root can read the locked file, so root tests the folder only.
    let is_root = std::fs::read(&locked).is_ok();
    for path in [locked.parent().unwrap(), &locked].into_iter().take(if is_root { 1 } else { 2 }) {
        let output = token_at("http://127.0.0.1:1").arg("--client-secret-file").arg(path).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert!(stderr(&output).contains(path.to_str().unwrap()), "{}", stderr(&output));
    }
}

#[test]
fn a_file_that_holds_no_secret_is_refused_without_being_quoted() {
    for (name, content) in [
        ("secret-empty", Vec::new()),
        ("secret-two-lines", format!("{CANARY}\n\n").into_bytes()),
        ("secret-binary", [CANARY.as_bytes(), &[0xff, 0]].concat()),
        ("secret-huge", CANARY.repeat(10_000).into_bytes()),
    ] {
        let mut command = token_at("http://127.0.0.1:1");
        let path = file(name, content);
        let output = command.arg("--client-secret-file").arg(path).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{name}: {}", stderr(&output));
        assert!(!stderr(&output).contains("canary"), "{}", stderr(&output));
    }
    let mut command = token_at("http://127.0.0.1:1");
    let output = command.args(["--client-secret-file", "/does/not/exist"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("/does/not/exist"), "{}", stderr(&output));
}

#[cfg(unix)]
#[test]
fn an_endless_file_is_refused() {
    let mut command = token_at("http://127.0.0.1:1");
    let output = command.args(["--client-secret-file", "/dev/zero"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
}

#[test]
fn no_flag_takes_the_secret_itself() {
    for args in [&["--client-secret", CANARY][..], &["--client-secret=canary-4f1d"]] {
        for format in ["human", "json"] {
            let output = cg_auth().args(["token", "--error-format", format]).args(args).output().unwrap();
            assert_eq!(output.status.code(), Some(2));
            assert_silent(&output);
        }
    }
}

#[test]
fn no_error_shows_the_secret_even_if_the_service_echoes_it() {
    for status in ["200 OK", "400 Bad Request", "503 Service Unavailable"] {
        let body = format!(r#"{{"isSuccess":false,"errorMsg":"you sent {CANARY}","message":["{CANARY}"]}}"#);
        for format in ["human", "json"] {
            let url = answering(http(status, "", &body));
            let mut command = token_at(&url);
            command.env("CG_AUTH_CLIENT_SECRET", CANARY).args(["--error-format", format]);
            let output = command.output().unwrap();
            assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
            assert_silent(&output);
        }
    }
}

#[test]
fn no_error_shows_a_token_that_stands_in_the_answer() {
    let bodies = [
        "token T-CANARY could not be cached",
        r#"{"access_token":"T-CANARY","message":["T-CANARY"],"code":"T-CANARY"}"#,
        r#"[{"value":{"access_token":"T-CANARY"}}]"#,
        r#"{"value":{"access_token":"T-CANARY","duration":"soon"},"isSuccess":true,"errorMsg":"T-CANARY"}"#,
        r#"{"value":{"access_token":"T-CANARY"},"isSuccess":false,"errorMsg":"not T-CANARY"}"#,
        r#"{"value":{"access_token":"T-CANARY"},"isSuccess":true} trailing"#,
        r#"{"value":{"access_token":"T-CANARY"#,
        r#"{"message":["the token T-CANARY is not cached","token=T-CANARY"],"requestId":"T-CANARY"}"#,
    ];
    for status in ["200 OK", "400 Bad Request", "500 Internal Server Error"] {
        for body in bodies {
            for format in ["human", "json"] {
                let url = answering(http(status, "x-request-id: T-CANARY\r\n", body));
                let mut command = token_at(&url);
                command
                    .args(["-v", "--retries", "0", "--error-format", format])
                    .env("CG_AUTH_CLIENT_SECRET", "s3cret-value");
                let output = command.output().unwrap();
                // A success prints the token, and nothing else does.
                let is_hidden = !stderr(&output).contains("CANARY") && output.stdout.is_empty();
                assert!(is_hidden, "{status} {body} {}", stderr(&output));
            }
        }
    }
}

#[test]
fn a_password_in_the_base_url_is_not_quoted() {
    let url = "https://someone:canary@example.com";
    let output = token_at(url).args(["--error-format", "json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(json_error(&output)["kind"], "config");
    assert_silent(&output);
}

fn assert_silent(output: &Output) {
    assert!(!stdout(output).contains("canary"), "{}", stdout(output));
    assert!(!stderr(output).contains("canary"), "{}", stderr(output));
}

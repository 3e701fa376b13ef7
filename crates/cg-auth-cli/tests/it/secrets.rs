//! Where the client secret comes from, and that it goes nowhere else.

use std::process::Output;

use crate::harness::{
    answering, cg_auth, emulator, file, http, json_error, stderr, stdout, token_at, token_from,
};

const CANARY: &str = "canary-4f1d/with+signs==";

#[test]
fn a_file_gives_the_secret_and_wins_over_the_variable() {
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
fn standard_input_gives_the_secret() {
    let emulator = emulator();
    let secret = emulator.credential().client_secret().expose_secret().to_owned();
    let mut command = token_from(&emulator);
    command.env_remove("CG_AUTH_CLIENT_SECRET").args(["--client-secret-file", "-"]);
    let output = command.write_stdin(format!("{secret}\n")).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn what_is_no_secret_is_refused_without_being_quoted() {
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
fn an_endless_file_is_given_up() {
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
fn help_shows_no_value_of_the_environment() {
    for args in [&["--help"][..], &["-h"], &["token", "--help"], &["token", "-h"], &["demo", "--help"]] {
        let output = cg_auth()
            .args(args)
            .env("CG_AUTH_BASE_URL", format!("https://{CANARY}"))
            .env("CG_AUTH_USER_PRINCIPAL_NAME", CANARY)
            .env("CG_AUTH_CLIENT_SECRET", CANARY)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert!(!stdout(&output).is_empty());
        assert_silent(&output);
    }
    let help = stdout(&cg_auth().args(["token", "--help"]).output().unwrap());
    assert!(help.contains("CG_AUTH_CLIENT_SECRET") && !help.contains("--client-secret <"), "{help}");
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
fn a_password_in_the_base_url_is_not_shown() {
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

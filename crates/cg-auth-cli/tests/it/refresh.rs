//! `cg-auth refresh`: where the refresh token comes from, and that a rotated token is never lost silently.

use std::{fs, path::Path, process::Output};

use serde_json::Value;

use crate::harness::{
    answering, cg_auth, cg_auth_process, chmod, emulator, file, http, json_error, read_request,
    refresh_token_of, stderr, stdout, with_emulator,
};

#[test]
fn json_is_the_default_and_holds_the_refresh_token() {
    let emulator = emulator();
    let old = refresh_token_of(&emulator);
    let output = with_emulator(&emulator, &["refresh"]).env("CG_AUTH_REFRESH_TOKEN", &old).output().unwrap();
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
    let printed: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert!(printed["access_token"].as_str().unwrap().starts_with("eyJ"));
    assert_ne!(printed["refresh_token"], old);
    assert_eq!(printed["version"], 1);
}

#[test]
fn the_refresh_token_is_read_from_every_origin_over_each_transport() {
    for transport in ["reqwest", "hyper"] {
        let emulator = emulator();
        let refresh = || with_emulator(&emulator, &["refresh", "--transport", transport]);
        let token = || refresh_token_of(&emulator);
        let path = || file(&format!("refresh-token-{transport}"), format!("{}\n", token()));
        let outputs = [
            refresh().env("CG_AUTH_REFRESH_TOKEN", token()).output(),
            refresh().write_stdin(format!("{}\n", token())).output(),
            refresh().args(["--refresh-token-file", "-"]).write_stdin(token()).output(),
            // The file wins over the variable.
            refresh().env("CG_AUTH_REFRESH_TOKEN", "x").arg("--refresh-token-file").arg(path()).output(),
        ];
        for (number, output) in outputs.into_iter().enumerate() {
            let output = output.unwrap();
            assert_eq!(output.status.code(), Some(0), "{number}: {}", stderr(&output));
        }
    }
}

#[test]
fn a_refused_refresh_token_has_its_own_hint() {
    let output = with_emulator(&emulator(), &["refresh"]).env("CG_AUTH_REFRESH_TOKEN", "x").output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(
        stderr(&output).contains("cg-auth token") && stderr(&output).contains("underscore"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_refused_refresh_token_is_named_by_its_place() {
    let emulator = emulator();
    let path = file("refused-refresh-token", "canary-x");
    let in_file = format!("in {}", path.display());
    for (arguments, place) in [
        (&[][..], "set (CG_AUTH_REFRESH_TOKEN)"),
        (&["--refresh-token-file", path.to_str().unwrap()], &in_file),
    ] {
        let mut command = with_emulator(&emulator, &["refresh"]);
        command.args(arguments).env("CG_AUTH_REFRESH_TOKEN", "canary-x");
        let text = stderr(&command.output().unwrap());
        assert!(text.contains(&format!("  refresh token: {place}\n")), "{text}");
        let error = json_error(&command.args(["--error-format", "json"]).output().unwrap());
        assert_eq!(error["refused_refresh_token"], place);
        assert!(!text.contains("canary-x") && !error.to_string().contains("canary-x"), "{text}{error}");
    }
}

#[test]
fn the_other_formats_warn_of_a_refresh_token_that_is_not_kept() {
    let emulator = emulator();
    for (format, start) in
        [("raw", "eyJ"), ("header", "Authorization: Bearer eyJ"), ("env", "export CG_AUTH_ACCESS_TOKEN='eyJ")]
    {
        let mut command = with_emulator(&emulator, &["refresh", "--format", format]);
        let output = command.env("CG_AUTH_REFRESH_TOKEN", refresh_token_of(&emulator)).output().unwrap();
        assert!(stdout(&output).starts_with(start), "{}", stdout(&output));
        assert!(stderr(&output).starts_with("warning: ") && stderr(&output).contains("--update"), "{format}");
    }
}

#[test]
fn two_secrets_from_standard_input_are_wrong_usage() {
    for arguments in [
        &["refresh", "--client-secret-file", "-"][..],
        &["refresh", "--client-secret-file", "-", "--refresh-token-file", "-"],
        #[cfg(unix)]
        &["refresh", "--client-secret-file", "-", "--refresh-token-file", "/dev/stdin"],
        #[cfg(unix)]
        &["refresh", "--client-secret-file", "/dev/fd/0", "--refresh-token-file", "/proc/self/fd/0"],
    ] {
        let mut command = cg_auth();
        command.args(arguments).args(["--base-url", "http://127.0.0.1:1", "--upn", "a@b"]);
        let output = command.write_stdin("canary").output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains("standard input"), "{}", stderr(&output));
    }
}

#[test]
fn update_rewrites_the_file_and_the_next_refresh_reads_it() {
    let emulator = emulator();
    let path = file("updated-token", refresh_token_of(&emulator));
    chmod(&path, 0o640);
    for format in ["json", "raw"] {
        let before = fs::read_to_string(&path).unwrap();
        let mut command = with_emulator(&emulator, &["refresh", "--update", "--format", format]);
        let output = command.arg("--refresh-token-file").arg(&path).output().unwrap();
        assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
        let after = fs::read_to_string(&path).unwrap();
        assert_ne!(after, before);
        if format == "json" {
            let printed: Value = serde_json::from_str(&stdout(&output)).unwrap();
            assert_eq!(printed["refresh_token"], after.trim_end());
        }
    }
}

#[test]
fn a_service_that_does_not_rotate_leaves_the_file_as_it_is() {
    let path = file("kept-token", "kept\n");
    for (format, holds) in [("json", r#""refresh_token":"kept""#), ("raw", "fresh\n")] {
        let body = r#"{"isSuccess":true,"value":{"access_token":"fresh"}}"#;
        let url = answering(http("200 OK", "", body));
        let mut command = cg_auth();
        command.args(["refresh", "--update", "--format", format, "--base-url", &url, "--upn", "a@b"]);
        command.arg("--refresh-token-file").arg(&path).env("CG_AUTH_CLIENT_SECRET", "s");
        let output = command.output().unwrap();
        assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
        assert!(stdout(&output).contains(holds), "{}", stdout(&output));
        assert_eq!(fs::read_to_string(&path).unwrap(), "kept\n");
    }
}

#[cfg(unix)]
#[test]
fn update_replaces_the_file_that_a_link_points_at() {
    let emulator = emulator();
    let target = file("link-target", refresh_token_of(&emulator));
    let link = target.with_file_name("link");
    let _ = fs::remove_file(&link);
    std::os::unix::fs::symlink(&target, &link).unwrap();
    let before = fs::read_to_string(&target).unwrap();
    let mut command = with_emulator(&emulator, &["refresh", "--update", "--refresh-token-file"]);
    let output = command.arg(&link).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_ne!(fs::read_to_string(&target).unwrap(), before);
}

#[test]
fn update_needs_a_file_that_can_be_replaced_before_anything_is_sent() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).to_owned();
    for path in ["-".as_ref(), "/does/not/exist".as_ref(), "/dev/null".as_ref(), folder.as_path()] {
        let mut command = cg_auth();
        command.args(["refresh", "--update", "--base-url", "http://127.0.0.1:1", "--upn", "a@b"]);
        command.arg("--refresh-token-file").arg(path).env("CG_AUTH_CLIENT_SECRET", "s").write_stdin("x");
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{path:?}: {}", stderr(&output));
    }
}

/// The output of `refresh --update` if the folder of the file is removed before the service answers.
#[cfg(unix)]
fn refresh_into_nowhere(name: &str) -> Output {
    use std::{io::Write as _, net::TcpListener, thread};

    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join("token");
    fs::write(&path, "old").unwrap();
    chmod(&path, 0o600);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let service = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        read_request(&mut stream);
        fs::remove_dir_all(folder).unwrap();
        let body = r#"{"isSuccess":true,"value":{"access_token":"fresh","refresh_token":"new"}}"#;
        stream.write_all(http("200 OK", "", body).unwrap().as_bytes()).unwrap();
    });
    let mut command = cg_auth_process();
    command.args(["refresh", "--update", "--format", "raw", "--base-url", &url, "--upn", "a@b"]);
    command.arg("--refresh-token-file").arg(path).env("CG_AUTH_CLIENT_SECRET", "s");
    let output = command.output().unwrap();
    service.join().unwrap();
    output
}

#[cfg(unix)]
#[test]
fn a_new_token_that_cannot_be_written_is_printed_and_the_command_fails() {
    let output = refresh_into_nowhere("taken-away");
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let printed: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!((&printed["access_token"], &printed["refresh_token"]), (&"fresh".into(), &"new".into()));
    assert!(stderr(&output).contains("cannot rewrite"), "{}", stderr(&output));
}

/// A shell bounds the size of files, so that the command can write no more into `out`, which stands for a disk
/// that fills up during the exchange. A probe that writes nothing finds nothing.
#[cfg(unix)]
#[test]
fn a_new_token_that_can_be_neither_written_nor_printed_is_reported_as_lost() {
    use std::{io::Write as _, net::TcpListener, thread};

    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("taken-away-too");
    for update in ["--update --refresh-token-file \"$2/token\"", ""] {
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("token"), "old").unwrap();
        chmod(&folder.join("token"), 0o600);
        let out = file("filled-output", "x".repeat(200 * 512));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let script = format!(
            r#"trap "" XFSZ; ulimit -f 200; exec "$0" refresh --base-url "$1" --upn a@b {update} >>"$3""#
        );
        let mut command = std::process::Command::new("sh");
        command.args(["-c", &script]).arg(assert_cmd::cargo::cargo_bin!("cg-auth")).arg(&url);
        command.arg(&folder).arg(&out).env("CG_AUTH_CLIENT_SECRET", "s").env("CG_AUTH_REFRESH_TOKEN", "old");
        let child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
        let gone = folder.clone();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            read_request(&mut stream);
            fs::remove_dir_all(gone).unwrap();
            let body = r#"{"isSuccess":true,"value":{"access_token":"fresh","refresh_token":"new"}}"#;
            stream.write_all(http("200 OK", "", body).unwrap().as_bytes()).unwrap();
        });
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        assert!(stderr(&output).contains("which is lost"), "{}", stderr(&output));
        assert!(!stderr(&output).contains("fresh\"") && !stderr(&output).contains("new\""));
    }
}

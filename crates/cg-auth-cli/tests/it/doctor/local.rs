//! Faults on this machine: the configuration file, the settings and the client secret.

use std::fs;

use super::{SECRET, assert_fails, doctor, line};
use crate::harness::{cg_auth, chmod, emulator, file, stderr, stdout};

const HERE: &str = "http://127.0.0.1:1";

#[test]
fn a_configuration_file_that_cannot_be_used_ends_the_checks() {
    for (number, (text, problem)) in [
        ("broken", "invalid TOML at line 1"),
        ("client_secret = 'canary'", "client_secret must not be in this file"),
        ("defaultprofile = 'p'", "defaultprofile is not a known setting; did you mean default_profile?"),
    ]
    .into_iter()
    .enumerate()
    {
        let config = file(&format!("doctor-{number}.toml"), text);
        assert_fails(doctor(HERE).arg("--config").arg(&config), "config file", 2, problem);
        let output = doctor(HERE).arg("--config").arg(&config).output().unwrap();
        assert_eq!(line(&output, "settings"), ('-', "skipped: needs the configuration file".to_owned()));
        assert_eq!(line(&output, "clock").0, '-');
    }
    assert_fails(
        doctor(HERE).args(["--config", "/does/not/exist"]),
        "config file",
        2,
        "cannot read the file",
    );
}

#[test]
fn a_profile_that_cannot_be_used_fails_the_settings() {
    let config = file("doctor-profiles.toml", "[profiles.work]\nbase-url = 'canary'\n[profiles.lab]\n");
    for (profile, problem) in [
        ("worc", "no profile \"worc\""),
        ("work", "profiles.work.base-url is not a known setting; did you mean base_url?"),
    ] {
        let mut command = doctor(HERE);
        assert_fails(command.args(["--profile", profile, "--config"]).arg(&config), "settings", 2, problem);
    }
}

#[test]
fn every_missing_or_unusable_setting_is_named() {
    let mut command = cg_auth();
    command.arg("doctor").env("CG_AUTH_TIMEOUT", "canary").env_remove("LANG").env_remove("LC_ALL");
    let missing = "the base URL, the user principal name and the client secret are missing";
    assert_fails(&mut command, "settings", 2, missing);
    assert_fails(&mut command, "settings", 2, "timeout: unusable: CG_AUTH_TIMEOUT: expected a duration");
    let no_certificate = file("doctor-no-ca.pem", "nothing");
    assert_fails(doctor(HERE).arg("--ca-file").arg(no_certificate), "settings", 2, "no certificate in ");
}

#[test]
fn without_a_secret_the_way_to_the_service_is_checked_all_the_same() {
    let emulator = emulator();
    let mut command = doctor(emulator.base_url().as_str());
    let output = command.env_remove("CG_AUTH_CLIENT_SECRET").arg("--no-input").output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", stdout(&output));
    assert_eq!(line(&output, "settings").0, '\u{2717}');
    assert_eq!(line(&output, "client secret"), ('-', "skipped: needs the settings".to_owned()));
    assert_eq!(line(&output, "clock").0, '\u{2713}');
}

#[test]
fn a_secret_is_read_and_described() {
    let emulator = emulator();
    let secret = |text: &[u8]| {
        let secret = file("doctor-secret", text);
        let mut command = doctor(emulator.base_url().as_str());
        let output = command.arg("--client-secret-file").arg(&secret).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
        line(&output, "client secret").1
    };
    let plain = secret(SECRET.as_bytes());
    assert!(plain.starts_with("13 bytes, in ") && plain.contains("(--client-secret-file"), "{plain}");
    assert!(secret(b"canary\n").ends_with("; the newline at its end does not count"));
    assert!(secret(b"\xef\xbb\xbfcanary").ends_with("; its byte order mark does not count"));
    let piped = doctor(emulator.base_url().as_str())
        .args(["--client-secret-file", "-", "--with-token"])
        .write_stdin("canary\n")
        .output()
        .unwrap();
    assert_eq!(line(&piped, "client secret").1, "6 bytes, from standard input (--client-secret-file)");
    assert_eq!(line(&piped, "token").0, '\u{2717}', "the secret is read once and used");
}

#[test]
fn a_secret_that_cannot_be_read_fails() {
    let missing = doctor(HERE).args(["--client-secret-file", "/does/not/exist"]).output().unwrap();
    assert_eq!(missing.status.code(), Some(2));
    assert!(
        line(&missing, "client secret").1.starts_with("cannot read the client secret from /does/not/exist")
    );
    for (bytes, problem) in [
        (&b""[..], "the client secret is empty"),
        (b"canary canary", "the client secret holds a character other than visible ASCII"),
        (b"\xff\xfec\0", "UTF-16 text"),
    ] {
        let secret = file("doctor-bad-secret", bytes);
        let output = doctor(HERE).arg("--client-secret-file").arg(&secret).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let (mark, text) = line(&output, "client secret");
        assert!(mark == '\u{2717}' && text.contains(problem), "{text}");
        assert!(text.contains(secret.to_str().unwrap()) || text.contains("--client-secret-file"), "{text}");
    }
    #[cfg(unix)]
    {
        let config = file(
            "doctor-command.toml",
            "[profiles.p]\nclient_secret_command = ['sh', '-c', 'echo canary; exit 3']\n",
        );
        let mut command = doctor(HERE);
        command.args(["--profile", "p", "--config"]).arg(&config).env_remove("CG_AUTH_CLIENT_SECRET");
        let output = command.output().unwrap();
        let text = line(&output, "client secret").1;
        assert!(text.contains("client_secret_command (sh) failed with exit code 3"), "{text}");
        assert!(text.contains("profile \"p\" in "), "{text}");
    }
}

#[cfg(unix)]
#[test]
fn permissions_that_let_others_read_a_secret_or_change_the_settings_fail() {
    let emulator = emulator();
    let secret = file("doctor-open-secret", SECRET);
    chmod(&secret, 0o644);
    let mut command = doctor(emulator.base_url().as_str());
    command.arg("--client-secret-file").arg(&secret);
    assert_fails(&mut command, "client secret", 2, "every user of this machine can read it; chmod 600");
    assert_eq!(line(&command.output().unwrap(), "clock").0, '\u{2713}', "the other checks go on");

    let config = file("doctor-open.toml", "");
    chmod(&config, 0o666);
    let mut command = doctor(emulator.base_url().as_str());
    command.arg("--config").arg(&config);
    assert_fails(&mut command, "config file", 2, "every user of this machine can change it; ");
    assert_eq!(line(&command.output().unwrap(), "clock").0, '\u{2713}', "the other checks go on");
    chmod(&config, 0o644);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert!(line(&output, "config file").1.contains("mode 0644"));
    fs::remove_file(config).unwrap();
}

//! A flag wins over the environment, and the environment over the profile, for each setting.

use std::{path::PathBuf, time::Duration};

use assert_cmd::Command;
use cg_auth_emulator::{Emulator, Operation};

use crate::harness::{block_on, cg_auth, chmod, emulator, file, stderr, stdout, with_emulator};

/// A setting with a value that makes the call succeed, and one that makes it fail.
struct Case {
    flag: &'static str,
    variable: &'static str,
    member: &'static str,
    good: String,
    bad: String,
}

#[test]
fn a_flag_wins_over_its_variable_and_a_variable_over_the_profile() {
    // Plain http is faster. A certificate file is read and checked even if the call does not need it.
    let emulator = emulator();
    let cases = cases(&emulator);
    for case in &cases {
        let is_slow = case.member == "timeout";
        let _slow = is_slow.then(|| {
            let script = emulator.next(Operation::GetDelegateAccessToken);
            script.always().delay(Duration::from_millis(20))
        });
        let others = || cases.iter().filter(|other| other.member != case.member);
        let profile = |own: Option<&str>| {
            let lines = others().map(|other| (other.member, other.good.as_str()));
            let lines = lines.chain(own.map(|value| (case.member, value)));
            config(case.member, lines)
        };
        let (good, bad) = (Some(case.good.as_str()), Some(case.bad.as_str()));
        for (flag, variable, own, succeeds) in [
            (good, None, None, true),
            (None, good, None, true),
            (None, None, good, true),
            (good, bad, None, true),
            (bad, good, None, false),
            (None, good, bad, true),
            (None, bad, good, false),
            (good, None, bad, true),
            (bad, None, good, false),
            (good, bad, bad, true),
        ] {
            let mut command = cg_auth();
            command.args(["token", "--retries", "0", "--config"]).arg(profile(own)).args(["--profile", "p"]);
            command.args(flag.iter().flat_map(|value| [case.flag, value]));
            command.envs(variable.map(|value| (case.variable, value)));
            let output = command.output().unwrap();
            let messages = stderr(&output);
            let context = format!("{} {flag:?} {variable:?} {own:?}: {messages}", case.member);
            assert_eq!(output.status.success(), succeeds, "{context}");
            // The warning is only about a variable that overrides the profile.
            let is_overridden = flag.is_none() && variable.is_some() && own.is_some();
            assert_eq!(
                messages.matches("the environment overrides the profile \"p\"").count(),
                usize::from(is_overridden),
                "{context}"
            );
        }
    }
}

fn cases(emulator: &Emulator) -> Vec<Case> {
    let credential = emulator.credential();
    let case = |flag, variable, member, good: &str, bad: &str| Case {
        flag,
        variable,
        member,
        good: good.to_owned(),
        bad: bad.to_owned(),
    };
    let text = |path: PathBuf| path.into_os_string().into_string().unwrap();
    let secret = text(file("precedence-secret", credential.client_secret().expose_secret()));
    let wrong = text(file("precedence-wrong-secret", "wrong"));
    let tls = block_on(Emulator::builder().tls().start()).unwrap();
    let ca_file = text(file("precedence-ca.pem", tls.ca_pem().unwrap()));
    let user = credential.user_principal_name().as_str();
    vec![
        case(
            "--base-url",
            "CG_AUTH_BASE_URL",
            "base_url",
            emulator.base_url().as_str(),
            "http://127.0.0.1:1",
        ),
        case("--user-principal-name", "CG_AUTH_USER_PRINCIPAL_NAME", "user_principal_name", user, "x@y"),
        case("--client-secret-file", "CG_AUTH_CLIENT_SECRET_FILE", "client_secret_file", &secret, &wrong),
        case("--ca-file", "CG_AUTH_CA_FILE", "ca_file", &ca_file, "/does/not/exist"),
        case("--timeout", "CG_AUTH_TIMEOUT", "timeout", "30s", "1ms"),
    ]
}

fn config<'a>(name: &str, members: impl Iterator<Item = (&'a str, &'a str)>) -> PathBuf {
    let members: String = members.map(|(member, value)| format!("{member} = '{value}'\n")).collect();
    file(&format!("precedence-{name}.toml"), format!("[profiles.p]\n{members}"))
}

#[test]
fn v_logs_each_setting_with_its_origin() {
    let emulator = emulator();
    let config = file("transport.toml", "[profiles.p]\ntransport = 'hyper'\n");
    let transport = |arguments: &[&str], variable: &str| {
        let mut command = with_emulator(&emulator, &["token", "-v", "--config"]);
        command.arg(&config).args(arguments).env("CG_AUTH_TRANSPORT", variable);
        stderr(&command.output().unwrap())
    };
    let in_profile = format!("hyper (profile \"p\" in {})", config.display());
    for (arguments, variable, chosen) in [
        (&[][..], "", "reqwest (default)"),
        (&["--profile", "p"], "", &in_profile),
        (&["--profile", "p"], "reqwest", "reqwest (CG_AUTH_TRANSPORT)"),
        (&["--transport", "hyper"], "reqwest", "hyper (--transport)"),
        (&["--profile", "p", "--transport", "reqwest"], "", "reqwest (--transport)"),
    ] {
        let log = transport(arguments, variable);
        assert!(log.contains(&format!(" transport: {chosen}\n")), "{arguments:?} {variable}: {log}");
        assert!(log.contains(&format!(" base URL: {} (CG_AUTH_BASE_URL)\n", emulator.base_url())), "{log}");
    }
    assert!(transport(&[], "pigeon").contains("CG_AUTH_TRANSPORT"));
}

#[test]
fn the_secret_itself_wins_over_the_variable_that_names_its_file() {
    let emulator = emulator();
    let wrong = file("variable-wrong-secret", "wrong");
    let mut command = with_emulator(&emulator, &["token"]);
    let output = command.env("CG_AUTH_CLIENT_SECRET_FILE", &wrong).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));

    let secret = file("variable-secret", emulator.credential().client_secret().expose_secret());
    let output =
        command.env("CG_AUTH_CLIENT_SECRET", "wrong").arg("--client-secret-file").arg(secret).output();
    assert_eq!(output.unwrap().status.code(), Some(0), "a flag wins over both");
}

#[test]
fn the_configuration_file_is_found_by_flag_variable_and_default_path() {
    let emulator = emulator();
    let secret = emulator.credential().client_secret().expose_secret();
    let user = emulator.credential().user_principal_name();
    let text = format!(
        "default_profile = 'd'\n[profiles.d]\nbase_url = '{}'\nuser_principal_name = '{user}'\n\
         [profiles.other]\nbase_url = 'http://127.0.0.1:1'\nuser_principal_name = '{user}'\n",
        emulator.base_url(),
    );
    let good = file("found.toml", &text);
    let bad = file("found-not.toml", "broken");
    let home = good.parent().unwrap().join("home");
    std::fs::create_dir_all(home.join(".config/cg-auth")).unwrap();
    std::fs::create_dir_all(home.join("xdg/cg-auth")).unwrap();
    std::fs::write(home.join(".config/cg-auth/config.toml"), &text).unwrap();
    std::fs::write(home.join("xdg/cg-auth/config.toml"), &text).unwrap();
    chmod(&good, 0o644);

    let token = |change: Change<'_>| {
        let mut command = cg_auth();
        command.arg("token").env("CG_AUTH_CLIENT_SECRET", secret);
        change(&mut command).output().unwrap()
    };
    let found: &[Change<'_>] = &[
        &|command| command.arg("--config").arg(&good).env("CG_AUTH_CONFIG", &bad),
        &|command| command.env("CG_AUTH_CONFIG", &good).env("HOME", "/does/not/exist"),
        #[cfg(unix)]
        &|command| command.env("HOME", &home),
        #[cfg(unix)]
        &|command| command.env("HOME", "/does/not/exist").env("XDG_CONFIG_HOME", home.join("xdg")),
        &|command| {
            command.arg("--config").arg(&good).args(["--profile", "d"]).env("CG_AUTH_PROFILE", "other")
        },
    ];
    for (number, change) in found.iter().enumerate() {
        let output = token(change);
        assert_eq!(output.status.code(), Some(0), "{number}: {}", stderr(&output));
        // The secret comes from the environment, which is told in one line.
        assert_eq!(stderr(&output).lines().count(), 1, "{number}: {}", stderr(&output));
    }
    let other = token(&|command| command.env("CG_AUTH_CONFIG", &good).env("CG_AUTH_PROFILE", "other"));
    assert_eq!(other.status.code(), Some(5), "a profile by name wins over the default one");

    let not_found: &[Change<'_>] = &[
        &|command| command.args(["--config", "/does/not/exist"]),
        &|command| command.arg("--config").arg(&bad),
        &|command| command.arg("--config").arg(&good).args(["--profile", "missing"]),
        &|command| command.args(["--profile", "missing"]),
    ];
    for (number, change) in not_found.iter().enumerate() {
        let output = token(change);
        assert_eq!((output.status.code(), stdout(&output)), (Some(2), String::new()), "{number}");
    }
}

type Change<'a> = &'a dyn for<'c> Fn(&'c mut Command) -> &'c mut Command;

#[test]
fn overriding_a_default_profile_causes_no_warning() {
    let emulator = emulator();
    let config = file("quiet.toml", "default_profile = 'p'\n[profiles.p]\nbase_url = 'commercial'\n");
    let output = with_emulator(&emulator, &["token", "--config"]).arg(config).output().unwrap();
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
}

#[test]
fn a_warning_is_a_json_object_if_errors_are() {
    let config = file("warning.toml", "[profiles.p]\nbase_url = 'commercial'\ntimeout = '9s'\n");
    let emulator = emulator();
    let mut command = with_emulator(&emulator, &["token", "--format", "json", "--config"]);
    // The environment may name the profile too.
    command.arg(config).env("CG_AUTH_PROFILE", "p");
    let output = command.env("CG_AUTH_TIMEOUT", "10s").output().unwrap();
    let warning: serde_json::Value = serde_json::from_str(&stderr(&output)).unwrap();
    let text = "the environment overrides the profile \"p\": CG_AUTH_BASE_URL, CG_AUTH_TIMEOUT";
    assert_eq!(warning["warning"], text);
}

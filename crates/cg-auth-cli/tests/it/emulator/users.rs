//! The two users whom the emulator shows: an administrator and a plain user.

use std::{
    io::{BufRead as _, BufReader},
    process::Stdio,
};

use serde_json::{Value, json};

use super::Running;
use crate::harness::{cg_auth, cg_auth_process, file, stderr, stdout};

const VARIABLES: [&str; 4] = [
    "CG_AUTH_ADMINISTRATOR_NAME",
    "CG_AUTH_ADMINISTRATOR_SECRET",
    "CG_AUTH_PLAIN_USER_NAME",
    "CG_AUTH_PLAIN_USER_SECRET",
];

/// What an emulator with `arguments` shows of the two users in each format: the members of `--format json`, the
/// variables of the lines, and those of a command.
fn shown(arguments: &[&str]) -> [Value; 3] {
    let ready = Running::start(&[&["--format", "json"], arguments].concat()).ready();
    let json = json!([ready["administrator"], ready["plain_user"]]);

    let mut command = cg_auth_process();
    command.arg("emulator").args(arguments).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut emulator = command.spawn().unwrap();
    let mut lines = BufReader::new(emulator.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut set = Vec::new();
    for line in &mut lines {
        let (name, value) = line.strip_prefix("export ").unwrap().split_once('=').unwrap();
        set.push((name.to_owned(), value.trim_matches('\'').to_owned()));
        if name == "CG_AUTH_CONTROL_URL" {
            break;
        }
    }
    emulator.kill().unwrap();
    emulator.wait().unwrap();

    let mut command = cg_auth();
    for name in VARIABLES {
        command.env(name, "of an outer emulator");
    }
    let output = command.arg("emulator").args(arguments).args(["--", "env"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let of_command = stdout(&output);
    let of_command = of_command.lines().filter_map(|line| line.split_once('='));
    let of_command: Vec<_> = of_command.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();

    [json, users(&set), users(&of_command)]
}

/// The users in a list of variables, as `--format json` shows them.
fn users(variables: &[(String, String)]) -> Value {
    let value = |wanted: &str| variables.iter().find(|(name, _)| name == wanted).map(|(_, value)| value);
    let user = |name: &str, secret: &str| match (value(name), value(secret)) {
        (None, None) => Value::Null,
        (name, secret) => json!({ "user_principal_name": name, "client_secret": secret }),
    };
    json!([user(VARIABLES[0], VARIABLES[1]), user(VARIABLES[2], VARIABLES[3])])
}

#[test]
fn the_administrator_and_the_plain_user_are_shown_in_every_format() {
    let secret = "ZW11bGF0b3Itb25seS1zZWNyZXQ=";
    let expected = json!([
        { "user_principal_name": "someone@example.com", "client_secret": secret },
        { "user_principal_name": "plain@example.com", "client_secret": secret },
    ]);
    for shown in shown(&[]) {
        assert_eq!(shown, expected);
    }
}

#[test]
fn the_users_of_the_configuration_file_are_shown_and_a_missing_one_is_not() {
    let user = |name: &str, rest: &str| {
        format!("[[users]]\nuser_principal_name = '{name}'\nclient_secret = '{name}-secret'\n{rest}\n")
    };
    let (gone, plain) = (user("gone", "enabled = false\nadministrator = true"), user("plain", ""));
    let admin = user("admin", "administrator = true");
    let shown_as =
        |name: &str| json!({ "user_principal_name": name, "client_secret": format!("{name}-secret") });
    for (users, expected) in [
        (vec![&gone, &plain, &admin], json!([shown_as("admin"), shown_as("plain")])),
        (vec![&gone, &plain], json!([null, shown_as("plain")])),
        (vec![&admin], json!([shown_as("admin"), null])),
    ] {
        let users: String = users.into_iter().map(String::as_str).collect();
        let config = file("emulator-shown-users.toml", users);
        for shown in shown(&["--config", config.to_str().unwrap()]) {
            assert_eq!(shown, expected);
        }
    }
}

#[test]
fn each_shown_user_gets_tokens_and_only_the_administrator_deletes_the_cache() {
    let itself = assert_cmd::cargo::cargo_bin!("cg-auth");
    for (user, code) in [("ADMINISTRATOR", 0), ("PLAIN_USER", 3)] {
        let script = format!(
            "CG_AUTH_USER_PRINCIPAL_NAME=$CG_AUTH_{user}_NAME CG_AUTH_CLIENT_SECRET=$CG_AUTH_{user}_SECRET
             export CG_AUTH_USER_PRINCIPAL_NAME CG_AUTH_CLIENT_SECRET
             \"$0\" token >/dev/null || exit 9
             \"$0\" delete-token-cache --yes"
        );
        let mut command = cg_auth();
        command.args(["emulator", "--", "sh", "-c", &script]).arg(itself);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{user}: {}", stderr(&output));
    }
}

//! The configuration files of the command: that of its profiles, and that of its emulator.

use cg_auth_cli::readers::{config_file, emulator_config};
use toml::{Table, Value};

/// The input is a file of either kind.
pub fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let table = text.parse::<Table>().ok();
    let names = table.as_ref().map_or(String::new(), |table| format!("{}{}", keys(table), users(table)));
    let (config, emulator) = (config_file(text), emulator_config(text));
    let mut problems: Vec<_> =
        [config.as_ref().err(), emulator.as_ref().err()].into_iter().flatten().collect();
    problems.extend(config.iter().flatten());
    for problem in problems {
        assert!(!problem.contains("CANARY") || names.contains("CANARY"), "a value is shown: {problem}");
        assert!(!problem.contains(char::is_control), "{problem:?}");
    }
    match &table {
        Some(table) => {
            check_profiles(table, config.as_deref());
            assert!(emulator.is_err() || known(table, EMULATOR), "an unknown key is accepted");
        }
        None => {
            for problem in [config.unwrap_err(), emulator.unwrap_err()] {
                assert!(is_place_in(text, &problem), "{problem} of {text:?}");
            }
        }
    }
}

/// A file with a secret is refused whole. An unknown key is told, wherever it stands.
fn check_profiles(file: &Table, read: Result<&[String], &String>) {
    let profiles = file.get("profiles").and_then(Value::as_table);
    let tables: Vec<_> = profiles.into_iter().flatten().filter_map(|(_, value)| value.as_table()).collect();
    let has_secret = std::iter::once(file).chain(tables.iter().copied()).any(holds_a_secret);
    let Ok(problems) = read else { return };
    assert!(!has_secret, "a secret is accepted");
    assert!(known(file, FILE), "an unknown key is accepted");
    let faulty = tables.iter().filter(|table| !known(table, PROFILE)).count();
    let others = profiles.map_or(0, Table::len) - tables.len();
    assert!(problems.len() >= faulty + others, "{problems:?}");
}

fn known(table: &Table, keys: &[&str]) -> bool {
    table.keys().all(|key| keys.contains(&key.as_str()))
}

/// Whether the table has a key for a secret, in some spelling.
fn holds_a_secret(table: &Table) -> bool {
    let bare = |key: &str| key.replace(['_', '-'], "").to_ascii_lowercase();
    table.keys().any(|key| SECRETS.contains(&bare(key).as_str()))
}

/// Whether `problem` names a line and a column that `text` has, or the end of one of its lines.
fn is_place_in(text: &str, problem: &str) -> bool {
    let place = problem.strip_prefix("invalid TOML at line ").and_then(|place| place.split_once(", column "));
    let Some((Ok(line), Ok(column))) = place.map(|(line, column)| (line.parse(), column.parse::<usize>()))
    else {
        return false;
    };
    let line: usize = line;
    let length = text.split('\n').nth(line - 1).map(|line| line.chars().count());
    length.is_some_and(|length| column <= length + 1)
}

/// The names of the users of an emulator, which its messages show.
fn users(file: &Table) -> String {
    let users = file.get("users").and_then(Value::as_array);
    users.into_iter().flatten().filter_map(|user| user.get("user_principal_name")?.as_str()).collect()
}

/// Every key at every depth.
fn keys(table: &Table) -> String {
    table.iter().map(|(key, value)| format!("{key} {}", keys_below(value))).collect()
}

fn keys_below(value: &Value) -> String {
    match value {
        Value::Table(table) => keys(table),
        Value::Array(values) => values.iter().map(keys_below).collect(),
        _ => String::new(),
    }
}

const FILE: &[&str] = &["default_profile", "profiles"];
const PROFILE: &[&str] = &[
    "base_url",
    "user_principal_name",
    "client_secret_file",
    "client_secret_command",
    "ca_file",
    "proxy",
    "transport",
    "timeout",
    "retries",
    "allow_http",
];
const EMULATOR: &[&str] = &[
    "listen",
    "seed",
    "now",
    "frozen",
    "tls",
    "token_lifetime",
    "refresh_token_lifetime",
    "duration_unit",
    "refresh_rotation",
    "reuse_detection",
    "token_cache",
    "key_header_policy",
    "contract",
    "refusals",
    "alpn",
    "users",
];
const SECRETS: &[&str] = &["clientsecret", "accesstoken", "refreshtoken", "secret", "password"];

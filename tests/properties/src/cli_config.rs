//! The configuration files of the command: that of its profiles, and that of its emulator.

use toml::{Table, Value};

use cg_auth_cli::readers::{config_file, emulator_config};

/// The input is a file of either kind.
pub fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let table = text.parse::<Table>().ok();
    let names = table.as_ref().map_or(String::new(), keys);
    let read = [config_file(text), emulator_config(text)];
    for told in read.iter().filter_map(|read| read.as_ref().err()) {
        assert!(!told.contains("CANARY") || names.contains("CANARY"), "a value is shown: {told}");
        assert!(!told.contains(char::is_control), "{told:?}");
    }
    match &table {
        Some(table) => assert!(read[0].is_err() || !holds_a_secret(table), "a secret is accepted"),
        None => assert!(read.iter().all(|read| read.as_ref().is_err_and(|told| told.contains("line ")))),
    }
}

/// Whether the file or one of its profiles has a key for a secret, in some spelling.
fn holds_a_secret(file: &Table) -> bool {
    let profiles = file.get("profiles").and_then(Value::as_table);
    let profiles = profiles.into_iter().flat_map(Table::values).filter_map(Value::as_table);
    let bare = |key: &String| key.replace(['_', '-'], "").to_ascii_lowercase();
    let is_secret = |key: &String| ["clientsecret", "accesstoken", "refreshtoken"].contains(&&*bare(key));
    [file].into_iter().chain(profiles).flat_map(Table::keys).any(is_secret)
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

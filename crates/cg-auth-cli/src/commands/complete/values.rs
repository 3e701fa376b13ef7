//! [`Value`]: one of the values that can stand at the cursor, and where they come from.

use std::path::Path;

use cg_auth_core::model::Environment;
use clap::{Arg, Command, ValueHint, builder::StyledStr};

use crate::settings::profile_names;

/// A value, and what it means.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) text: String,
    pub(super) help: String,
}

impl Value {
    pub(super) fn new(text: impl Into<String>, help: impl Into<String>) -> Self {
        Self { text: text.into(), help: help.into() }
    }
}

/// The subcommands of `command` that its help lists.
pub(super) fn subcommands(command: &Command) -> Vec<Value> {
    let shown = command.get_subcommands().filter(|command| !command.is_hide_set());
    shown.map(|command| Value::new(command.get_name(), first_sentence(command.get_about()))).collect()
}

/// The names of the profiles in the file at `config`, else in the user's configuration file.
pub(super) fn profiles(config: Option<&Path>) -> Vec<Value> {
    profile_names(config).into_iter().map(|name| Value::new(name, "")).collect()
}

/// The values of an argument.
pub(super) fn of(arg: &Arg) -> Vec<Value> {
    match arg.get_id().as_str() {
        "base_url" => {
            let environment = |it: Environment| Value::new(it.name(), it.base_url().to_string());
            Environment::ALL.into_iter().map(environment).collect()
        }
        "store" => {
            vec![
                Value::new("file", "A folder in the cache of this user"),
                Value::new("redis://localhost", "A Redis server on this machine"),
                Value::new("none", "Use no store"),
            ]
        }
        "proxy" => vec![Value::new("none", "Use no proxy")],
        _ => {
            let possible = arg.get_possible_values();
            let shown = possible.iter().filter(|value| !value.is_hide_set());
            shown.map(|value| Value::new(value.get_name(), first_sentence(value.get_help()))).collect()
        }
    }
}

/// Whether the value of an argument is a path.
pub(super) fn is_path(arg: &Arg) -> bool {
    matches!(arg.get_value_hint(), ValueHint::AnyPath | ValueHint::FilePath | ValueHint::DirPath)
}

/// The beginning of a help text: a completion has one line for it.
pub(super) fn first_sentence(help: Option<&StyledStr>) -> String {
    let text = help.map(ToString::to_string).unwrap_or_default();
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let end = [". ", " [", "; "].into_iter().filter_map(|mark| line.find(mark)).min();
    line[..end.unwrap_or(line.len())].trim_end_matches('.').to_owned()
}

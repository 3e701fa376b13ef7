//! `cg-auth config show`: each setting and where it comes from.

use std::process::ExitCode;

use serde::Serialize;

use crate::{
    commands::list_format::ListFormat,
    console::Console,
    failure::{Failure, SETTINGS_CODE},
    output,
    settings::{Choices, Line, ServiceArgs, StoreArgs},
};

/// The output of `--format json`. Scripts depend on the names.
#[derive(Serialize)]
struct Printed<'a> {
    version: u8,
    config_file: Option<PrintedFile>,
    profile: Option<&'a str>,
    settings: &'a [Line],
}

#[derive(Serialize)]
struct PrintedFile {
    path: String,
    exists: bool,
    /// `--config`, `CG_AUTH_CONFIG` or `default`.
    origin: String,
}

pub(super) fn run(
    service: &ServiceArgs,
    store: &StoreArgs,
    format: ListFormat,
    console: &Console,
) -> Result<ExitCode, Failure> {
    let choices = Choices::of(service, Some(store), console)?;
    choices.warn(console);
    let lines = choices.lines();
    let profile = choices.profile.as_ref().map(|profile| profile.name.as_str());
    let file = choices.location.as_ref().map(|location| PrintedFile {
        path: location.file(),
        exists: choices.has_file,
        origin: location.origin.to_string(),
    });
    let text = match format {
        ListFormat::Human => choices.texts().into_iter().map(|text| text + "\n").collect(),
        ListFormat::Json => {
            output::json_line(&Printed { version: 1, config_file: file, profile, settings: &lines })
        }
    };
    output::to_stdout(&text).map_err(Failure::Output)?;
    let is_unusable = lines.iter().any(Line::is_unusable);
    Ok(if is_unusable { ExitCode::from(SETTINGS_CODE) } else { ExitCode::SUCCESS })
}

//! `cg-auth config path`: the path of the configuration file.

use std::process::ExitCode;

use serde::Serialize;

use crate::{
    commands::list_format::ListFormat, console::Console, failure::Failure, output, settings::ConfigLocation,
};

/// The output of `--format json`. Scripts depend on the names.
#[derive(Serialize)]
struct Printed {
    version: u8,
    path: String,
    exists: bool,
    /// `--config`, `CG_AUTH_CONFIG` or `default`.
    origin: String,
}

/// Prints the path. A file that does not exist is a warning, because the output names where to create it.
pub(super) fn run(
    location: &ConfigLocation,
    format: ListFormat,
    console: &Console,
) -> Result<ExitCode, Failure> {
    let (path, exists) = (location.file(), location.path.exists());
    let text = match format {
        ListFormat::Human => path + "\n",
        ListFormat::Json => {
            output::json_line(&Printed { version: 1, path, exists, origin: location.origin.to_string() })
        }
    };
    output::to_stdout(&text).map_err(Failure::Output)?;
    if !exists && format == ListFormat::Human {
        console.warn("this file does not exist; cg-auth help environment shows an example");
    }
    Ok(ExitCode::SUCCESS)
}

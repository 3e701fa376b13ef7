//! `cg-auth doctor`: checks everything that a call needs, in the order in which a call needs it.

mod certificate;
mod check;
mod clock;
mod credential;
mod file_checks;
mod library_error;
mod network;
mod permissions;
mod probe;
mod report;
mod store;

use std::process::ExitCode;

use clap::Args;

use self::{
    check::{Finding, Name, Problem},
    report::Report,
};
use super::list_format::ListFormat;
use crate::{
    console::Console,
    failure::Failure,
    setting_error::MissingSettings,
    settings::{Choices, Connection, ServiceArgs, Settings, StoreArgs},
};

#[derive(Args)]
pub(crate) struct DoctorArgs {
    /// The format of the output.
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    format: ListFormat,

    /// Get a token too, which sends the client secret to the service. The token is not shown.
    #[arg(long)]
    with_token: bool,

    #[command(flatten)]
    service: ServiceArgs,

    #[command(flatten)]
    store: StoreArgs,
}

impl DoctorArgs {
    pub(crate) fn prints_json(&self) -> bool {
        self.format == ListFormat::Json
    }
}

/// Makes every check and prints it. Returns the exit code of the first check that fails.
pub(crate) async fn run(args: &DoctorArgs, console: &Console) -> Result<ExitCode, Failure> {
    let mut report = Report::new(args.format);
    examine(args, console, &mut report).await?;
    report.finish()
}

/// A check that depends on one that has failed is skipped.
async fn examine(args: &DoctorArgs, console: &Console, report: &mut Report) -> Result<(), Failure> {
    let config_file = file_checks::config_file(args.service.config.as_deref());
    let is_readable = config_file.is_readable;
    report.add(Name::ConfigFile, config_file.outcome)?;
    if !is_readable {
        report.skip(Name::Settings, "needs the configuration file")?;
        return skip_all(args, report, "needs the settings");
    }
    let mut choices = match Choices::of(&args.service, Some(&args.store), console) {
        Ok(choices) => choices,
        Err(error) => {
            report.add(Name::Settings, Err(Problem::of_setting(&error)))?;
            return skip_all(args, report, "needs the settings");
        }
    };
    choices.warn(console);
    let (settings, connection, outcome) = settings(&mut choices);
    report.add(Name::Settings, outcome)?;

    let settings = match (settings, connection.clone()) {
        (true, Some(connection)) => Settings::with(connection, choices, console).ok(),
        _ => None,
    };
    let credential = match &settings {
        Some(settings) => credential::read(settings, args.with_token, console, report).await?,
        None => {
            report.skip(Name::ClientSecret, "needs the settings")?;
            None
        }
    };
    if let Some(settings) = &settings {
        store::check(settings, report).await?;
    }
    let is_reached = match &connection {
        Some(connection) => network::check(connection, report).await?,
        None => {
            network::skip(report, "needs the settings")?;
            false
        }
    };
    match (args.with_token, &settings, credential) {
        (false, ..) => Ok(()),
        (true, Some(settings), Some(credential)) if is_reached => {
            credential::get_token(settings, &credential, report).await
        }
        (true, ..) => report.skip(Name::Token, "needs the client secret and the service"),
    }
}

/// Whether user and secret are given, the connection, and the outcome of the check of all settings. It names
/// every setting that is missing or cannot be used.
fn settings(choices: &mut Choices) -> (bool, Option<Connection>, Result<Finding, Problem>) {
    let lines = choices.lines();
    let mut problems: Vec<_> =
        lines.iter().filter(|line| line.is_unusable()).map(ToString::to_string).collect();
    let missing = choices.missing();
    if !missing.is_empty() {
        problems.push(MissingSettings(missing).to_string());
    }
    let profile = choices.profile.as_ref().map(|profile| format!(", profile \"{}\"", profile.name));
    let is_complete = problems.is_empty();
    let connection = match Connection::take(choices) {
        Ok(connection) => Some(connection),
        Err(error) => {
            // The lines show every problem except for those of the CA file.
            if is_complete {
                problems.push(cg_auth_core::causes::cause_chain(&error));
            }
            None
        }
    };
    let outcome = match &connection {
        Some(connection) if is_complete => Ok(Finding::new(format!(
            "{} over {}, at most {}{}",
            connection.base_url.value,
            connection.transport.as_str(),
            humantime::format_duration(connection.timeout),
            profile.unwrap_or_default()
        ))),
        _ => Err(Problem::settings(problems.join("; "))
            .with_fix("cg-auth config show lists each setting and where it comes from")),
    };
    (is_complete, connection, outcome)
}

fn skip_all(args: &DoctorArgs, report: &mut Report, reason: &str) -> Result<(), Failure> {
    report.skip(Name::ClientSecret, reason)?;
    network::skip(report, reason)?;
    if args.with_token { report.skip(Name::Token, reason) } else { Ok(()) }
}

//! `cg-auth config`: where the settings come from. It makes no call, runs no command and shows no prompt.

mod path;
mod profiles;
mod show;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Subcommand};

use super::list_format::ListFormat;
use crate::{
    console::Console,
    failure::Failure,
    setting_error::SettingError,
    settings::{ConfigLocation, ServiceArgs, StoreArgs},
};

#[derive(Args)]
#[command(disable_help_subcommand = true)]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Show each setting and where it comes from; of a secret only its length is shown.
    ///
    /// Nothing is required: a setting that is missing is shown as not set, with the ways to set it. A
    /// client_secret_command is not run. The exit code is 2 if a setting has a value that cannot be used.
    Show(Box<ShowArgs>),
    /// Print the path of the configuration file, which may not exist.
    Path(FileArgs),
    /// List the profiles of the configuration file, with their base URLs and users.
    Profiles(FileArgs),
}

#[derive(Args)]
struct ShowArgs {
    /// The format of the output.
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    format: ListFormat,

    #[command(flatten)]
    service: ServiceArgs,

    #[command(flatten)]
    store: StoreArgs,
}

#[derive(Args)]
struct FileArgs {
    /// The format of the output.
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT")]
    format: ListFormat,

    /// The configuration file; see `cg-auth help environment`.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl FileArgs {
    fn location(&self) -> Result<ConfigLocation, SettingError> {
        ConfigLocation::find(self.config.as_deref()).ok_or(SettingError::NoConfigPath)
    }
}

impl ConfigArgs {
    pub(crate) fn prints_json(&self) -> bool {
        let format = match &self.command {
            ConfigCommand::Show(args) => args.format,
            ConfigCommand::Path(args) | ConfigCommand::Profiles(args) => args.format,
        };
        format == ListFormat::Json
    }
}

/// Prints what the subcommand asks for. The exit code is 2 if something shown cannot be used.
pub(crate) async fn run(args: &ConfigArgs, console: &Console) -> Result<ExitCode, Failure> {
    match &args.command {
        ConfigCommand::Show(args) => show::run(&args.service, &args.store, args.format, console),
        ConfigCommand::Path(args) => path::run(&args.location()?, args.format, console),
        ConfigCommand::Profiles(args) => profiles::run(&args.location()?, args.format, console),
    }
}

//! [`TokenArgs`]: the arguments of `cg-auth token`.

use std::{path::PathBuf, time::Duration};

use cg_auth_transport_util::environment::positive_duration;
use clap::Args;

use super::destination::same_file;
use crate::{
    commands::token_format::TokenFormat,
    failure::Failure,
    settings::{ServiceArgs, StoreArgs},
};

#[derive(Args)]
pub(crate) struct TokenArgs {
    /// The format of the output [default: raw; with --watch and without --output: json].
    #[arg(long, short = 'o', value_enum, value_name = "FORMAT")]
    pub(super) format: Option<TokenFormat>,

    /// Write the token to FILE instead of standard output. The file is replaced atomically and only you can
    /// read it. With --watch it is replaced for each new token.
    #[arg(long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,

    /// Print the refresh token too; needs --format json.
    #[arg(long)]
    pub(super) with_refresh_token: bool,

    /// Write the refresh token to FILE, for refresh --refresh-token-file. The file is replaced atomically and
    /// only you can read it.
    #[arg(long, value_name = "FILE")]
    pub(super) refresh_token_out: Option<PathBuf>,

    /// Fail with exit code 7 if the token does not live for DURATION, such as 5m: the service may issue a
    /// token from its cache. A stored token that lives shorter is not used, and another one is acquired.
    #[arg(long, value_parser = positive_duration, value_name = "DURATION")]
    pub(super) min_lifetime: Option<Duration>,

    /// Keep running and print one line of JSON for each new token, before the old one expires. An outage of
    /// the service causes a warning. A signal ends the command with exit code 0. If the service refuses the
    /// secret, the command ends when no valid token is left.
    #[arg(long)]
    watch: bool,

    #[command(flatten)]
    pub(super) service: ServiceArgs,

    #[command(flatten)]
    pub(super) store: StoreArgs,
}

impl TokenArgs {
    pub(crate) fn prints_json(&self) -> bool {
        self.format == Some(TokenFormat::Json)
    }

    /// Whether `--watch` was given.
    pub(crate) const fn watches(&self) -> bool {
        self.watch
    }

    /// Whether the result goes to standard output.
    pub(crate) const fn uses_stdout(&self) -> bool {
        self.output.is_none()
    }

    /// Refuses the options for a refresh token: processes that share a store have none.
    pub(super) fn check_with_store(&self) -> Result<(), Failure> {
        let problem = if self.with_refresh_token {
            "a store holds no refresh token; use --with-refresh-token with --no-store"
        } else if self.refresh_token_out.is_some() {
            "a store holds no refresh token; use --refresh-token-out with --no-store"
        } else {
            return Ok(());
        };
        Err(Failure::Usage { subcommand: "token", problem })
    }

    /// Refuses options that make no sense together.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let prints_all = self.with_refresh_token;
        let problem = if self.watch && prints_all {
            "--watch uses the refresh token itself; do not combine it with --with-refresh-token"
        } else if self.watch && self.refresh_token_out.is_some() {
            "--watch uses the refresh token itself; do not combine it with --refresh-token-out"
        } else if self.watch && self.min_lifetime.is_some() {
            "--watch renews the token before it expires; do not combine it with --min-lifetime"
        } else if self.watch && self.output.is_none() && self.format.is_some_and(|it| it != TokenFormat::Json)
        {
            "--watch prints JSON only; use --format json or no --format, or write a file with --output"
        } else if prints_all && self.refresh_token_out.is_some() {
            "a refresh token is used once; use either --with-refresh-token or --refresh-token-out"
        } else if prints_all && self.format != Some(TokenFormat::Json) {
            "--with-refresh-token needs --format json"
        } else if [&self.output, &self.refresh_token_out]
            .into_iter()
            .flatten()
            .any(|it| it.as_os_str() == "-")
        {
            // A reader of `-` means standard output, and would look for no file of this name.
            "- is no file; leave out --output to print the token, and write ./- for a file of that name"
        } else if let (Some(output), Some(other)) = (&self.output, &self.refresh_token_out)
            && same_file(output, other)
        {
            "--output and --refresh-token-out need two different files"
        } else {
            return Ok(());
        };
        Err(Failure::Usage { subcommand: "token", problem })
    }
}

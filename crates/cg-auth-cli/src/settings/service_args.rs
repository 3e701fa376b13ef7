//! Where the service is, who asks, and how: the same arguments for every subcommand that calls it.

use std::{path::PathBuf, time::Duration};

use clap::{Args, ValueEnum, value_parser};

use crate::moment::positive_duration;

#[derive(Args)]
#[command(next_help_heading = "The service")]
pub(crate) struct ServiceArgs {
    /// Where the service answers: a URL, or commercial, us-government, insider-us-east,
    /// insider-north-europe.
    // Text until it has become a setting: an error of clap's would quote it, and a URL may hold a password.
    #[arg(long, value_name = "URL|ENVIRONMENT")]
    pub(crate) base_url: Option<String>,

    /// The login name of the delegated user.
    #[arg(long, alias = "upn", value_name = "NAME")]
    pub(crate) user_principal_name: Option<String>,

    /// A file that holds the client secret; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) client_secret_file: Option<PathBuf>,

    /// Root certificates in PEM to trust besides those of the platform.
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,

    /// The HTTP proxy to go through, or none; hosts of the loopback interface never use one [default: for
    /// https, what HTTPS_PROXY or ALL_PROXY names, except for the hosts in NO_PROXY].
    // Text until it has become a setting, as the base URL is.
    #[arg(long, value_name = "URL|none")]
    pub(crate) proxy: Option<String>,

    /// Allows plain http to hosts other than this one: the secret then crosses the network in the clear.
    #[arg(long)]
    pub(crate) allow_http: bool,

    /// The HTTP library that makes the call [default: reqwest].
    #[arg(long, value_enum, value_name = "LIBRARY")]
    pub(crate) transport: Option<TransportChoice>,

    /// How long the call over the network may take as a whole, for instance 5s or 250ms; what comes before
    /// it, such as reading files or a client_secret_command, is not part of it [default: 100s].
    #[arg(long, value_parser = positive_duration, value_name = "DURATION")]
    pub(crate) timeout: Option<Duration>,

    /// How often a failed call is tried again within its time, at most 10 times [default: 2].
    #[arg(long, value_parser = value_parser!(u32).range(..=10), value_name = "N")]
    pub(crate) retries: Option<u32>,

    /// The configuration file; see `cg-auth help environment`.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// The profile of the configuration file [default: its default_profile].
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum TransportChoice {
    #[default]
    Reqwest,
    Hyper,
}

impl TransportChoice {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Reqwest => "reqwest",
            Self::Hyper => "hyper",
        }
    }

    /// Reads a name, from elsewhere than the command line.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        Self::from_str(text, false).map_err(|_| "it is neither reqwest nor hyper".into())
    }
}
